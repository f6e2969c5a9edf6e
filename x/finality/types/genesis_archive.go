package types

import (
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// validateArchive checks that the hand-overs lead from the anchor to the pairs of this state. Signatures are not verified:
// clients do, and the chain itself never reads them.
func (r RunningState) validateArchive() error {
	if r.Archive == nil {
		if r.FirstRecord > 0 {
			return ErrInvalidGenesis.Wrapf("archive: expected one, since epochs below %d are pruned; found none", r.FirstRecord)
		}
		return nil
	}
	anchor, err := cert.DecodeTrust(r.Archive.Anchor)
	if err == nil {
		err = anchor.Validate()
	}
	if err != nil {
		return ErrInvalidGenesis.Wrapf("archive: anchor: %s", err)
	}
	if c := anchor.Checkpoint; c.Epoch != 0 || c.Pair != 0 {
		return ErrInvalidGenesis.Wrapf("archive: expected an anchor of epoch 0 and pair 0, found epoch %d and pair %d", c.Epoch, c.Pair)
	}
	at := anchor
	for i, encoded := range r.Archive.HandOvers {
		h, err := cert.DecodeHandOver(encoded)
		if err != nil {
			return ErrInvalidGenesis.Wrapf("archive: hand-over %d: %s", i, err)
		}
		if at, err = archivedAfter(at, h); err != nil {
			return ErrInvalidGenesis.Wrapf("archive: hand-over %d, to pair %d: %s", i, h.Certificate.First.Pair, err)
		}
	}
	return r.checkArchived(at.Checkpoint)
}

// archivedAfter returns what an archived hand-over leads to: a pair that changed something, with all targets in it.
func archivedAfter(at cert.Trust, h cert.HandOver) (cert.Trust, error) {
	first := h.Certificate.First
	for _, link := range h.Certificate.Links {
		if link.Target.Pair != first.Pair {
			return at, ErrInvalidGenesis.Wrapf("expected all targets in the pair, found one in pair %d", link.Target.Pair)
		}
	}
	if final, ok := h.Certificate.Finalized(); !ok || final != first {
		return at, ErrInvalidGenesis.Wrap("expected a certificate that begins with what it proves final")
	}
	if before := at.Checkpoint; first.Pair <= before.Pair || first.Epoch <= before.Epoch {
		return at, ErrInvalidGenesis.Wrapf("expected a pair above %d and an epoch above %d, found epoch %d", before.Pair, before.Epoch, first.Epoch)
	}
	if first.Anchor != at.Checkpoint.Anchor {
		return at, ErrInvalidGenesis.Wrapf("expected anchor %d, found %d", at.Checkpoint.Anchor, first.Anchor)
	}
	if first.VoterSetHash == at.Checkpoint.VoterSetHash && first.NextVoterSetHash == at.Checkpoint.NextVoterSetHash {
		return at, ErrInvalidGenesis.Wrap("expected a pair that changed something")
	}
	next, err := h.Next.Apply(at.Next)
	if err != nil {
		return at, err
	}
	return cert.NewTrust(first, ffg.Stitch(at.Voters.CurrentSide(), at.Next), next)
}

// checkArchived checks that the pairs from the last archived one on are like it. The pair in force may differ: no checkpoint
// of it need be final yet.
func (r RunningState) checkArchived(last ffg.Checkpoint) error {
	inForce := r.Pairs[len(r.Pairs)-1].Index
	if last.Pair > inForce {
		return ErrInvalidGenesis.Wrapf("archive: expected no pair above %d, the one in force; found %d", inForce, last.Pair)
	}
	for _, p := range r.Pairs[:len(r.Pairs)-1] {
		alike := p.VoterSetHash == last.VoterSetHash.String() && p.NextVoterSetHash == last.NextVoterSetHash.String()
		if p.Index >= last.Pair && !alike {
			return ErrInvalidGenesis.Wrapf("archive: pair %d has other sets than pair %d, the last archived one, and is not archived", p.Index, last.Pair)
		}
	}
	return nil
}

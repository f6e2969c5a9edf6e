package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Kept for ever, so that a light client catches up in O(installations): for each pair that changed something, the
// certificate by which the chain first learned that a checkpoint of it is final, with the set that follows as changes; and
// the anchor, where clients may start (protocol §13, docs/adr/017).
//
// No pair is skipped: the next one is installed only when the finalized head is in the pair in force (§7). So the head
// enters pair after pair, and when it enters one, nothing of the one after has been proposed: all targets lie in the pair.

// fullSetEvery bounds how many hand-overs must be read to rebuild the members of an archived pair: wherever the pairs'
// indexes cross a multiple of it, the next set is kept in full.
const fullSetEvery = 256

// archive keeps what the finalized head's move from one checkpoint to another makes worth keeping.
func (k *Keeper) archive(ctx context.Context, from, to checkpointtypes.Record) error {
	if from.Epoch == 0 {
		if err := k.archiveAnchor(ctx, from); err != nil {
			return fmt.Errorf("archive the anchor: %w", err)
		}
	}
	if to.VoterSetHash == from.VoterSetHash && to.NextVoterSetHash == from.NextVoterSetHash {
		return nil // the same pair, or one that changed nothing
	}
	if err := k.archiveHandOver(ctx, to); err != nil {
		return fmt.Errorf("archive the hand-over to pair %d: %w", to.Pair, err)
	}
	return nil
}

func (k *Keeper) archiveAnchor(ctx context.Context, anchor checkpointtypes.Record) error {
	trust, err := k.trust(ctx, anchor)
	if err != nil {
		return err
	}
	encoded, err := trust.Encode()
	if err != nil {
		return err
	}
	return k.anchorTrust.Set(ctx, encoded)
}

func (k *Keeper) archiveHandOver(ctx context.Context, final checkpointtypes.Record) error {
	certificate, err := k.certificate(ctx, final.Epoch)
	if err != nil {
		return err
	}
	trust, err := k.trust(ctx, final)
	if err != nil {
		return err
	}
	last, err := k.lastArchived(ctx)
	if err != nil {
		return err
	}
	h := cert.HandOver{Certificate: certificate, Next: cert.Full(trust.Next)}
	// A client that trusts the pair before knows this pair's current side as its next set.
	if changes := cert.Diff(trust.Voters.CurrentSide(), trust.Next); last/fullSetEvery == final.Pair/fullSetEvery &&
		len(changes.Members) < len(trust.Next) {
		h.Next = changes
	}
	encoded, err := h.Encode()
	if err != nil {
		return err
	}
	return errors.Join(k.handOvers.Set(ctx, final.Pair, encoded), k.archivedEpochs.Set(ctx, final.Epoch, final.Pair))
}

// lastArchived returns the latest pair with an archived hand-over, or 0, the anchor's.
func (k *Keeper) lastArchived(ctx context.Context) (pair uint64, err error) {
	err = k.handOvers.Walk(ctx, new(collections.Range[uint64]).Descending(), func(p uint64, _ []byte) (bool, error) {
		pair = p
		return true, nil
	})
	return pair, err
}

// certificate returns the certificate of an epoch that the finalized head has moved to: its links up to the first one from it.
// Every epoch of them is justified.
func (k *Keeper) certificate(ctx context.Context, epoch uint64) (cert.Certificate, error) {
	first, err := k.checkpoints.Record(ctx, epoch)
	if err != nil {
		return cert.Certificate{}, err
	}
	return k.certificateFrom(ctx, first, epoch)
}

// certificateFrom returns the certificate of an epoch that begins with an earlier checkpoint, or with its own.
func (k *Keeper) certificateFrom(ctx context.Context, first checkpointtypes.Record, epoch uint64) (cert.Certificate, error) {
	c := cert.Certificate{First: first.Checkpoint}
	for target := first.Epoch + 1; len(c.Links) < types.MaxLinks; target++ {
		r, err := k.checkpoints.Record(ctx, target)
		if err != nil {
			return c, err
		}
		if !r.Justified {
			c.Links = append(c.Links, cert.Link{Target: r.Checkpoint})
			continue
		}
		votes, err := k.recorded(ctx, r)
		if err != nil {
			return c, err
		}
		c.Links = append(c.Links, cert.NewLink(r.Checkpoint, votes))
		if r.Source == epoch {
			return c, nil
		}
	}
	return c, fmt.Errorf("certificate of epoch %d from %d on: %w", epoch, first.Epoch, errTooManyLinks)
}

var errTooManyLinks = fmt.Errorf("expected at most %d links", types.MaxLinks)

// trust returns a kept checkpoint with its members; ErrNotFound of collections if they are not kept any more.
func (k *Keeper) trust(ctx context.Context, r checkpointtypes.Record) (cert.Trust, error) {
	members, err := k.sets.Get(ctx, r.VoterSetHash[:])
	if err != nil {
		return cert.Trust{}, fmt.Errorf("read set of epoch %d: %w", r.Epoch, err)
	}
	voters, err := members.Stitched()
	if err != nil {
		return cert.Trust{}, fmt.Errorf("read set of epoch %d: %w", r.Epoch, err)
	}
	next, err := k.nextSide(ctx, r.Pair)
	if err != nil {
		return cert.Trust{}, fmt.Errorf("read the set after pair %d: %w", r.Pair, err)
	}
	return cert.NewTrust(r.Checkpoint, voters, next)
}

// nextSide returns the set that follows a kept pair: the current side of the pair after it.
func (k *Keeper) nextSide(ctx context.Context, pair uint64) (ffg.Side, error) {
	inForce, err := k.inForce.Get(ctx)
	if err != nil {
		return nil, err
	}
	if pair == inForce {
		next, err := k.next.Get(ctx)
		if err != nil {
			return nil, err
		}
		return next.Side()
	}
	after, err := k.pairs.Get(ctx, pair+1)
	if err != nil {
		return nil, err
	}
	hash, _, err := after.Hashes()
	if err != nil {
		return nil, err
	}
	members, err := k.sets.Get(ctx, hash[:])
	if err != nil {
		return nil, err
	}
	voters, err := members.Stitched()
	return voters.CurrentSide(), err
}

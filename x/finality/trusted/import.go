package trusted

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// ErrImport is wrapped for a document that proves nothing that this chain's voters can be held to.
var ErrImport = errors.New("cannot import")

// Chain is what a document is verified with: this node's own past, as far as it agrees with the document's.
type Chain struct {
	ID            string
	UnbondingTime time.Duration
	Own           Own
	// Anchor is where HandOvers start, this chain's archive.
	Anchor    cert.Trust
	HandOvers []cert.HandOver
}

// Import returns the checkpoint that a document, in its binary form or as JSON, proves final: a cert.Proof that brings hand-overs from a checkpoint of this
// chain, or a bare cert.Certificate by voters that this chain knows. The checkpoint of this chain that it starts from must be
// younger than the unbonding time, and nothing degraded. Errors wrap ErrImport, cert.ErrExpired or a *cert.StepError.
func Import(document []byte, chain Chain, now time.Time) (Checkpoint, error) {
	final, from, err := chain.verify(document, now)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("import certificate: %w", err)
	}
	return Checkpoint{Epoch: final.Epoch, Root: final.Root(), Height: final.Height, BlockHash: final.BlockHash, From: from}, nil
}

func (c Chain) verify(document []byte, now time.Time) (final ffg.Checkpoint, from string, err error) {
	proof, proofErr := cert.Decode[cert.Proof](document)
	if proofErr == nil {
		final, err = c.proof(proof, now)
		return final, "an imported proof", err
	}
	certificate, certificateErr := cert.Decode[cert.Certificate](document)
	if certificateErr == nil {
		final, err = c.certificate(certificate, now)
		return final, "an imported certificate", err
	}
	return final, "", fmt.Errorf("%w: expected a proof or a certificate: %w; %w", ErrImport, proofErr, certificateErr)
}

// proof verifies the hand-overs from where they leave this chain.
func (c Chain) proof(p cert.Proof, now time.Time) (ffg.Checkpoint, error) {
	switch {
	case p.ChainID != c.ID:
		return ffg.Checkpoint{}, fmt.Errorf("%w: expected a proof for chain %s, found %s", ErrImport, c.ID, p.ChainID)
	case p.Trust == nil:
		return ffg.Checkpoint{}, fmt.Errorf("%w: expected a proof that brings the checkpoint that it starts at with its members, found one without", ErrImport)
	case len(p.HandOvers) == 0:
		return ffg.Checkpoint{}, fmt.Errorf("%w: expected a proof of something after epoch %d, where it starts, found one without hand-overs", ErrImport, p.Trust.Checkpoint.Epoch)
	}
	start := p.Trust.Checkpoint
	own, known, err := c.Own(start.Epoch)
	if err != nil {
		return ffg.Checkpoint{}, err
	}
	if !known {
		return ffg.Checkpoint{}, fmt.Errorf("%w: expected a proof that starts at a checkpoint that this node keeps, found epoch %d, which it has pruned or not reached: make the proof from a newer one, with 'dualchaind prove --from EPOCH'",
			ErrImport, start.Epoch)
	}
	if own != start {
		return ffg.Checkpoint{}, fmt.Errorf("%w: expected a proof that starts at a checkpoint of this chain, found epoch %d with root %s, where this chain has root %s",
			ErrImport, start.Epoch, start.Root(), own.Root())
	}
	return c.reach(*p.Trust, p.HandOvers, now)
}

// certificate verifies a certificate after the hand-overs of this chain's archive that come before it.
func (c Chain) certificate(certificate cert.Certificate, now time.Time) (ffg.Checkpoint, error) {
	before := 0
	for before < len(c.HandOvers) {
		first := c.HandOvers[before].Certificate.First
		if first.Pair > certificate.First.Pair || first.Epoch >= certificate.First.Epoch {
			break
		}
		before++
	}
	past := cert.Options{Now: now, UnbondingTime: math.MaxInt64} // this chain's own past, however old
	start, _, err := cert.VerifyChain(ffg.Domain(c.ID), c.Anchor, c.HandOvers[:before], past)
	if err != nil {
		return ffg.Checkpoint{}, err
	}
	return c.reach(start, []cert.HandOver{{Certificate: certificate}}, now)
}

// reach verifies hand-overs from a checkpoint of this chain. That must be younger than the unbonding time: the voters of an
// older one may have left, and can sign any past and any time for nothing.
func (c Chain) reach(start cert.Trust, handOvers []cert.HandOver, now time.Time) (ffg.Checkpoint, error) {
	reached, _, err := cert.VerifyChain(ffg.Domain(c.ID), start, handOvers, cert.Options{Now: now, UnbondingTime: c.UnbondingTime})
	return reached.Checkpoint, err
}

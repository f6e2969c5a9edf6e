package fakes

import (
	"context"
	"strconv"

	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Checkpoints is a chain of checkpoints. AddLink justifies, and finalizes the source if it is the epoch before.
type Checkpoints struct {
	Records   []checkpointtypes.Record // by epoch
	Finalized uint64
	Reads     map[uint64]int // of records, by epoch
}

var _ types.Checkpoints = (*Checkpoints)(nil)

// Propose appends a checkpoint with these voter sets and this source.
func (c *Checkpoints) Propose(sets checkpointtypes.Commitment, source uint64) checkpointtypes.Record {
	epoch := uint64(len(c.Records))
	r := checkpointtypes.Record{
		Checkpoint: ffg.Checkpoint{
			Epoch: epoch, Height: epoch, HistorySize: epoch, Pair: sets.Pair, VoterSetHash: sets.VoterSet, NextVoterSetHash: sets.NextVoterSet,
		},
		Source: source, Justified: epoch == 0,
	}
	if epoch > 0 {
		r.ParentRoot = c.Records[epoch-1].Root()
	}
	c.Records = append(c.Records, r)
	return r
}

// HeadEpoch returns the latest epoch.
func (c *Checkpoints) HeadEpoch(context.Context) (uint64, bool, error) {
	return uint64(max(len(c.Records)-1, 0)), len(c.Records) > 0, nil
}

// FinalizedEpoch returns the finalized head.
func (c *Checkpoints) FinalizedEpoch(context.Context) (uint64, error) { return c.Finalized, nil }

// Record returns a record, and counts that.
func (c *Checkpoints) Record(_ context.Context, epoch uint64) (checkpointtypes.Record, error) {
	c.Reads[epoch]++
	if epoch >= uint64(len(c.Records)) {
		return checkpointtypes.Record{}, checkpointtypes.ErrNotFound
	}
	return c.Records[epoch], nil
}

// CertifiedEpoch knows the finalized head only.
func (c *Checkpoints) CertifiedEpoch(_ context.Context, atOrAbove uint64) (uint64, bool, error) {
	return c.Finalized, c.Finalized >= atOrAbove, nil
}

// CanonicalVote reads the source.
func (c *Checkpoints) CanonicalVote(ctx context.Context, target checkpointtypes.Record) (ffg.Vote, error) {
	source, err := c.Record(ctx, target.Source)
	return ffg.Vote{Source: source.Ref(), Target: target.Ref()}, err
}

// ResolveEpoch reads a number.
func (c *Checkpoints) ResolveEpoch(_ context.Context, id string) (uint64, error) {
	return strconv.ParseUint(id, 10, 64)
}

// AddLink justifies an epoch.
func (c *Checkpoints) AddLink(_ context.Context, epoch uint64) (from, to checkpointtypes.Record, moved bool, err error) {
	r := &c.Records[epoch]
	if r.Justified {
		return from, to, false, nil
	}
	r.Justified = true
	if r.Source+1 != epoch || r.Source <= c.Finalized {
		return from, to, false, nil
	}
	from, to = c.Records[c.Finalized], c.Records[r.Source]
	c.Finalized = r.Source
	return from, to, true, nil
}

// Prune keeps everything.
func (c *Checkpoints) Prune(context.Context, uint64) error { return nil }

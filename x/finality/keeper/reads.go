package keeper

import (
	"context"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// These are the reads that the rest of the application asks for; the components answer them.

// Voter returns a voter by its registration.
func (k *Keeper) Voter(ctx context.Context, index uint64) (types.Voter, error) {
	return k.stake.Voter(ctx, index)
}

// Registration returns the registration of a key and whether it is tombstoned.
func (k *Keeper) Registration(ctx context.Context, key ffg.PublicKey) (index uint64, tombstoned, known bool, err error) {
	return k.stake.Registration(ctx, key)
}

// UpcomingSets returns the hashes of the pair in force and of its successor: what votes above the head may count in.
func (k *Keeper) UpcomingSets(ctx context.Context) ([]ffg.Root, error) {
	return k.sets.UpcomingSets(ctx)
}

// Keys returns the voters and keys of a stored set or of the successor of the pair in force.
func (k *Keeper) Keys(ctx context.Context, hash ffg.Root) (ffg.VoterSet, *bls.KeySet, error) {
	return k.sets.Keys(ctx, hash)
}

// Window returns the open targets, oldest to head; none before the anchor.
func (k *Keeper) Window(ctx context.Context) (oldest, head uint64, anchored bool, err error) {
	return k.votes.Window(ctx)
}

// OpenTarget returns all that the transport of votes has to know about an epoch in the window.
func (k *Keeper) OpenTarget(ctx context.Context, epoch uint64) (types.OpenTarget, error) {
	return k.votes.OpenTarget(ctx, epoch)
}

// Tally returns the signers recorded for an epoch, nil if nobody has voted.
func (k *Keeper) Tally(ctx context.Context, epoch uint64) (ffg.Bitfield, error) {
	return k.votes.Tally(ctx, epoch)
}

// CheckVotes returns an error unless an aggregate would enter the tally now: ProcessProposal asks it before anything is executed.
func (k *Keeper) CheckVotes(ctx context.Context, agg ffg.AggregateVote) error {
	return k.votes.CheckVotes(ctx, agg)
}

// CheckUnsignedEvidence returns an error unless a proposer may inject this evidence now.
func (k *Keeper) CheckUnsignedEvidence(ctx context.Context, e types.Evidence) error {
	return k.votes.CheckUnsignedEvidence(ctx, e)
}

// ArchivedCheckpoint returns a checkpoint that is kept for ever, and whether that of this epoch is one: the anchor, and those
// that hand-overs prove final.
func (k *Keeper) ArchivedCheckpoint(ctx context.Context, epoch uint64) (ffg.Checkpoint, bool, error) {
	return k.archive.Checkpoint(ctx, epoch)
}

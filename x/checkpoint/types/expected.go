package types

import (
	"context"

	"github.com/dualchain/dualchain/core/ffg"
)

// Commitment is what a checkpoint commits to of the finality layer (protocol §2).
type Commitment struct {
	Pair         uint64   // index of the pair of voter sets in force
	VoterSet     ffg.Root // hash of the pair's stitched set
	NextVoterSet ffg.Root // hash of the set that follows
}

// VoterSets decides who votes. x/checkpoint requires an answer each time it proposes: it is no hook.
type VoterSets interface {
	// Anchor returns the sets of epoch 0, or false while nobody is eligible.
	Anchor(ctx context.Context) (Commitment, bool, error)
	// InForce returns the sets of the latest checkpoint, or false before the anchor.
	InForce(ctx context.Context) (Commitment, bool, error)
	// CheckKept returns an error if the imported votes and eras need records below the oldest epoch that is kept, or lie above the head.
	CheckKept(ctx context.Context, oldest, head uint64) error
	// Propose returns the sets of checkpoint epoch; finalized is the finalized head (protocol §7).
	Propose(ctx context.Context, epoch, finalized uint64) (Commitment, error)
}

// Hooks are notified after the fact. A hook that fails is logged, its writes are dropped, and the chain goes on.
type Hooks interface {
	AfterCheckpointProposed(ctx context.Context, c ffg.Checkpoint) error
	AfterCheckpointJustified(ctx context.Context, c ffg.Checkpoint) error
	AfterCheckpointFinalized(ctx context.Context, c ffg.Checkpoint) error
}

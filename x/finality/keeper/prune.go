package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/keeper/sets"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A pair's sets and the vote records of its epochs are kept until every stake that left after voting under it has been
// paid out: until the pair's unbonding clock has started and run out (protocol §7, and docs/adr on retention). Records
// that open targets or unsettled eras still need are kept at any age.

// pruneBatch bounds the epochs pruned in one block.
const pruneBatch = 10

func (k *Keeper) prune(ctx context.Context) error {
	first, anchored, err := k.votes.FirstRecord(ctx)
	if err != nil || !anchored {
		return err
	}
	oldest, expired, err := k.expiredPair(ctx)
	if err != nil || !expired {
		return err
	}
	successor, err := k.sets.Pair(ctx, oldest.Index+1)
	if err != nil {
		return err
	}
	needed, err := k.oldestNeeded(ctx)
	if err != nil {
		return err
	}
	end := min(first+pruneBatch, successor.FirstEpoch, max(needed, first))
	if end > first {
		if err := k.votes.Prune(ctx, first, end); err != nil {
			return err
		}
		if err := k.checkpoints.Prune(ctx, end); err != nil {
			return err
		}
	}
	if end < successor.FirstEpoch {
		return nil
	}
	return k.sets.Drop(ctx, oldest)
}

// expiredPair returns the oldest kept pair if its unbonding clock has run out and all its entries are paid.
func (k *Keeper) expiredPair(ctx context.Context) (oldest types.Pair, expired bool, err error) {
	if oldest, err = k.sets.OldestPair(ctx); err != nil {
		return oldest, false, err
	}
	clock := sets.ClockOf(oldest.Index)
	completion, started, err := k.sets.Completion(ctx, clock)
	if err != nil || !started || completion.After(sdk.UnwrapSDKContext(ctx).BlockTime()) {
		return oldest, false, err
	}
	queued, err := k.stake.Queued(ctx, clock)
	return oldest, !queued, err
}

// oldestNeeded returns the first epoch whose record open targets or unsettled eras need.
func (k *Keeper) oldestNeeded(ctx context.Context) (uint64, error) {
	open, head, anchored, err := k.Window(ctx)
	if err != nil || !anchored || open > head {
		return 0, err
	}
	r, err := k.checkpoints.Record(ctx, open)
	if err != nil {
		return 0, err
	}
	unsettled, err := k.eras.OldestUnsettled(ctx)
	return min(r.Source, unsettled.FirstEpoch), err
}

package keeper

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/types"
)

// A pair's sets and the vote records of its epochs are kept until every stake that left after voting under it has been
// paid out: until the pair's unbonding clock has started and run out (protocol §7, and docs/adr on retention). Records
// that open targets or unsettled eras still need are kept whatever their age.

// pruneBatch bounds the epochs pruned in one block.
const pruneBatch = 10

func (k *Keeper) prune(ctx context.Context) error {
	first, anchored, err := found(k.firstRecord.Get(ctx))
	if err != nil || !anchored {
		return err
	}
	oldest, expired, err := k.expiredPair(ctx)
	if err != nil || !expired {
		return err
	}
	successor, err := k.pairs.Get(ctx, oldest.Index+1)
	if err != nil {
		return fmt.Errorf("read pair %d: %w", oldest.Index+1, err)
	}
	needed, err := k.oldestNeeded(ctx)
	if err != nil {
		return err
	}
	end := min(first+pruneBatch, successor.FirstEpoch, max(needed, first))
	for epoch := first; epoch < end; epoch++ {
		if err := k.tallies.Remove(ctx, epoch); err != nil {
			return fmt.Errorf("prune tally of epoch %d: %w", epoch, err)
		}
	}
	if end > first {
		if err := k.firstRecord.Set(ctx, end); err != nil {
			return fmt.Errorf("set first record: %w", err)
		}
		if err := k.checkpoints.Prune(ctx, end); err != nil {
			return err
		}
	}
	if end < successor.FirstEpoch {
		return nil
	}
	hash, _, err := oldest.Hashes()
	if err != nil {
		return err
	}
	return errors.Join(
		k.pairs.Remove(ctx, oldest.Index),
		k.dropSet(ctx, hash),
		k.clocks.Remove(ctx, clockOf(oldest.Index)),
	)
}

// expiredPair returns the oldest kept pair if its unbonding clock has run out and all its entries are paid.
func (k *Keeper) expiredPair(ctx context.Context) (oldest types.Pair, expired bool, err error) {
	if err := k.pairs.Walk(ctx, nil, func(_ uint64, p types.Pair) (bool, error) {
		oldest = p
		return true, nil
	}); err != nil {
		return oldest, false, fmt.Errorf("find oldest pair: %w", err)
	}
	clock, started, err := found(k.clocks.Get(ctx, clockOf(oldest.Index)))
	if err != nil || !started || clock.CompletionTime.After(sdk.UnwrapSDKContext(ctx).BlockTime()) {
		return oldest, false, err
	}
	queued, err := k.queued(ctx, clock.Clock)
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
	era, err := k.era.Get(ctx)
	if err != nil {
		return 0, fmt.Errorf("read era: %w", err)
	}
	unsettled := era.FirstEpoch
	closed, err := k.closedEraList(ctx)
	if err != nil {
		return 0, fmt.Errorf("read closed eras: %w", err)
	}
	if len(closed) > 0 {
		unsettled = closed[0].FirstEpoch
	}
	return min(r.Source, unsettled), nil
}

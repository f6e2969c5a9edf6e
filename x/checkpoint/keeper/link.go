package keeper

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/checkpoint/types"
)

// A supermajority link source(e)→e justifies e, for ever. It may finalize a checkpoint: see ffg.Finalizes. Both heads
// are monotone (protocol §5).

// AddLink records that the votes for an epoch reached quorum. If that moves the finalized head, it returns the checkpoints
// that the head moved from and to. A second call for the same epoch changes nothing.
func (k *Keeper) AddLink(ctx context.Context, epoch uint64) (from, to types.Record, moved bool, err error) {
	if linked, err := k.justify(ctx, epoch); err != nil || !linked {
		return from, to, false, err
	}
	return k.finalize(ctx, epoch)
}

// justify marks an epoch as justified and reports whether it was not before.
func (k *Keeper) justify(ctx context.Context, epoch uint64) (bool, error) {
	r, err := k.Record(ctx, epoch)
	if err != nil || r.Justified {
		return false, err
	}
	r.Justified = true
	if err := k.records.Set(ctx, epoch, r); err != nil {
		return false, fmt.Errorf("justify epoch %d: %w", epoch, err)
	}
	justified, err := k.justified.Get(ctx)
	if err != nil {
		return false, fmt.Errorf("read justified head: %w", err)
	}
	if epoch > justified {
		if err := k.justified.Set(ctx, epoch); err != nil {
			return false, fmt.Errorf("move justified head: %w", err)
		}
	}
	k.notify(ctx, "justified", func(ctx context.Context, h types.Hooks) error { return h.AfterCheckpointJustified(ctx, r.Checkpoint) })
	return true, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventCheckpointJustified{
		Epoch: epoch, Root: r.Root().String(), SourceEpoch: r.Source,
	})
}

// finalize moves the finalized head if the new link, or one that spans it, allows it.
func (k *Keeper) finalize(ctx context.Context, linked uint64) (from, to types.Record, moved bool, err error) {
	head, err := k.head.Get(ctx)
	if err != nil {
		return from, to, false, fmt.Errorf("read head: %w", err)
	}
	before, err := k.finalized.Get(ctx)
	if err != nil {
		return from, to, false, fmt.Errorf("read finalized head: %w", err)
	}
	epoch, moved, err := ffg.Finalizes(chain{ctx, k}, linked, head, before)
	if err != nil || !moved {
		return from, to, false, err
	}
	if from, err = k.Record(ctx, before); err != nil {
		return from, to, false, err
	}
	if to, err = k.Record(ctx, epoch); err != nil {
		return from, to, false, err
	}
	if err := errors.Join(k.finalized.Set(ctx, epoch), k.certified.Set(ctx, epoch)); err != nil {
		return from, to, false, fmt.Errorf("move finalized head: %w", err)
	}
	k.notify(ctx, "finalized", func(ctx context.Context, h types.Hooks) error { return h.AfterCheckpointFinalized(ctx, to.Checkpoint) })
	return from, to, true, sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventCheckpointFinalized{
		Epoch: epoch, Root: to.Root().String(), Height: to.Height, PreviousEpoch: before,
	})
}

// chain answers the pure rules from the store.
type chain struct {
	ctx context.Context
	k   *Keeper
}

var _ ffg.Chain = chain{}

func (c chain) Source(epoch uint64) (uint64, error) {
	r, err := c.k.Record(c.ctx, epoch)
	return r.Source, err
}

func (c chain) Justified(epoch uint64) (bool, error) {
	r, err := c.k.Record(c.ctx, epoch)
	return r.Justified, err
}

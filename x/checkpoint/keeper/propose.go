package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
	"github.com/dualchain/dualchain/x/checkpoint/types"
)

// A checkpoint is proposed at the end of the block that it stands for, every interval blocks. Its source is the latest
// justified checkpoint at that moment (protocol §3). The anchor, epoch 0, is the first block with an eligible voter.

// BeginBlock appends the block's hash to the history (protocol §3).
func (k *Keeper) BeginBlock(ctx context.Context) error {
	anchor, err := k.anchorHeight.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read anchor: %w", err)
	}
	b, err := blockOf(ctx)
	if err != nil {
		return err
	}
	if b.height <= anchor {
		return nil
	}
	h, err := k.history.Get(ctx)
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	if want := b.height - anchor - 1; h.Size != want {
		return types.ErrBlockHash.Wrapf("history before height %d: expected %d blocks, found %d", b.height, want, h.Size)
	}
	h, err = h.Append(b.hash, func(id history.NodeID, hash [32]byte) error {
		return k.historyNodes.Set(ctx, collections.Join(uint32(id.Level), id.Index), hash[:])
	})
	if err != nil {
		return fmt.Errorf("append block %d to history: %w", b.height, err)
	}
	return k.history.Set(ctx, h)
}

// EndBlock proposes a checkpoint if one is due. It runs after x/finality has reported its links.
func (k *Keeper) EndBlock(ctx context.Context) error {
	b, err := blockOf(ctx)
	if err != nil {
		return err
	}
	head, anchored, err := k.HeadEpoch(ctx)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	if !anchored {
		return k.anchor(ctx, b)
	}
	next, err := k.nextHeight.Get(ctx)
	if err != nil {
		return fmt.Errorf("read next height: %w", err)
	}
	if b.height < next {
		return nil
	}
	return k.propose(ctx, b, head+1)
}

// anchor records epoch 0 at b if anybody is eligible: justified and finalized by definition, with an empty history.
func (k *Keeper) anchor(ctx context.Context, b block) error {
	sets, eligible, err := k.sets.Anchor(ctx)
	if err != nil {
		return fmt.Errorf("ask for the anchor's voter sets: %w", err)
	}
	if !eligible {
		return nil
	}
	var empty history.History
	for _, set := range []func() error{
		func() error { return k.anchorHeight.Set(ctx, b.height) },
		func() error { return k.history.Set(ctx, empty) },
		func() error { return k.justified.Set(ctx, 0) },
		func() error { return k.finalized.Set(ctx, 0) },
	} {
		if err := set(); err != nil {
			return fmt.Errorf("set anchor: %w", err)
		}
	}
	return k.record(ctx, types.Record{
		Checkpoint: ffg.Checkpoint{
			Height:           b.height,
			Time:             b.time,
			BlockHash:        b.hash,
			HistoryRoot:      empty.Root(),
			Pair:             sets.Pair,
			VoterSetHash:     sets.VoterSet,
			NextVoterSetHash: sets.NextVoterSet,
		},
		Justified: true,
	})
}

func (k *Keeper) propose(ctx context.Context, b block, epoch uint64) error {
	parent, err := k.Record(ctx, epoch-1)
	if err != nil {
		return err
	}
	finalized, err := k.finalized.Get(ctx)
	if err != nil {
		return fmt.Errorf("read finalized head: %w", err)
	}
	source, err := k.justified.Get(ctx)
	if err != nil {
		return fmt.Errorf("read justified head: %w", err)
	}
	h, err := k.history.Get(ctx)
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	sets, err := k.sets.Propose(ctx, epoch, finalized)
	if err != nil {
		return fmt.Errorf("ask for the voter sets of epoch %d: %w", epoch, err)
	}
	return k.record(ctx, types.Record{
		Checkpoint: ffg.Checkpoint{
			Epoch:            epoch,
			ParentRoot:       parent.Root(),
			Height:           b.height,
			Time:             max(b.time, parent.Time),
			BlockHash:        b.hash,
			HistorySize:      h.Size,
			HistoryRoot:      h.Root(),
			Pair:             sets.Pair,
			Anchor:           parent.Anchor,
			VoterSetHash:     sets.VoterSet,
			NextVoterSetHash: sets.NextVoterSet,
		},
		Source: source,
	})
}

// record stores a new head and fixes the height of the next.
func (k *Keeper) record(ctx context.Context, r types.Record) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return fmt.Errorf("read params: %w", err)
	}
	for _, set := range []func() error{
		func() error { return k.records.Set(ctx, r.Epoch, r) },
		func() error { return k.heights.Set(ctx, r.Height, r.Epoch) },
		func() error { return k.head.Set(ctx, r.Epoch) },
		func() error { return k.nextHeight.Set(ctx, r.Height+params.Interval) },
	} {
		if err := set(); err != nil {
			return fmt.Errorf("record checkpoint %d: %w", r.Epoch, err)
		}
	}
	k.notify(ctx, "proposed", func(ctx context.Context, h types.Hooks) error { return h.AfterCheckpointProposed(ctx, r.Checkpoint) })
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventCheckpointProposed{
		Epoch: r.Epoch, Root: r.Root().String(), Height: r.Height, SourceEpoch: r.Source, Pair: r.Pair,
	})
}

// Prune drops the records below an epoch. It never drops the finalized head or what follows it.
func (k *Keeper) Prune(ctx context.Context, below uint64) error {
	finalized, err := k.FinalizedEpoch(ctx)
	if err != nil {
		return fmt.Errorf("read finalized head: %w", err)
	}
	below = min(below, finalized)
	var old []types.Record
	err = k.records.Walk(ctx, new(collections.Range[uint64]).EndExclusive(below), func(_ uint64, r types.Record) (bool, error) {
		old = append(old, r)
		return len(old) == pruneBatch, nil
	})
	if err != nil {
		return fmt.Errorf("find old checkpoints: %w", err)
	}
	for _, r := range old {
		if err := errors.Join(k.records.Remove(ctx, r.Epoch), k.heights.Remove(ctx, r.Height), k.certified.Remove(ctx, r.Epoch)); err != nil {
			return fmt.Errorf("prune checkpoint %d: %w", r.Epoch, err)
		}
	}
	return nil
}

// pruneBatch bounds the records dropped in one call.
const pruneBatch = 10

// block is what a checkpoint takes from the block that it stands for.
type block struct {
	height, time uint64 // time in milliseconds
	hash         ffg.Root
}

func blockOf(ctx context.Context) (block, error) {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	hash := sdkCtx.HeaderInfo().Hash
	if len(hash) != len(ffg.Root{}) {
		return block{}, types.ErrBlockHash.Wrapf("height %d: expected 32 bytes, found %d", sdkCtx.BlockHeight(), len(hash))
	}
	return block{height: uint64(sdkCtx.BlockHeight()), time: blockTime(sdkCtx), hash: ffg.Root(hash)}, nil
}

// blockTime returns the block time in milliseconds since the Unix epoch, 0 for anything before it.
func blockTime(ctx sdk.Context) uint64 { return uint64(max(ctx.BlockTime().UnixMilli(), 0)) }

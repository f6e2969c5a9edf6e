package keeper

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/checkpoint/types"
)

// InitGenesis writes the state. On a new chain with eligible voters it anchors before the first block (protocol §2), so
// it runs after x/finality's. In an upgrade that adds both modules there are no voters yet, and either may come first.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := k.CheckWiring(); err != nil {
		return err
	}
	if err := g.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, g.Params); err != nil {
		return fmt.Errorf("set params: %w", err)
	}
	if g.Chain == nil {
		sdkCtx := sdk.UnwrapSDKContext(ctx)
		first := max(sdkCtx.BlockHeight(), 1) // the initial height; InitChain leaves it 0 for 1
		return k.anchor(ctx, block{height: uint64(first - 1), time: blockTime(sdkCtx)})
	}
	return k.initChain(ctx, *g.Chain)
}

func (k *Keeper) initChain(ctx context.Context, c types.ChainState) error {
	h, err := c.History.ToHistory()
	if err != nil {
		return err
	}
	first := uint64(max(sdk.UnwrapSDKContext(ctx).BlockHeight(), 1))
	if first != c.AnchorHeight+h.Size+1 {
		return types.ErrInvalidGenesis.Wrapf("initial height: expected %d, after the history of a running chain; found %d",
			c.AnchorHeight+h.Size+1, first)
	}
	var head uint64
	for _, r := range c.Records {
		checkpoint, err := r.Checkpoint.ToFFG()
		if err != nil {
			return err
		}
		record := types.Record{Checkpoint: checkpoint, Source: r.SourceEpoch, Justified: r.Justified}
		if err := errors.Join(k.records.Set(ctx, record.Epoch, record), k.heights.Set(ctx, record.Height, record.Epoch)); err != nil {
			return fmt.Errorf("set checkpoint %d: %w", record.Epoch, err)
		}
		if r.Finalized {
			if err := k.certified.Set(ctx, record.Epoch); err != nil {
				return fmt.Errorf("set checkpoint %d: %w", record.Epoch, err)
			}
		}
		head = record.Epoch
	}
	latest := c.Records[len(c.Records)-1].Checkpoint
	sets, has, err := k.sets.InForce(ctx)
	if err != nil {
		return fmt.Errorf("ask for the voter sets in force: %w", err)
	}
	if !has || sets.Pair != latest.Pair || sets.VoterSet.String() != latest.VoterSetHash || sets.NextVoterSet.String() != latest.NextVoterSetHash {
		return types.ErrInvalidGenesis.Wrapf("epoch %d commits to pair %d, set %s and next %s, which are not the voter sets in force",
			latest.Epoch, latest.Pair, latest.VoterSetHash, latest.NextVoterSetHash)
	}
	for _, n := range c.HistoryNodes {
		hash, err := types.ParseRoot(n.Hash)
		if err != nil {
			return types.ErrInvalidGenesis.Wrapf("history node (%d, %d): %s", n.Level, n.Index, err)
		}
		if err := k.historyNodes.Set(ctx, collections.Join(n.Level, n.Index), hash[:]); err != nil {
			return fmt.Errorf("set history node: %w", err)
		}
	}
	err = errors.Join(
		k.anchorHeight.Set(ctx, c.AnchorHeight),
		k.nextHeight.Set(ctx, c.NextHeight),
		k.head.Set(ctx, head),
		k.justified.Set(ctx, c.JustifiedEpoch),
		k.finalized.Set(ctx, c.FinalizedEpoch),
		k.history.Set(ctx, h),
	)
	if err != nil {
		return err
	}
	return k.sets.CheckKept(ctx, c.Records[0].Checkpoint.Epoch, head)
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("read params: %w", err)
	}
	g := &types.GenesisState{Params: params}
	if has, err := k.anchorHeight.Has(ctx); err != nil || !has {
		return g, err
	}
	c := &types.ChainState{}
	for _, item := range []struct {
		from collections.Item[uint64]
		to   *uint64
	}{
		{k.anchorHeight, &c.AnchorHeight},
		{k.nextHeight, &c.NextHeight},
		{k.justified, &c.JustifiedEpoch},
		{k.finalized, &c.FinalizedEpoch},
	} {
		if *item.to, err = item.from.Get(ctx); err != nil {
			return nil, fmt.Errorf("read heads: %w", err)
		}
	}
	err = k.records.Walk(ctx, nil, func(epoch uint64, r types.Record) (bool, error) {
		certified, err := k.certified.Has(ctx, epoch)
		c.Records = append(c.Records, types.GenesisRecord{
			Checkpoint: types.CheckpointFromFFG(r.Checkpoint), SourceEpoch: r.Source, Justified: r.Justified, Finalized: certified,
		})
		return err != nil, err
	})
	if err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	err = k.historyNodes.Walk(ctx, nil, func(id collections.Pair[uint32, uint64], hash []byte) (bool, error) {
		c.HistoryNodes = append(c.HistoryNodes, types.HistoryNode{Level: id.K1(), Index: id.K2(), Hash: hex.EncodeToString(hash)})
		return false, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read history nodes: %w", err)
	}
	h, err := k.history.Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	c.History = types.HistoryRangeFrom(h)
	g.Chain = c
	return g, nil
}

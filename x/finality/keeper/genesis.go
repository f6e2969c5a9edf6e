package keeper

import (
	"context"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/types"
)

// InitGenesis writes the state. It must run after x/bank's, whose balances it checks, and before x/checkpoint's, which
// asks it for the anchor's voter sets.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := g.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, g.Params); err != nil {
		return fmt.Errorf("set params: %w", err)
	}
	if err := k.stake.InitGenesis(ctx, g); err != nil {
		return err
	}
	if err := k.votes.InitGenesis(ctx, g); err != nil {
		return err
	}
	if g.Running != nil {
		if err := k.initRunning(ctx, *g.Running); err != nil {
			return err
		}
	}
	return k.CheckInvariants(ctx)
}

func (k *Keeper) initRunning(ctx context.Context, r types.RunningState) error {
	if chainID := sdk.UnwrapSDKContext(ctx).ChainID(); r.ChainId != chainID {
		return types.ErrInvalidGenesis.Wrapf("chain_id: expected %q, whose votes are recorded here; found %q", r.ChainId, chainID)
	}
	if err := k.sets.InitGenesis(ctx, r); err != nil {
		return err
	}
	if err := k.eras.InitGenesis(ctx, r); err != nil {
		return err
	}
	return k.archive.InitGenesis(ctx, r.Archive)
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.Params(ctx)
	if err != nil {
		return nil, err
	}
	anchored, err := k.sets.Anchored(ctx)
	if err != nil {
		return nil, err
	}
	g := &types.GenesisState{Params: params}
	if anchored {
		if g.Running, err = k.exportRunning(ctx); err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
	}
	if err := k.stake.ExportGenesis(ctx, g); err != nil {
		return nil, fmt.Errorf("export stake: %w", err)
	}
	if err := k.votes.ExportGenesis(ctx, g); err != nil {
		return nil, fmt.Errorf("export votes: %w", err)
	}
	return g, nil
}

func (k *Keeper) exportRunning(ctx context.Context) (*types.RunningState, error) {
	r := &types.RunningState{ChainId: sdk.UnwrapSDKContext(ctx).ChainID()}
	if err := k.sets.ExportGenesis(ctx, r); err != nil {
		return nil, fmt.Errorf("sets: %w", err)
	}
	if err := k.eras.ExportGenesis(ctx, r); err != nil {
		return nil, fmt.Errorf("eras: %w", err)
	}
	archived, err := k.archive.ExportGenesis(ctx)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	r.Archive = archived
	return r, nil
}

package keeper

import (
	"context"
	"fmt"

	"github.com/dualchain/dualchain/x/finality/types"
)

// MsgServer serves the module's messages; each is in the file of its concern.
type MsgServer struct{ *Keeper }

var _ types.MsgServer = MsgServer{}

// UpdateParams replaces the parameters. All stake is in bond_denom, and all powers are multiples of
// power_reduction: neither ever changes.
func (m MsgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != m.authority {
		return nil, types.ErrUnauthorized.Wrapf("expected authority %s, found %s", m.authority, msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	before, err := m.Keeper.Params(ctx)
	if err != nil {
		return nil, err
	}
	if msg.Params.BondDenom != before.BondDenom {
		return nil, types.ErrInvalidParams.Wrapf("bond_denom: expected %s, which never changes; found %s", before.BondDenom, msg.Params.BondDenom)
	}
	if msg.Params.PowerReduction != before.PowerReduction {
		return nil, types.ErrInvalidParams.Wrapf("power_reduction: expected %d, which never changes; found %d",
			before.PowerReduction, msg.Params.PowerReduction)
	}
	if err := m.params.Set(ctx, msg.Params); err != nil {
		return nil, fmt.Errorf("set params: %w", err)
	}
	return &types.MsgUpdateParamsResponse{}, emit(ctx, &types.EventParamsUpdated{})
}

package keeper

import (
	"context"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/checkpoint/types"
)

// MsgServer serves the module's messages.
type MsgServer struct{ *Keeper }

var _ types.MsgServer = MsgServer{}

// UpdateParams replaces the parameters. The height of the next checkpoint is fixed already; a new interval counts after it.
func (m MsgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != m.authority {
		return nil, types.ErrUnauthorized.Wrapf("expected authority %s, found %s", m.authority, msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	if err := m.params.Set(ctx, msg.Params); err != nil {
		return nil, fmt.Errorf("set params: %w", err)
	}
	err := sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventParamsUpdated{Interval: msg.Params.Interval})
	return &types.MsgUpdateParamsResponse{}, err
}

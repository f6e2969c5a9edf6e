package stake

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// The power of the whole supply must fit 63 bits (protocol §7). Genesis refuses a larger one. Later, anything that mints may pass
// the limit, and must not halt the chain: each block says so while it lasts. No set can overflow then, since a voter's stake is
// refused once it alone is too large, and totals have 128 bits.

// checkSupply returns ErrPowerTooLarge if the power of the supply does not fit 63 bits.
func (k *Keeper) checkSupply(ctx context.Context, params types.Params) error {
	_, err := params.Power(k.bank.GetSupply(ctx, params.BondDenom).Amount)
	return err
}

// WatchSupply emits an event in each block that begins with too large a supply.
func (k *Keeper) WatchSupply(ctx context.Context) error {
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	tooLarge := k.checkSupply(ctx, params)
	if tooLarge == nil {
		return nil
	}
	sdk.UnwrapSDKContext(ctx).Logger().Error("the supply is too large", "err", tooLarge)
	return state.Emit(ctx, &types.EventSupplyTooLarge{
		Supply: k.bank.GetSupply(ctx, params.BondDenom).Amount.String(), Limit: params.PowerLimit().String(),
	})
}

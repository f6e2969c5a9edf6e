package stake

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// The finality pool gets reward_fraction of the bond_denom that reaches the fee collector, and pays it per era. A voter's part
// is reward × signed weight / expected weight of all, so nobody gains by keeping others' votes out; what absence leaves
// stays in the pool for the next era (protocol §10).

// CollectRewards takes the finality layer's share of what the fee collector holds.
func (k *Keeper) CollectRewards(ctx context.Context) error {
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	collected := k.bank.GetBalance(ctx, k.accounts.GetModuleAddress(authtypes.FeeCollectorName), params.BondDenom)
	share := types.Fraction(collected.Amount, params.RewardFractionPpm)
	if !share.IsPositive() {
		return nil
	}
	coins := sdk.NewCoins(sdk.NewCoin(params.BondDenom, share))
	if err := k.bank.SendCoinsFromModuleToModule(ctx, authtypes.FeeCollectorName, types.RewardsName, coins); err != nil {
		return fmt.Errorf("collect rewards: %w", err)
	}
	return nil
}

// RewardPool returns what the finality pool holds.
func (k *Keeper) RewardPool(ctx context.Context, denom string) math.Int {
	return k.bank.GetBalance(ctx, k.accounts.GetModuleAddress(types.RewardsName), denom).Amount
}

// Reward pays a voter its part: commission to the operator at once, the rest into the voter's pool. It returns the rest, which the
// caller moves with MoveRewards for a whole batch. Without delegations the operator gets all; a tombstoned voter nothing, and nothing
// a voter whose stake would make more power than 63 bits hold.
func (k *Keeper) Reward(ctx context.Context, index uint64, amount math.Int, params types.Params) (math.Int, error) {
	zero := math.ZeroInt()
	if !amount.IsPositive() {
		return zero, nil
	}
	voter, err := k.Voter(ctx, index)
	if err != nil || voter.Tombstoned {
		return zero, err
	}
	commission := types.Fraction(amount, voter.CommissionPpm)
	if !voter.Shares.IsPositive() {
		commission = amount
	}
	rest := amount.Sub(commission)
	if _, err := params.Power(voter.Tokens.Add(rest)); err != nil {
		return zero, nil
	}
	if commission.IsPositive() {
		operator, err := sdk.AccAddressFromBech32(voter.Operator)
		if err != nil {
			return zero, err
		}
		coins := sdk.NewCoins(sdk.NewCoin(params.BondDenom, commission))
		if err := k.bank.SendCoinsFromModuleToAccount(ctx, types.RewardsName, operator, coins); err != nil {
			return zero, fmt.Errorf("pay commission: %w", err)
		}
	}
	if rest.IsPositive() {
		if _, err := k.updateVoter(ctx, voter.Index, func(v *types.Voter) error {
			v.Tokens = v.Tokens.Add(rest)
			return nil
		}); err != nil {
			return zero, err
		}
	}
	return rest, state.Emit(ctx, &types.EventRewardPaid{Index: voter.Index, Reward: amount.String(), Commission: commission.String()})
}

// MoveRewards moves what Reward put into voters' pools from the finality pool to the account that holds all stake.
func (k *Keeper) MoveRewards(ctx context.Context, amount math.Int, denom string) error {
	if !amount.IsPositive() {
		return nil
	}
	coins := sdk.NewCoins(sdk.NewCoin(denom, amount))
	if err := k.bank.SendCoinsFromModuleToModule(ctx, types.RewardsName, types.ModuleName, coins); err != nil {
		return fmt.Errorf("move rewards to the pools: %w", err)
	}
	return nil
}

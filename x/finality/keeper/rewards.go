package keeper

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/x/finality/types"
)

// The finality pool gets reward_fraction of the bond_denom that reaches the fee collector, and pays it per era. A voter's part
// is reward × signed weight / expected weight of all, so nobody gains by keeping others' votes out; what absence leaves
// stays in the pool for the next era (protocol §10).

// collectRewards takes the finality layer's share; nothing before the anchor, when nobody could earn it.
func (k *Keeper) collectRewards(ctx context.Context) error {
	if anchored, err := k.inForce.Has(ctx); err != nil || !anchored {
		return err
	}
	params, err := k.Params(ctx)
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

// pool returns what the finality pool holds.
func (k *Keeper) pool(ctx context.Context, denom string) math.Int {
	return k.bank.GetBalance(ctx, k.accounts.GetModuleAddress(types.RewardsName), denom).Amount
}

// reward pays a voter's part: commission to the operator at once, the rest into the voter's pool. It returns the rest,
// which the caller moves for the whole batch. Without delegations the operator gets all; a tombstoned voter nothing, and nothing
// a voter whose stake would make more power than 63 bits hold.
func (k *Keeper) reward(ctx context.Context, s types.Settlement, score types.Score, params types.Params) (math.Int, error) {
	zero := math.ZeroInt()
	if !s.Total.IsPositive() {
		return zero, nil
	}
	amount := s.Reward.Mul(score.Signed).Quo(s.Total)
	if !amount.IsPositive() {
		return zero, nil
	}
	voter, err := k.Voter(ctx, score.Registration)
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
	return rest, emit(ctx, &types.EventRewardPaid{Index: voter.Index, Reward: amount.String(), Commission: commission.String()})
}

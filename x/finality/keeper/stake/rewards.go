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

// Settle pays a voter what it earned in an era, and lets joining stake earn from the next era on if it had power at the end of this one
// (package types says how pools do that). It returns what went into the voter's pool, which the caller moves with MoveRewards for
// a whole batch; the commission goes to the operator at once. A tombstoned voter gets nothing, and
// nothing a voter whose stake would make more power than 63 bits hold.
func (k *Keeper) Settle(
	ctx context.Context, settlement types.Settlement, score types.Score, params types.Params,
) (math.Int, error) {
	zero := math.ZeroInt()
	if len(score.Signed) == 0 && !score.Current {
		return zero, nil
	}
	voter, err := k.Voter(ctx, score.Registration)
	if err != nil || voter.Tombstoned {
		return zero, err
	}
	era := settlement.Era.Index
	amount := types.Earned(settlement, score, voter.Bonded.Tokens, params.PowerReduction)
	commission := types.Fraction(amount, voter.CommissionIn(era))
	rest := amount.Sub(commission)
	if _, err := params.Power(voter.BondedTokens().Add(rest)); err != nil {
		amount, commission, rest = zero, zero, zero
	}
	if commission.IsPositive() {
		operator, err := sdk.AccAddressFromBech32(voter.Operator)
		if err != nil {
			return zero, err
		}
		coins := sdk.NewCoins(sdk.NewCoin(params.BondDenom, commission))
		if err := state.Try(ctx, func(ctx context.Context) error {
			return k.bank.SendCoinsFromModuleToAccount(ctx, types.RewardsName, operator, coins)
		}); err != nil {
			sdk.UnwrapSDKContext(ctx).Logger().Error("a commission stays in the finality pool", "voter", voter.Index, "err", err)
			amount, commission = rest, zero
		}
	}
	if _, err := k.updateVoter(ctx, voter.Index, func(v *types.Voter) error {
		v.SettleCommission(era + 1)
		v.Bonded.Tokens = v.Bonded.Tokens.Add(rest)
		return k.promote(ctx, v, score.Current, settlement.Computed)
	}); err != nil {
		return zero, err
	}
	if !amount.IsPositive() {
		return zero, nil
	}
	return rest, state.Emit(ctx, &types.EventRewardPaid{Index: voter.Index, Reward: amount.String(), Commission: commission.String()})
}

// promote promotes joining pools. The operator takes its part at once: what counts of a voter's stake depends on it.
func (k *Keeper) promote(ctx context.Context, v *types.Voter, current bool, computed uint64) error {
	promotions := v.Promote(current, computed)
	for _, p := range promotions {
		if err := k.setPromotion(ctx, p); err != nil {
			return fmt.Errorf("promote pool %d: %w", p.Pool, err)
		}
	}
	if len(promotions) == 0 {
		return nil
	}
	operator, err := sdk.AccAddressFromBech32(v.Operator)
	if err != nil {
		return err
	}
	positions, err := k.positions(ctx, *v, operator)
	if err != nil {
		return err
	}
	for _, p := range positions {
		if p.Pool == v.Bonded.Number {
			v.Bonded.OwnShares = p.Shares
		}
	}
	return k.setPositions(ctx, v.Index, operator, positions)
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

package keeper

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/types"
)

// A penalty takes the same fraction of bonded and of unbonding stake: one step each, whatever the number of delegations
// (protocol §8, §10).

// Reasons of penalties and jailings, as events tell them.
const (
	reasonEquivocation = "equivocation"
	reasonDowntime     = "downtime"
)

// slash takes a fraction of all stake behind a voter, changes it further, and returns what was taken. The coins stay in
// the module account until the caller burns or pays them.
func (k *Keeper) slash(ctx context.Context, index uint64, ppm uint32, reason string, change func(*types.Voter)) (math.Int, error) {
	var penalty math.Int
	_, err := k.updateVoter(ctx, index, func(v *types.Voter) error {
		bonded, unbonding := types.Fraction(v.Tokens, ppm), types.Fraction(v.UnbondingTokens, ppm)
		v.Tokens, v.UnbondingTokens = v.Tokens.Sub(bonded), v.UnbondingTokens.Sub(unbonding)
		penalty = bonded.Add(unbonding)
		change(v)
		return nil
	})
	if err != nil {
		return penalty, err
	}
	if penalty.IsPositive() {
		if err := emit(ctx, &types.EventVoterSlashed{Index: index, Reason: reason, Penalty: penalty.String()}); err != nil {
			return penalty, err
		}
	}
	return penalty, emit(ctx, &types.EventVoterJailed{Index: index, Reason: reason})
}

// tombstone slashes a voter for equivocation, once and for ever.
func (k *Keeper) tombstone(ctx context.Context, index uint64, ppm uint32) (math.Int, error) {
	voter, err := k.Voter(ctx, index)
	if err != nil {
		return math.Int{}, err
	}
	key, err := types.ParsePublicKey(voter.PubKey)
	if err != nil {
		return math.Int{}, err
	}
	clock, err := k.clockNow(ctx)
	if err != nil {
		return math.Int{}, err
	}
	if err := k.tombstones.Set(ctx, collections.Join(clock, key[:])); err != nil {
		return math.Int{}, fmt.Errorf("set tombstone: %w", err)
	}
	return k.slash(ctx, index, ppm, reasonEquivocation, func(v *types.Voter) {
		v.Jailed, v.Tombstoned, v.TombstoneClock = true, true, clock
	})
}

// jail jails a voter for absence.
func (k *Keeper) jail(ctx context.Context, index uint64, params types.Params) error {
	until := sdk.UnwrapSDKContext(ctx).BlockTime().Add(params.JailDuration)
	penalty, err := k.slash(ctx, index, params.SlashFractionDowntimePpm, reasonDowntime, func(v *types.Voter) {
		v.Jailed, v.JailedUntil = true, until
	})
	if err != nil {
		return err
	}
	return k.burn(ctx, params.BondDenom, penalty)
}

func (k *Keeper) burn(ctx context.Context, denom string, amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	if err := k.bank.BurnCoins(ctx, types.ModuleName, sdk.NewCoins(sdk.NewCoin(denom, amount))); err != nil {
		return fmt.Errorf("burn penalty: %w", err)
	}
	return nil
}

package stake

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A penalty takes the same fraction of bonded and of unbonding stake: one step each, for any number of delegations
// (protocol §8, §10).

// Reasons of penalties and jailings, as events tell them.
const (
	reasonEquivocation = "equivocation"
	reasonDowntime     = "downtime"
)

// slash takes a fraction of all stake behind a voter, changes it further, and returns what was taken, and the operator's own part of
// that. The coins stay in the module account until the caller burns or pays them.
func (k *Keeper) slash(ctx context.Context, index uint64, ppm uint32, reason string, change func(*types.Voter)) (penalty, own math.Int, err error) {
	_, err = k.updateVoter(ctx, index, func(v *types.Voter) error {
		penalty, own = v.Slash(ppm)
		change(v)
		return nil
	})
	if err != nil {
		return penalty, own, err
	}
	if penalty.IsPositive() {
		if err := state.Emit(ctx, &types.EventVoterSlashed{Index: index, Reason: reason, Penalty: penalty.String()}); err != nil {
			return penalty, own, err
		}
	}
	return penalty, own, state.Emit(ctx, &types.EventVoterJailed{Index: index, Reason: reason})
}

// Tombstone slashes a voter for equivocation, once and for ever. It returns what it took, which the caller burns or pays, and the
// operator's own part of that. clock is that of entries made now.
func (k *Keeper) Tombstone(ctx context.Context, index uint64, ppm uint32, clock uint64) (penalty, own math.Int, err error) {
	voter, err := k.Voter(ctx, index)
	if err != nil {
		return penalty, own, err
	}
	key, err := types.ParsePublicKey(voter.PubKey)
	if err != nil {
		return penalty, own, err
	}
	if err := k.tombstones.Set(ctx, collections.Join(clock, key[:])); err != nil {
		return penalty, own, fmt.Errorf("set tombstone: %w", err)
	}
	return k.slash(ctx, index, ppm, reasonEquivocation, func(v *types.Voter) {
		v.Jailed, v.Tombstoned, v.TombstoneClock = true, true, clock
	})
}

// Tombstones passes the keys of the voters that were tombstoned at a clock or later.
func (k *Keeper) Tombstones(ctx context.Context, since uint64, each func(ffg.PublicKey)) error {
	recent := new(collections.Range[collections.Pair[uint64, []byte]]).StartInclusive(collections.PairPrefix[uint64, []byte](since))
	err := k.tombstones.Walk(ctx, recent, func(id collections.Pair[uint64, []byte]) (bool, error) {
		each(ffg.PublicKey(id.K2()))
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("read tombstones: %w", err)
	}
	return nil
}

// Jail jails a voter for absence.
func (k *Keeper) Jail(ctx context.Context, index uint64, params types.Params) error {
	until := sdk.UnwrapSDKContext(ctx).BlockTime().Add(params.JailDuration)
	penalty, _, err := k.slash(ctx, index, params.SlashFractionDowntimePpm, reasonDowntime, func(v *types.Voter) {
		v.Jailed, v.JailedUntil = true, until
	})
	if err != nil {
		return err
	}
	return k.Burn(ctx, params.BondDenom, penalty)
}

// Burn burns stake that a penalty took.
func (k *Keeper) Burn(ctx context.Context, denom string, amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	if err := k.bank.BurnCoins(ctx, types.ModuleName, sdk.NewCoins(sdk.NewCoin(denom, amount))); err != nil {
		return fmt.Errorf("burn penalty: %w", err)
	}
	return nil
}

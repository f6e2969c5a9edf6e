package stake

import (
	"context"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Stake joins a pool of the voter that earns nothing yet. Undelegating moves stake, the latest first, to the voter's unbonding pool,
// where it stays slashable until it is paid out (unbonding.go).

// Delegate bonds stake with a voter. clock is that of unbonding entries made now.
func (k *Keeper) Delegate(ctx context.Context, msg *types.MsgDelegate, clock uint64) (*types.MsgDelegateResponse, error) {
	delegator, err := sdk.AccAddressFromBech32(msg.Delegator)
	if err != nil {
		return nil, types.ErrInvalidVoter.Wrapf("delegator: %s", err)
	}
	voter, err := k.VoterOf(ctx, msg.Voter)
	if err != nil {
		return nil, err
	}
	return &types.MsgDelegateResponse{}, k.delegate(ctx, voter.Index, delegator, msg.Amount, clock)
}

// delegate moves coins from the delegator into the voter's pool.
func (k *Keeper) delegate(ctx context.Context, index uint64, delegator sdk.AccAddress, amount sdk.Coin, clock uint64) error {
	if err := k.checkAmount(ctx, amount); err != nil {
		return err
	}
	if err := k.bond(ctx, index, delegator, amount.Amount, clock); err != nil {
		return err
	}
	return k.bank.DelegateCoinsFromAccountToModule(ctx, delegator, types.ModuleName, sdk.NewCoins(amount))
}

// bond adds an amount, already in or on its way to the module account, to the pool and to the delegation.
func (k *Keeper) bond(ctx context.Context, index uint64, delegator sdk.AccAddress, amount math.Int, clock uint64) error {
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	var pool uint64
	var shares math.Int
	voter, err := k.updateVoter(ctx, index, func(v *types.Voter) error {
		if v.Tombstoned {
			return types.ErrTombstoned.Wrapf("registration %d", v.Index)
		}
		own := v.Operator == delegator.String()
		entrance := v.Entrance(clock)
		joined, err := entrance.Join(amount, own)
		if err != nil {
			return err
		}
		pool, shares = entrance.Number, joined
		if counted := v.Counted(params); !own && counted.LT(v.BondedTokens()) {
			return types.ErrAboveCap.Wrapf("registration %d: expected at most %s, %d ppm of which the operator has bonded; found %s",
				v.Index, counted, params.MinSelfStakePpm, v.BondedTokens())
		}
		return nil
	})
	if err != nil {
		return err
	}
	positions, err := k.positions(ctx, voter, delegator)
	if err != nil {
		return err
	}
	if err := k.setPositions(ctx, index, delegator, addShares(positions, pool, shares)); err != nil {
		return err
	}
	return state.Emit(ctx, &types.EventDelegated{VoterIndex: index, Delegator: delegator.String(), Amount: amount.String()})
}

// Undelegate moves stake out of a voter's pools into an unbonding entry with this clock.
func (k *Keeper) Undelegate(ctx context.Context, msg *types.MsgUndelegate, clock uint64) (*types.MsgUndelegateResponse, error) {
	delegator, err := sdk.AccAddressFromBech32(msg.Delegator)
	if err != nil {
		return nil, types.ErrInvalidVoter.Wrapf("delegator: %s", err)
	}
	if err := k.checkAmount(ctx, msg.Amount); err != nil {
		return nil, err
	}
	voter, err := k.VoterOf(ctx, msg.Voter)
	if err != nil {
		return nil, err
	}
	if voter.Tombstoned {
		return nil, types.ErrTombstoned.Wrapf("registration %d: its stake is frozen", voter.Index)
	}
	positions, err := k.positions(ctx, voter, delegator)
	if err != nil {
		return nil, err
	}
	if all, _ := worth(voter, positions); msg.Amount.Amount.GT(all) {
		return nil, types.ErrNotDelegated.Wrapf("expected at most %s, found %s", all, msg.Amount.Amount)
	}
	entry, err := k.newEntry(ctx, voter.Index, delegator, clock)
	if err != nil {
		return nil, err
	}
	if _, err := k.updateVoter(ctx, voter.Index, func(v *types.Voter) error {
		own := v.Operator == entry.Delegator
		leave(v, positions, msg.Amount.Amount, own)
		entry.Pool = v.Unbonding.Number
		entry.Shares, err = v.Unbonding.Join(msg.Amount.Amount, own)
		return err
	}); err != nil {
		return nil, err
	}
	if err := k.setPositions(ctx, voter.Index, delegator, positions); err != nil {
		return nil, err
	}
	if err := k.setUnbonding(ctx, entry, delegator, true); err != nil {
		return nil, err
	}
	return &types.MsgUndelegateResponse{UnbondingId: entry.Id, CompletionTime: entry.CompletionTime}, state.Emit(ctx, &types.EventUndelegated{
		VoterIndex: voter.Index, Delegator: entry.Delegator, Amount: msg.Amount.Amount.String(), UnbondingId: entry.Id,
	})
}

// leave takes an amount, at most their worth, out of positions, those of the latest pool first. Less than a base unit is not left: it
// stays in the pools without an owner.
func leave(v *types.Voter, positions []types.Position, amount math.Int, own bool) {
	dust := v.Dust(positions, amount)
	for i := range slices.Backward(positions) {
		p := &positions[i]
		pool := v.Owned(p.Pool)
		part := math.MinInt(amount, pool.Worth(p.Shares))
		p.Shares = pool.Take(p.Shares, part, own)
		amount = amount.Sub(part)
		if dust {
			pool.Abandon(p.Shares, own)
			p.Shares = math.ZeroInt()
		}
	}
}

func (k *Keeper) checkAmount(ctx context.Context, amount sdk.Coin) error {
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	if amount.Denom != params.BondDenom || amount.Amount.IsNil() || !amount.Amount.IsPositive() {
		return types.ErrInvalidAmount.Wrapf("expected more than 0 %s, found %s%s", params.BondDenom, amount.Amount, amount.Denom)
	}
	return nil
}

package stake

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A delegation is shares of a voter's bonded pool. Undelegating moves stake to the voter's unbonding pool, where it stays
// slashable until it is paid out (unbonding.go).

// Delegate bonds stake with a voter.
func (k *Keeper) Delegate(ctx context.Context, msg *types.MsgDelegate) (*types.MsgDelegateResponse, error) {
	delegator, err := sdk.AccAddressFromBech32(msg.Delegator)
	if err != nil {
		return nil, types.ErrInvalidVoter.Wrapf("delegator: %s", err)
	}
	voter, err := k.VoterOf(ctx, msg.Voter)
	if err != nil {
		return nil, err
	}
	bonded, err := k.delegate(ctx, voter.Index, delegator, msg.Amount)
	if err != nil {
		return nil, err
	}
	return &types.MsgDelegateResponse{Bonded: bonded}, nil
}

// delegate moves coins from the delegator into the voter's pool and returns what it took.
func (k *Keeper) delegate(ctx context.Context, index uint64, delegator sdk.AccAddress, amount sdk.Coin) (sdk.Coin, error) {
	if err := k.checkAmount(ctx, amount); err != nil {
		return amount, err
	}
	bonded, err := k.bond(ctx, index, delegator, amount.Amount)
	if err != nil {
		return amount, err
	}
	coin := sdk.NewCoin(amount.Denom, bonded)
	if err := k.bank.DelegateCoinsFromAccountToModule(ctx, delegator, types.ModuleName, sdk.NewCoins(coin)); err != nil {
		return amount, err
	}
	return coin, nil
}

// bond adds at most amount, already in or on its way to the module account, to the pool and to the delegation.
func (k *Keeper) bond(ctx context.Context, index uint64, delegator sdk.AccAddress, amount math.Int) (math.Int, error) {
	var shares, cost math.Int
	_, err := k.updateVoter(ctx, index, func(v *types.Voter) error {
		if v.Tombstoned {
			return types.ErrTombstoned.Wrapf("registration %d", v.Index)
		}
		pool, s, c, err := v.Bonded().Join(amount)
		shares, cost = s, c
		v.SetBonded(pool)
		return err
	})
	if err != nil {
		return math.Int{}, err
	}
	owned, err := k.shares(ctx, index, delegator)
	if err != nil {
		return math.Int{}, err
	}
	if err := k.setShares(ctx, index, delegator, owned.Add(shares)); err != nil {
		return math.Int{}, err
	}
	return cost, state.Emit(ctx, &types.EventDelegated{VoterIndex: index, Delegator: delegator.String(), Amount: cost.String()})
}

// Undelegate moves stake out of a voter's pool into an unbonding entry with this clock.
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
	shares, err := voter.Bonded().SharesFor(msg.Amount.Amount)
	if err != nil {
		return nil, err
	}
	owned, err := k.shares(ctx, voter.Index, delegator)
	if err != nil {
		return nil, err
	}
	if shares.GT(owned) {
		return nil, types.ErrNotDelegated.Wrapf("expected at most %s, found %s", voter.Bonded().Worth(owned), msg.Amount.Amount)
	}
	entry, err := k.unbond(ctx, voter, delegator, shares, clock)
	if err != nil {
		return nil, err
	}
	if err := k.setShares(ctx, voter.Index, delegator, owned.Sub(shares)); err != nil {
		return nil, err
	}
	return &types.MsgUndelegateResponse{UnbondingId: entry.Id, CompletionTime: entry.CompletionTime}, nil
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

func (k *Keeper) shares(ctx context.Context, voter uint64, delegator sdk.AccAddress) (math.Int, error) {
	shares, has, err := state.Found(k.delegations.Get(ctx, collections.Join(voter, []byte(delegator))))
	if err != nil {
		return shares, fmt.Errorf("read delegation: %w", err)
	}
	if !has {
		return math.ZeroInt(), nil
	}
	return shares, nil
}

// setShares writes a delegation, or removes it when nothing is left.
func (k *Keeper) setShares(ctx context.Context, voter uint64, delegator sdk.AccAddress, shares math.Int) error {
	id, reverse := collections.Join(voter, []byte(delegator)), collections.Join([]byte(delegator), voter)
	if shares.IsZero() {
		if err := k.delegations.Remove(ctx, id); err != nil {
			return fmt.Errorf("remove delegation: %w", err)
		}
		return k.delegationsByOwner.Remove(ctx, reverse)
	}
	if err := k.delegations.Set(ctx, id, shares); err != nil {
		return fmt.Errorf("set delegation: %w", err)
	}
	return k.delegationsByOwner.Set(ctx, reverse)
}

package stake

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A delegation is positions: shares of the voter's bonded and joining pools. Promoting a pool writes one record for all its owners; each
// takes its part when it does anything with the voter next. Shares of other pools are worth nothing: those were slashed to nothing.

// stored returns a delegation as it stands in the store.
func (k *Keeper) stored(ctx context.Context, voter uint64, delegator sdk.AccAddress) ([]types.Position, error) {
	positions, _, err := state.Found(k.delegations.Get(ctx, collections.Join(voter, []byte(delegator))))
	if err != nil {
		return nil, fmt.Errorf("read delegation: %w", err)
	}
	return positions.Positions, nil
}

// live turns a delegation into shares of pools that exist, ascending by pool. claim is told of each promotion of which it takes a part.
func (k *Keeper) live(
	ctx context.Context, v types.Voter, stored []types.Position, claim func(types.Promotion) error,
) ([]types.Position, error) {
	var live []types.Position
	claimed := math.ZeroInt()
	for _, p := range stored {
		if v.Owned(p.Pool) != nil {
			live = append(live, p)
			continue
		}
		promotion, has, err := state.Found(k.promotions.Get(ctx, collections.Join(v.Index, p.Pool)))
		if err != nil {
			return nil, fmt.Errorf("read promotion of pool %d: %w", p.Pool, err)
		}
		if !has {
			continue
		}
		part := promotion.Claim(p.Shares)
		if promotion.Into == v.Bonded.Number {
			claimed = claimed.Add(part)
		}
		if err := claim(promotion); err != nil {
			return nil, err
		}
	}
	return addShares(live, v.Bonded.Number, claimed), nil
}

// view is live without an effect.
func (k *Keeper) view(ctx context.Context, v types.Voter, stored []types.Position) ([]types.Position, error) {
	return k.live(ctx, v, stored, func(types.Promotion) error { return nil })
}

// positions returns a delegation in pools that exist, and takes its parts of promotions. The caller writes it with setPositions.
func (k *Keeper) positions(ctx context.Context, v types.Voter, delegator sdk.AccAddress) ([]types.Position, error) {
	stored, err := k.stored(ctx, v.Index, delegator)
	if err != nil {
		return nil, err
	}
	return k.live(ctx, v, stored, func(p types.Promotion) error { return k.setPromotion(ctx, p) })
}

// setPromotion writes a promotion, or removes it once nobody has a part in it.
func (k *Keeper) setPromotion(ctx context.Context, p types.Promotion) error {
	id := collections.Join(p.VoterIndex, p.Pool)
	if !p.Shares.IsPositive() {
		return k.promotions.Remove(ctx, id)
	}
	return k.promotions.Set(ctx, id, p)
}

// addShares adds shares of a pool to positions, ascending by pool.
func addShares(positions []types.Position, pool uint64, shares math.Int) []types.Position {
	if !shares.IsPositive() {
		return positions
	}
	at, has := slices.BinarySearchFunc(positions, pool, func(p types.Position, pool uint64) int { return cmp.Compare(p.Pool, pool) })
	if has {
		positions[at].Shares = positions[at].Shares.Add(shares)
		return positions
	}
	return slices.Insert(positions, at, types.Position{Pool: pool, Shares: shares})
}

// setPositions writes a delegation, or removes it when nothing is left.
func (k *Keeper) setPositions(ctx context.Context, voter uint64, delegator sdk.AccAddress, positions []types.Position) error {
	id, reverse := collections.Join(voter, []byte(delegator)), collections.Join([]byte(delegator), voter)
	positions = slices.DeleteFunc(positions, func(p types.Position) bool { return !p.Shares.IsPositive() })
	if len(positions) == 0 {
		if err := k.delegations.Remove(ctx, id); err != nil {
			return fmt.Errorf("remove delegation: %w", err)
		}
		return k.delegationsByOwner.Remove(ctx, reverse)
	}
	if err := k.delegations.Set(ctx, id, types.Positions{Positions: positions}); err != nil {
		return fmt.Errorf("set delegation: %w", err)
	}
	return k.delegationsByOwner.Set(ctx, reverse)
}

// worth returns the base units that positions are worth, each rounded down, and the part of them that earns nothing yet.
func worth(v types.Voter, positions []types.Position) (all, joining math.Int) {
	all, joining = math.ZeroInt(), math.ZeroInt()
	for _, p := range positions {
		tokens := v.Owned(p.Pool).Worth(p.Shares)
		all = all.Add(tokens)
		if p.Pool != v.Bonded.Number {
			joining = joining.Add(tokens)
		}
	}
	return all, joining
}

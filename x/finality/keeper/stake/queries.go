package stake

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/dualchain/dualchain/x/finality/types"
)

// Voters lists the voters that the filter keeps, a page at a time.
func (k *Keeper) Voters(ctx context.Context, page *query.PageRequest, keep func(types.Voter) bool) ([]types.Voter, *query.PageResponse, error) {
	return query.CollectionFilteredPaginate(ctx, k.voters, page,
		func(_ uint64, v types.Voter) (bool, error) { return keep(v), nil },
		func(_ uint64, v types.Voter) (types.Voter, error) { return v, nil })
}

// Delegations lists the delegations to a voter, a page at a time.
func (k *Keeper) Delegations(ctx context.Context, voter types.Voter, page *query.PageRequest) ([]types.DelegationBalance, *query.PageResponse, error) {
	return query.CollectionPaginate(ctx, k.delegations, page,
		func(id collections.Pair[uint64, []byte], stored types.Positions) (types.DelegationBalance, error) {
			return k.balanceOf(ctx, voter, sdk.AccAddress(id.K2()), stored.Positions)
		}, query.WithCollectionPaginationPairPrefix[uint64, []byte](voter.Index))
}

// DelegatorDelegations lists the delegations of an account, a page at a time.
func (k *Keeper) DelegatorDelegations(
	ctx context.Context, delegator sdk.AccAddress, page *query.PageRequest,
) ([]types.DelegationBalance, *query.PageResponse, error) {
	return query.CollectionPaginate(ctx, k.delegationsByOwner, page,
		func(id collections.Pair[[]byte, uint64], _ collections.NoValue) (types.DelegationBalance, error) {
			voter, err := k.Voter(ctx, id.K2())
			if err != nil {
				return types.DelegationBalance{}, err
			}
			stored, err := k.stored(ctx, voter.Index, delegator)
			if err != nil {
				return types.DelegationBalance{}, err
			}
			return k.balanceOf(ctx, voter, delegator, stored)
		}, query.WithCollectionPaginationPairPrefix[[]byte, uint64](delegator))
}

// Unbondings lists the unbonding entries of an account, a page at a time.
func (k *Keeper) Unbondings(
	ctx context.Context, delegator sdk.AccAddress, page *query.PageRequest, clocks Clocks,
) ([]types.UnbondingBalance, *query.PageResponse, error) {
	return query.CollectionPaginate(ctx, k.unbondingsByDelegator, page,
		func(id collections.Pair[[]byte, uint64], _ collections.NoValue) (types.UnbondingBalance, error) {
			return k.unbondingBalance(ctx, id.K2(), clocks)
		}, query.WithCollectionPaginationPairPrefix[[]byte, uint64](delegator))
}

func (k *Keeper) unbondingBalance(ctx context.Context, id uint64, clocks Clocks) (types.UnbondingBalance, error) {
	entry, err := k.unbondings.Get(ctx, id)
	if err != nil {
		return types.UnbondingBalance{}, err
	}
	voter, err := k.Voter(ctx, entry.VoterIndex)
	if err != nil {
		return types.UnbondingBalance{}, err
	}
	at, started, err := completion(ctx, clocks, entry)
	if err != nil {
		return types.UnbondingBalance{}, err
	}
	if started {
		entry.CompletionTime = &at
	}
	balance := math.ZeroInt()
	if entry.Pool == voter.Unbonding.Number {
		balance = voter.Unbonding.Worth(entry.Shares)
	}
	return types.UnbondingBalance{Unbonding: entry, Balance: balance, Frozen: voter.Tombstoned}, nil
}

func (k *Keeper) balanceOf(ctx context.Context, v types.Voter, delegator sdk.AccAddress, stored []types.Position) (types.DelegationBalance, error) {
	positions, err := k.view(ctx, v, stored)
	if err != nil {
		return types.DelegationBalance{}, err
	}
	all, joining := worth(v, positions)
	return types.DelegationBalance{
		Delegation: types.Delegation{VoterIndex: v.Index, Delegator: delegator.String(), Positions: positions},
		Balance:    all, Joining: joining,
	}, nil
}

// Total returns all bonded and all unbonding stake.
func (k *Keeper) Total(ctx context.Context) (bonded, unbonding math.Int, err error) {
	bonded, unbonding = math.ZeroInt(), math.ZeroInt()
	err = k.voters.Walk(ctx, nil, func(_ uint64, v types.Voter) (bool, error) {
		bonded, unbonding = bonded.Add(v.BondedTokens()), unbonding.Add(v.Unbonding.Tokens)
		return false, nil
	})
	return bonded, unbonding, err
}

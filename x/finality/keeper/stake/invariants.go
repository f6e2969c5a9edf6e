package stake

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/dualchain/dualchain/x/finality/types"
)

// CheckInvariants returns an error unless the books add up: the module account holds exactly the voters' pools, each pool's shares
// are its owners', and the ranking is what the voters' stakes say.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	bonded, unbonding, stake := map[uint64]math.Int{}, map[uint64]math.Int{}, math.ZeroInt()
	rankedVoters := 0
	add := func(sums map[uint64]math.Int, voter uint64, shares math.Int) {
		if sum, has := sums[voter]; has {
			shares = shares.Add(sum)
		}
		sums[voter] = shares
	}
	err = errors.Join(
		k.delegations.Walk(ctx, nil, func(id collections.Pair[uint64, []byte], shares math.Int) (bool, error) {
			add(bonded, id.K1(), shares)
			return false, nil
		}),
		k.unbondings.Walk(ctx, nil, func(_ uint64, u types.Unbonding) (bool, error) {
			add(unbonding, u.VoterIndex, u.Shares)
			return false, nil
		}),
		k.voters.Walk(ctx, nil, func(_ uint64, v types.Voter) (bool, error) {
			stake = stake.Add(v.Stake())
			add(bonded, v.Index, math.ZeroInt())
			add(unbonding, v.Index, math.ZeroInt())
			if !bonded[v.Index].Equal(v.Shares) || !unbonding[v.Index].Equal(v.UnbondingShares) {
				return true, fmt.Errorf("voter %d: expected shares %s and %s, found %s and %s",
					v.Index, bonded[v.Index], unbonding[v.Index], v.Shares, v.UnbondingShares)
			}
			if v.Tokens.IsNegative() || v.UnbondingTokens.IsNegative() {
				return true, fmt.Errorf("voter %d: negative pool: %s and %s", v.Index, v.Tokens, v.UnbondingTokens)
			}
			if !ranked(v) {
				return false, nil
			}
			rankedVoters++
			listed, err := k.ranking.Has(ctx, collections.Join(invert(v.Tokens), v.Index))
			if err == nil && !listed {
				err = fmt.Errorf("voter %d: not ranked by its stake %s", v.Index, v.Tokens)
			}
			return err != nil, err
		}),
		k.ranking.Walk(ctx, nil, func(collections.Pair[[]byte, uint64], []byte) (bool, error) {
			rankedVoters--
			return false, nil
		}),
	)
	if err != nil {
		return err
	}
	if rankedVoters != 0 {
		return fmt.Errorf("the ranking has %d voters too many", -rankedVoters)
	}
	held := k.bank.GetBalance(ctx, k.accounts.GetModuleAddress(types.ModuleName), params.BondDenom).Amount
	if !held.Equal(stake) {
		return types.ErrInvalidGenesis.Wrapf("expected the module account to hold %s%s, the sum of all pools; found %s",
			stake, params.BondDenom, held)
	}
	return nil
}

package stake

import (
	"context"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/dualchain/dualchain/x/finality/types"
)

// CheckInvariants returns an error unless the books add up: the module account holds exactly the voters' pools, each pool's shares
// are its owners', and the ranking is what the voters' counted stakes say.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	var books types.GenesisState
	if err := k.ExportGenesis(ctx, &books); err != nil {
		return err
	}
	if err := books.ValidateShares(); err != nil {
		return err
	}
	stake, rankedVoters := math.ZeroInt(), 0
	for _, v := range books.Voters {
		stake = stake.Add(v.Stake())
		counted := counted(v, params)
		if !counted.IsPositive() {
			continue
		}
		rankedVoters++
		listed, err := k.ranking.Has(ctx, collections.Join(invert(counted), v.Index))
		if err != nil {
			return fmt.Errorf("read ranking: %w", err)
		}
		if !listed {
			return fmt.Errorf("voter %d: not ranked by its counted stake %s", v.Index, counted)
		}
	}
	err = k.ranking.Walk(ctx, nil, func(collections.Pair[[]byte, uint64], []byte) (bool, error) {
		rankedVoters--
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("read ranking: %w", err)
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

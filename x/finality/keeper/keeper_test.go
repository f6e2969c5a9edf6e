package keeper

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/fakes"
	"github.com/dualchain/dualchain/x/finality/types"
)

// without is an account keeper that lacks one module account among its permissions.
type without struct {
	fakes.Accounts
	name string
}

// GetModuleAddress returns nil for the account that is missing, as x/auth does.
func (w without) GetModuleAddress(name string) sdk.AccAddress {
	if name == w.name {
		return nil
	}
	return w.Accounts.GetModuleAddress(name)
}

func TestTheKeeperIsNotMadeWithoutItsModuleAccounts(t *testing.T) {
	for _, name := range []string{types.ModuleName, types.RewardsName} {
		require.PanicsWithValue(t,
			"x/finality: expected module account "+name+" among the permissions of the account keeper, found none",
			func() { NewKeeper(nil, nil, nil, without{name: name}, nil, nil, nil, "") }, name)
	}
}

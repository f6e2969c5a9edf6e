package app

import (
	"slices"
	"testing"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

type noOptions struct{}

func (noOptions) Get(string) any { return nil }

// An upgrade that adds both modules runs their InitGenesis in the order of migrations, and x/checkpoint asks x/finality.
func TestMigrationsRunFinalityBeforeCheckpointAndAuthLast(t *testing.T) {
	app, err := New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{})
	require.NoError(t, err)
	order := app.ModuleManager.OrderMigrations
	require.Less(t, slices.Index(order, finalitytypes.ModuleName), slices.Index(order, checkpointtypes.ModuleName))
	require.Equal(t, authtypes.ModuleName, order[len(order)-1])
	require.ElementsMatch(t, app.ModuleManager.OrderInitGenesis, order)
}

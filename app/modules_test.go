package app

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// An upgrade that adds both modules runs their InitGenesis in the order of migrations, and x/checkpoint asks x/finality.
func TestMigrationsRunFinalityBeforeCheckpointAndAuthLast(t *testing.T) {
	order := migrationOrder()
	require.Less(t, slices.Index(order, finalitytypes.ModuleName), slices.Index(order, checkpointtypes.ModuleName))
	require.Equal(t, authtypes.ModuleName, order[len(order)-1])
	require.Len(t, order, len(genesisOrder))
}

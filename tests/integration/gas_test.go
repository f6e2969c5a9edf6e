package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/dualchain/dualchain/testutil/fixture"
)

// The gas that a transaction used is under the next header's LastResultsHash. So it must not tell a node that has a voter
// set, or a verified aggregate, in memory from one that was just restarted.
func TestGasDoesNotDependOnWhatTheNodeRemembers(t *testing.T) {
	f := fixture.New(t, fixture.Voters(10, 10, 10), fixture.Interval(1))
	f.Blocks(1)
	agg := f.Aggregate(1, 0, 1)
	used := func() uint64 {
		ctx := f.Ctx().WithGasMeter(storetypes.NewInfiniteGasMeter())
		require.NoError(t, f.App.FinalityKeeper.CheckVotes(ctx, agg))
		return ctx.GasMeter().GasConsumed()
	}
	cold := used()
	require.Positive(t, cold)
	require.Equal(t, cold, used(), "gas with a warm memory")
}

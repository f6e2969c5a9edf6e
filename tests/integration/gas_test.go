package integration

import (
	"testing"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// The next header's LastResultsHash commits to the gas that a transaction used. So the gas must be the same on a node that
// has a voter set or a verified aggregate in memory and on a node that was just restarted.
func TestGasDoesNotDependOnWhatTheNodeRemembers(t *testing.T) {
	node := func() *fixture.Fixture {
		return fixture.New(t, fixture.Voters(10, 10, 10), fixture.Interval(1)).Blocks(1)
	}
	warm, cold := node(), node()
	agg := warm.Aggregate(1, 0, 1) // this loads the voter set
	used := func(f *fixture.Fixture) uint64 {
		ctx := f.Ctx().WithGasMeter(storetypes.NewInfiniteGasMeter())
		require.NoError(t, f.App.FinalityKeeper.CheckVotes(ctx, agg))
		return ctx.GasMeter().GasConsumed()
	}
	first := used(cold)
	require.Positive(t, first)
	require.Equal(t, first, used(cold), "the second time")
	require.Equal(t, first, used(warm), "on a node that had the set")
}

// Block-STM has no meter for the block's gas, so a transaction with a gas limit of 0 would end differently.
func TestATransactionWithoutGasIsNotForBlocks(t *testing.T) {
	f := fixture.New(t, fixture.Voters(10, 10, 10)).Blocks(1)
	gift := f.Sign(fixture.Tx{From: fixture.Operator(0), Gas: 1, Msgs: []sdk.Msg{
		&types.MsgUnjail{Operator: fixture.Operator(0).String()},
	}})
	require.True(t, f.Accepts(gift), "1 gas is enough to stand in a block, and to fail there")
	unmetered := f.WithoutGas(gift)
	require.False(t, f.Accepts(unmetered))
	require.NotContains(t, f.Prepare(unmetered), unmetered)
}

// A node loads keys at its start, and no gas depends on it: neither of votes nor of evidence, whose keys cost more if they are in no
// set in force.
func TestGasDoesNotDependOnTheKeysThatANodeHasLoaded(t *testing.T) {
	before := fixture.New(t, fixture.Voters(10, 10, 10, 5), fixture.Params(func(p *types.Params) { p.MinStake = fixture.Dual(10).Amount })).Blocks(3)
	used := func(f *fixture.Fixture, voter int) uint64 {
		ctx, _ := f.Ctx().WithGasMeter(storetypes.NewInfiniteGasMeter()).CacheContext()
		handler := f.App.MsgServiceRouter().Handler(&types.MsgSubmitEvidence{})
		_, err := handler(ctx, &types.MsgSubmitEvidence{Submitter: fixture.Alice.String(), Evidence: f.DoubleVote(3, voter)})
		require.NoError(t, err)
		return ctx.GasMeter().GasConsumed()
	}
	cold, loaded := before.Import().Blocks(1), before.Import().Blocks(1)
	before.Blocks(1)
	require.NoError(t, loaded.App.FinalityKeeper.LoadKeys(loaded.Ctx()))
	inForce, outsider := used(before, 0), used(before, 3)
	require.Greater(t, outsider, inForce+2*types.GasColdKey-10_000)
	for name, restarted := range map[string]*fixture.Fixture{"cold": cold, "loaded": loaded} {
		require.Equal(t, inForce, used(restarted, 0), name)
		require.Equal(t, outsider, used(restarted, 3), name)
	}
}

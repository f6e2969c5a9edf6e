package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/testutil/fixture"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A voter with one coin at stake costs its owner nothing to slash. Evidence against it must not make block space free.
func TestTheRefundGoesNoFurtherThanThePenalty(t *testing.T) {
	f := fixture.New(t, fixture.Voters(10, 10, 10), fixture.Interval(1)).Honest(0, 1, 2)
	registers := f.Registers(3, fixture.Udual(40))
	f.Do(fixture.Operator(3), registers).OK()
	reporter, fee := fixture.Operator(0), fixture.Udual(1_000)
	before := f.Balance(reporter)
	f.DoTx(fixture.Tx{From: reporter, Fee: sdk.NewCoins(fee), Msgs: []sdk.Msg{
		&types.MsgSubmitEvidence{Submitter: reporter.String(), Evidence: f.DoubleVote(1, 3)},
	}}).OK()
	penalty := f.Evidence(0).Penalty
	require.Equal(t, math.NewInt(2), penalty, "5 % of 40")
	require.Equal(t, before.Sub(fee.Amount).Add(penalty), f.Balance(reporter))
}

// Under Block-STM there is no meter for the block's gas, so a transaction that wants none would end in another way.
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

// A voter that was tombstoned weighs nothing from then on, in every set that still has it.
func TestATombstonedVoterWeighsNothingUntilItIsInNoSet(t *testing.T) {
	f := fixture.New(t, fixture.Voters(30, 30, 30, 10), fixture.Interval(1), fixture.Params(func(p *types.Params) { p.SetPeriod = 4 }))
	f.Honest(0, 1, 2, 3).Blocks(12)
	f.Report(fixture.Operator(1), f.DoubleVote(3, 2)).OK()
	finalized := f.Heads().Finalized
	f.Honest(0, 2).Blocks(3) // 60 of 100 bits, 30 of them weigh
	require.LessOrEqual(t, f.Heads().Justified, finalized+3, "without the tombstoned voter there is no quorum")
	f.Honest(0, 1, 3).Blocks(20) // 70 of 100
	require.Greater(t, f.Heads().Finalized, finalized+10, "finality goes on without it")
	for _, voter := range f.Set(f.Heads().Head) {
		require.NotEqual(t, fixture.NewVoter(2).Key, voter.Key, "it has left every set")
	}
}

// A genesis in which one of the two modules runs and the other starts would be a second anchor under the same chain id.
func TestAGenesisWithHalfARunningChainIsRefused(t *testing.T) {
	f := fixture.New(t, fixture.Voters(10, 10, 10), fixture.Interval(1)).Honest(0, 1, 2).Blocks(6)
	ctx := f.Ctx()
	_, anchored, err := f.App.FinalityKeeper.Anchor(ctx)
	require.False(t, anchored)
	require.ErrorIs(t, err, types.ErrInvalidGenesis)

	other := fixture.New(t, fixture.Voters(20, 10, 10), fixture.Interval(1))
	running, err := f.App.CheckpointKeeper.ExportGenesis(ctx)
	require.NoError(t, err)
	err = other.App.CheckpointKeeper.InitGenesis(other.Ctx().WithBlockHeight(f.Height()+1), *running)
	require.ErrorIs(t, err, checkpointtypes.ErrInvalidGenesis)
	require.ErrorContains(t, err, "are not the voter sets in force")
}

package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"

	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Slashing a voter with one coin at stake costs its owner nothing. Evidence against it must not make block space free.
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

func TestTheFeeOfGoodEvidenceIsRefunded(t *testing.T) {
	fee := sdk.NewCoins(fixture.Udual(12_345))
	report := func(f *fixture.Fixture, voter int) sdk.Msg {
		return &types.MsgSubmitEvidence{Submitter: fixture.Alice.String(), Evidence: f.DoubleVote(3, voter)}
	}
	reward := func(power int64) math.Int { return of(of(fixture.Dual(power).Amount, 50_000), 50_000) }
	gift := banktypes.NewMsgSend(fixture.Alice.Address(), fixture.Alice.Address(), sdk.NewCoins(fixture.Udual(1)))

	t.Run("alone", func(t *testing.T) {
		f := threeVoters(t)
		before := f.Balance(fixture.Alice)
		f.DoTx(fixture.Tx{From: fixture.Alice, Msgs: []sdk.Msg{report(f, 1)}, Fee: fee}).OK()
		require.Equal(t, before.Add(reward(30)), f.Balance(fixture.Alice))
	})
	t.Run("a second time it is kept", func(t *testing.T) {
		f := threeVoters(t)
		f.Report(fixture.Bob, f.DoubleVote(3, 1)).OK()
		before := f.Balance(fixture.Alice)
		f.DoTx(fixture.Tx{From: fixture.Alice, Msgs: []sdk.Msg{report(f, 1)}, Fee: fee}).Fails(types.ErrNobodyGuilty)
		require.Equal(t, before.SubRaw(12_345), f.Balance(fixture.Alice))
	})
	t.Run("with another message it is kept", func(t *testing.T) {
		f := threeVoters(t)
		before := f.Balance(fixture.Alice)
		f.DoTx(fixture.Tx{From: fixture.Alice, Msgs: []sdk.Msg{report(f, 1), gift}, Fee: fee}).OK()
		require.Equal(t, before.Add(reward(30)).SubRaw(12_345), f.Balance(fixture.Alice))
	})
	t.Run("two in one transaction are paid and the fee is kept", func(t *testing.T) {
		f := threeVoters(t)
		before := f.Balance(fixture.Alice)
		f.DoTx(fixture.Tx{From: fixture.Alice, Msgs: []sdk.Msg{report(f, 1), report(f, 2)}, Fee: fee}).OK()
		require.Equal(t, before.Add(reward(30)).Add(reward(30)).SubRaw(12_345), f.Balance(fixture.Alice))
	})
	t.Run("to the account that paid it", func(t *testing.T) {
		f := threeVoters(t)
		grant, err := feegrant.NewMsgGrantAllowance(&feegrant.BasicAllowance{}, fixture.Bob.Address(), fixture.Alice.Address())
		require.NoError(t, err)
		f.Do(fixture.Bob, grant).OK()
		alice, bob := f.Balance(fixture.Alice), f.Balance(fixture.Bob)
		f.DoTx(fixture.Tx{From: fixture.Alice, Msgs: []sdk.Msg{report(f, 1)}, Fee: fee, Granter: fixture.Bob.Address()}).OK()
		require.Equal(t, alice.Add(reward(30)), f.Balance(fixture.Alice))
		require.Equal(t, bob, f.Balance(fixture.Bob))
	})
}

func TestAVoterThatReportsItselfLoses(t *testing.T) {
	f := threeVoters(t, fixture.Params(func(p *types.Params) { p.ReporterFractionPpm = types.Million - 1 }))
	owned := func() math.Int { return f.Balance(fixture.Operator(1)).Add(f.Voter(1).Stake()) }
	before := owned()
	f.Report(fixture.Operator(1), f.DoubleVote(3, 1)).OK()
	require.True(t, owned().LT(before))
}

package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

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

package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// delegated returns what an account has bonded with voter i, and the part that earns nothing yet.
func delegated(f *fixture.Fixture, from fixture.Account, i int) (balance, joining math.Int) {
	f.T.Helper()
	resp, err := queries(f).DelegatorDelegations(f.Ctx(), &types.QueryDelegatorDelegationsRequest{Delegator: from.String()})
	require.NoError(f.T, err)
	for _, d := range resp.Delegations {
		if d.Delegation.VoterIndex == f.Registration(i) {
			return d.Balance, d.Joining
		}
	}
	return math.ZeroInt(), math.ZeroInt()
}

func shownVoter(f *fixture.Fixture, i int) *types.QueryVoterResponse {
	f.T.Helper()
	resp, err := queries(f).Voter(f.Ctx(), &types.QueryVoterRequest{Voter: fixture.Operator(i).String()})
	require.NoError(f.T, err)
	return resp
}

func TestNothingThatHappensInTheLastBlockChangesWhatAnEraPays(t *testing.T) {
	f := fixture.New(t, fixture.Voters(20), fixture.Params(fours), setPeriod(1)).Honest(0)
	payFee(f, 1_000_000)
	until(f, 7)
	edit := &types.MsgEditVoter{Operator: fixture.Operator(0).String(), CommissionPpm: types.Million}
	f.Do(fixture.Operator(0), edit).OK()
	require.Equal(t, &types.AnnouncedCommission{CommissionPpm: types.Million, FromEra: 2, FromEpoch: 9}, shownVoter(f, 0).Announced)
	f.Delegate(fixture.Alice, 0, fixture.Dual(180)).OK()
	operator := f.Balance(fixture.Operator(0))
	until(f, 10)
	require.Len(t, fixture.EventsOf[types.EventEraSettled](f), 1)
	own, _ := delegated(f, fixture.Operator(0), 0)
	require.Equal(t, fixture.Dual(20).Amount.AddRaw(1_000_000).String(), own.String(), "all of it to those who had the power, without commission")
	require.Equal(t, operator.String(), f.Balance(fixture.Operator(0)).String())
	late, joining := delegated(f, fixture.Alice, 0)
	require.Equal(t, fixture.Dual(180).Amount.String(), late.String())
	require.Equal(t, late.String(), joining.String())
	require.Equal(t, uint32(types.Million), shownVoter(f, 0).Voter.CommissionPpm, "era 2 is open")

	g := f.Import()
	payFee(f, 4_000_000)
	g.Repeat(f)
	for f.Height() < 26 {
		f.Blocks(1)
		g.Repeat(f)
		requireSameState(f, g)
	}
	late, joining = delegated(f, fixture.Alice, 0)
	require.Equal(t, int64(0), joining.Int64(), "it has had power in a whole era")
	require.InDelta(t, fixture.Dual(180).Amount.Int64(), late.Int64(), 1)
}

func TestQueriesShowWhatCountsOfAVotersStake(t *testing.T) {
	quarter := fixture.Params(func(p *types.Params) { p.MinSelfStakePpm = 250_000 })
	f := fixture.New(t, fixture.Voters(10, 10), quarter).Blocks(1)
	f.Delegate(fixture.Alice, 0, fixture.Dual(31)).Fails(types.ErrAboveCap)
	f.Delegate(fixture.Alice, 0, fixture.Dual(30)).OK()
	f.Undelegate(fixture.Operator(0), 0, fixture.Dual(4)).OK()
	shown := shownVoter(f, 0)
	for want, found := range map[int64]math.Int{36: shown.Bonded, 30: shown.Joining, 6: shown.Own, 24: shown.Counted, 12: shown.AboveCap} {
		require.Equal(t, fixture.Dual(want).Amount.String(), found.String())
	}
	params := f.Params()
	params.MinSelfStakePpm = 0
	f.Govern(&types.MsgUpdateParams{Authority: app.Authority(), Params: params})
	require.True(t, shownVoter(f, 0).AboveCap.IsZero())
}

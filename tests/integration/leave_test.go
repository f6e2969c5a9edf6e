package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/keeper"
	"github.com/dualchain/dualchain/x/finality/types"
)

func queries(f *fixture.Fixture) keeper.QueryServer {
	return keeper.QueryServer{Keeper: f.App.FinalityKeeper}
}

func unbondingTime(d time.Duration) fixture.Option {
	return fixture.Params(func(p *types.Params) { p.UnbondingTime = d })
}

// unbondings returns the entries of an account.
func unbondings(f *fixture.Fixture, account fixture.Account) []types.UnbondingBalance {
	f.T.Helper()
	resp, err := queries(f).Unbondings(f.Ctx(), &types.QueryUnbondingsRequest{Delegator: account.String()})
	require.NoError(f.T, err)
	return resp.Unbondings
}

// completion returns the completion time of an account's only entry, or false before its clock starts.
func completion(f *fixture.Fixture, account fixture.Account) (time.Time, bool) {
	f.T.Helper()
	entries := unbondings(f, account)
	require.Len(f.T, entries, 1)
	at := entries[0].Unbonding.CompletionTime
	if at == nil {
		return time.Time{}, false
	}
	return *at, true
}

// leaver starts a chain that voter 2 leaves with all its stake, 10, under pair 0.
func leaver(t *testing.T) *fixture.Fixture {
	f := fixture.New(t, fixture.Voters(30, 30, 10), setPeriod(4), unbondingTime(20*time.Second)).Honest(0, 1, 2).Blocks(1)
	f.Undelegate(fixture.Operator(2), 2, fixture.Dual(10)).OK()
	return f
}

func TestAVoterThatLeavesVotesUntilItIsInNoSideAndNotInNext(t *testing.T) {
	f := leaver(t)
	requirePowers(f, 2, 10, 10)
	requirePowers(untilPair(f, 1), 2, 10, 10)
	require.Zero(t, nextPower(f, 2))
	requirePowers(untilPair(f, 2), 2, 10, 0)
	last := f.Heads().Head
	untilPair(f, 3)
	requirePowers(f, 2, 0, 0)

	tally, err := f.App.FinalityKeeper.Tally(f.Ctx(), last)
	require.NoError(t, err)
	require.True(t, tally.Get(f.Position(last, 2)), "it voted to the end")
}

func TestTheClockOfStakeThatLeavesStartsWhenEverySetWasComputedAfterIt(t *testing.T) {
	f := leaver(t)
	for _, index := range []uint64{1, 2} {
		untilPair(f, index)
		_, started := completion(f, fixture.Operator(2))
		require.False(t, started, "pair %d", index)
	}
	untilPair(f, 3)
	at, started := completion(f, fixture.Operator(2))
	require.True(t, started)
	require.Equal(t, f.Now().Add(20*time.Second), at)
}

func TestStakeThatLeavesIsPaidAfterTheUnbondingTimeAndNotBefore(t *testing.T) {
	f := leaver(t)
	untilPair(f, 3)
	at, _ := completion(f, fixture.Operator(2))
	balance := f.Balance(fixture.Operator(2))
	for f.Now().Before(at.Add(-time.Second)) {
		f.Blocks(1)
		require.Equal(t, balance, f.Balance(fixture.Operator(2)), "at %s", f.Now())
	}
	f.Blocks(1)
	require.Equal(t, at, f.Now())
	require.Equal(t, balance.Add(fixture.Dual(10).Amount), f.Balance(fixture.Operator(2)))
	require.Empty(t, unbondings(f, fixture.Operator(2)))
	require.Len(t, fixture.EventsOf[types.EventUnbondingCompleted](f), 1)
}

func TestStakeThatLeavesIsSlashableUntilItIsPaid(t *testing.T) {
	for _, tc := range []struct {
		name  string
		after time.Duration // time of the block with the evidence, relative to when the stake is due
		left  int64
		err   error
	}{
		{"in the last block before", -time.Second, 9_500_000, nil},
		{"in the block that pays", 0, 9_500_000, nil},
		{"in the block after, while sets with its power are kept", time.Second, 0, nil},
		{"when they are dropped", 2 * time.Minute, 0, types.ErrNobodyGuilty},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := leaver(t)
			untilPair(f, 3)
			at, _ := completion(f, fixture.Operator(2))
			for f.Now().Before(at.Add(tc.after - time.Second)) {
				f.Blocks(1)
			}
			outcome := f.Report(fixture.Alice, f.DoubleVote(2, 2))
			require.Equal(t, at.Add(tc.after), f.Now())
			if tc.err != nil {
				outcome.Fails(tc.err)
				return
			}
			outcome.OK()
			require.True(t, f.Voter(2).Tombstoned)
			require.Equal(t, tc.left, f.Voter(2).Unbonding.Tokens.Int64())
			f.Blocks(5)
			if tc.left == 0 {
				require.Empty(t, unbondings(f, fixture.Operator(2)))
				return
			}
			require.Len(t, unbondings(f, fixture.Operator(2)), 1, "the rest is frozen")
			require.True(t, unbondings(f, fixture.Operator(2))[0].Frozen)
		})
	}
}

func TestPartOfAStayingVotersStakeWaitsToo(t *testing.T) {
	f := fixture.New(t, fixture.Voters(30, 30, 10), setPeriod(4), unbondingTime(20*time.Second)).Honest(0, 1, 2).Blocks(1)
	f.Delegate(fixture.Alice, 0, fixture.Dual(5)).OK()
	untilPair(f, 2)
	f.Undelegate(fixture.Alice, 0, fixture.Dual(5)).OK()
	untilPair(f, 4)
	_, started := completion(f, fixture.Alice)
	require.False(t, started)
	untilPair(f, 5)
	at, started := completion(f, fixture.Alice)
	require.True(t, started)
	require.Equal(t, f.Now().Add(20*time.Second), at)
}

func TestEntriesOfLaterPairsHaveLaterClocks(t *testing.T) {
	f := fixture.New(t, fixture.Voters(30, 30, 10), setPeriod(4), unbondingTime(200*time.Second)).Honest(0, 1, 2).Blocks(1)
	f.Undelegate(fixture.Operator(0), 0, fixture.Dual(1)).OK()
	untilPair(f, 1)
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(1)).OK()
	untilPair(f, 3)
	first, started := completion(f, fixture.Operator(0))
	require.True(t, started)
	_, started = completion(f, fixture.Operator(1))
	require.False(t, started)
	untilPair(f, 4)
	second, started := completion(f, fixture.Operator(1))
	require.True(t, started)
	require.Equal(t, 4*time.Second, second.Sub(first))
}

// The last voters leave. Their set is copied and stays in force. The copy keeps the index at which it was computed.
func TestTheLastVotersStayBoundUntilTheyAreReplaced(t *testing.T) {
	f := fixture.New(t, fixture.Voters(10, 10), setPeriod(3), unbondingTime(10*time.Second)).Honest(0, 1).Blocks(1)
	f.Undelegate(fixture.Operator(0), 0, fixture.Dual(10)).OK()
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(10)).OK()
	untilPair(f, 8)
	requirePowers(f, 0, 10, 10)
	requirePowers(f, 1, 10, 10)
	require.Equal(t, f.Heads().Head-2, f.Heads().Finalized, "they still finalize")
	_, started := completion(f, fixture.Operator(0))
	require.False(t, started, "eight pairs later")

	f.Register(2, 5).OK()
	f.Honest(0, 1, 2)
	joined := pair(f) + 1 // the pair whose next set is the new voter
	for _, index := range []uint64{joined, joined + 1} {
		untilPair(f, index)
		_, started = completion(f, fixture.Operator(0))
		require.False(t, started, "pair %d", index)
	}
	untilPair(f, joined+2)
	requirePowers(f, 0, 0, 0)
	requirePowers(f, 2, 5, 5)
	for _, i := range []int{0, 1} {
		at, started := completion(f, fixture.Operator(i))
		require.True(t, started)
		require.Equal(t, f.Now().Add(10*time.Second), at)
	}
	f.Wait(10 * time.Second)
	require.Empty(t, unbondings(f, fixture.Operator(0)))
	require.Empty(t, unbondings(f, fixture.Operator(1)))
}

// Two voters leave and the third is slashed. No voter is eligible, and copies of the last set, with the third, stay in force.
func TestASlashedVoterWeighsNothingInCopiesOfItsSet(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 30), setPeriod(6)).Honest(0, 1).Blocks(1)
	f.Undelegate(fixture.Operator(0), 0, fixture.Dual(40)).OK()
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(30)).OK()
	f.Report(fixture.Alice, f.DoubleVote(3, 2)).OK()
	untilPair(f, 5)
	requirePowers(f, 2, 30, 30)
	epoch := f.Heads().Head
	f.Honest().Vote(epoch, 0, 2).Blocks(1)
	require.False(t, checkpoint(f, epoch).Justified, "70 of 100 bits, 30 of them weigh nothing")
	f.Vote(epoch, 1).Blocks(1)
	require.True(t, checkpoint(f, epoch).Justified)
}

func TestAShorterUnbondingTimeHoldsForClocksThatStartAfterIt(t *testing.T) {
	f := fixture.New(t, fixture.Voters(30, 30, 30), setPeriod(4), unbondingTime(120*time.Second)).Honest(0, 1, 2).Blocks(1)
	f.Undelegate(fixture.Operator(0), 0, fixture.Dual(1)).OK()
	untilPair(f, 3)
	first, started := completion(f, fixture.Operator(0))
	require.True(t, started)
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(1)).OK()
	params := f.Params()
	params.UnbondingTime = time.Second
	f.Govern(&types.MsgUpdateParams{Authority: app.Authority(), Params: params})
	untilPair(f, pair(f)+3)
	require.Empty(t, unbondings(f.Blocks(1), fixture.Operator(1)), "it does not wait for those who left earlier")
	require.True(t, f.Now().Before(first))
	require.Len(t, unbondings(f, fixture.Operator(0)), 1)
	f.Wait(first.Sub(f.Now()))
	require.Empty(t, unbondings(f, fixture.Operator(0)))
}

func TestStakeThatWasUndelegatedBeforeTheAnchorStartsItsClockAtOnce(t *testing.T) {
	f := fixture.New(t, unbondingTime(10*time.Second)).Blocks(1)
	f.Do(fixture.Operator(0), f.Registers(0, fixture.Udual(types.DefaultPowerReduction-1))).OK()
	require.False(t, f.Anchored(), "one udual short of eligible")
	f.Undelegate(fixture.Operator(0), 0, fixture.Udual(1000)).OK()
	at, started := completion(f, fixture.Operator(0))
	require.True(t, started)
	require.Equal(t, f.Now().Add(10*time.Second), at)
	f.Blocks(9)
	require.Len(t, unbondings(f, fixture.Operator(0)), 1)
	f.Blocks(1)
	require.Empty(t, unbondings(f, fixture.Operator(0)))
}

func TestCancellingBondsAnEntryAgain(t *testing.T) {
	f := leaver(t)
	entry := unbondings(f, fixture.Operator(2))[0].Unbonding
	cancel := &types.MsgCancelUnbonding{Delegator: fixture.Operator(2).String(), UnbondingId: entry.Id}
	f.Do(fixture.Alice, &types.MsgCancelUnbonding{Delegator: fixture.Alice.String(), UnbondingId: entry.Id}).Fails(types.ErrUnbondingNotFound)
	f.Do(fixture.Operator(2), cancel).OK()
	require.Empty(t, unbondings(f, fixture.Operator(2)))
	require.Equal(t, fixture.Dual(10).Amount, f.Voter(2).BondedTokens())
	require.Equal(t, math.ZeroInt(), f.Voter(2).Unbonding.Tokens)
	f.Do(fixture.Operator(2), cancel).Fails(types.ErrUnbondingNotFound)
	requirePowers(untilPair(f, 3), 2, 10, 10)
}

func TestAnAccountHasAtMostMaxUnbondingsWithAVoter(t *testing.T) {
	two := fixture.Params(func(p *types.Params) { p.MaxUnbondings = 2 })
	f := fixture.New(t, fixture.Voters(10, 10), two).Blocks(1)
	f.Delegate(fixture.Operator(0), 1, fixture.Dual(1)).OK()
	for range 2 {
		f.Undelegate(fixture.Operator(0), 0, fixture.Dual(1)).OK()
	}
	f.Undelegate(fixture.Operator(0), 0, fixture.Dual(1)).Fails(types.ErrTooManyUnbondings)
	f.Undelegate(fixture.Operator(0), 1, fixture.Dual(1)).OK() // another voter
}

func TestNobodyTakesOutMoreThanItBonded(t *testing.T) {
	f := fixture.New(t, fixture.Voters(10, 10)).Blocks(1)
	f.Delegate(fixture.Alice, 0, fixture.Dual(3)).OK()
	f.Undelegate(fixture.Alice, 0, fixture.Dual(3).AddAmount(math.OneInt())).Fails(types.ErrNotDelegated)
	f.Undelegate(fixture.Bob, 0, fixture.Dual(1)).Fails(types.ErrNotDelegated)
	f.Undelegate(fixture.Alice, 1, fixture.Dual(1)).Fails(types.ErrNotDelegated)
	f.Undelegate(fixture.Alice, 0, fixture.Dual(3)).OK()
	f.Undelegate(fixture.Alice, 0, fixture.Udual(1)).Fails(types.ErrNotDelegated)
}

// A tombstoned voter weighs nothing from then on, in every set that still contains it.
func TestATombstonedVoterWeighsNothingUntilItIsInNoSet(t *testing.T) {
	f := fixture.New(t, fixture.Voters(30, 30, 30, 10), fixture.Interval(1), fixture.Params(func(p *types.Params) { p.SetPeriod = 4 }))
	f.Honest(0, 1, 2, 3).Blocks(12)
	f.Report(fixture.Operator(1), f.DoubleVote(3, 2)).OK()
	finalized := f.Heads().Finalized
	f.Honest(0, 2).Blocks(3) // 60 of 100 bits, 30 of them weigh
	require.LessOrEqual(t, f.Heads().Justified, finalized+3, "without the tombstoned voter there is no quorum")
	f.Honest(0, 1, 3).Blocks(20) // 70 of 100
	require.Greater(t, f.Heads().Finalized, finalized+10, "finality continues without it")
	for _, voter := range f.Set(f.Heads().Head) {
		require.NotEqual(t, fixture.NewVoter(2).Key, voter.Key, "it has left every set")
	}
}

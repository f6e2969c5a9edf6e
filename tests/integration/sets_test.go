package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

func setPeriod(epochs uint64) fixture.Option {
	return fixture.Params(func(p *types.Params) { p.SetPeriod = epochs })
}

// pair returns the index of the pair that the head commits to.
func pair(f *fixture.Fixture) uint64 { return checkpoint(f, f.Heads().Head).Pair }

func checkpoint(f *fixture.Fixture, epoch uint64) checkpointtypes.Record {
	f.T.Helper()
	r, err := f.App.CheckpointKeeper.Record(f.Ctx(), epoch)
	require.NoError(f.T, err)
	return r
}

// untilPair makes blocks until a pair is in force. Its checkpoint is then the head.
func untilPair(f *fixture.Fixture, index uint64) *fixture.Fixture {
	f.T.Helper()
	for range 100 {
		if pair(f) == index {
			return f
		}
		f.Blocks(1)
	}
	require.Fail(f.T, "no such pair", "expected %d, found %d", index, pair(f))
	return f
}

// powers returns the rear and the current power of a voter in an epoch, 0 for a side without the voter.
func powers(f *fixture.Fixture, epoch uint64, voter int) (rear, current uint64) {
	f.T.Helper()
	set := f.Set(epoch)
	if position, member := set.Position(fixture.NewVoter(voter).Key); member {
		return set[position].Rear, set[position].Current
	}
	return 0, 0
}

func requirePowers(f *fixture.Fixture, voter int, rear, current uint64) {
	f.T.Helper()
	r, c := powers(f, f.Heads().Head, voter)
	require.Equal(f.T, [2]uint64{rear, current}, [2]uint64{r, c}, "powers of voter %d in epoch %d", voter, f.Heads().Head)
}

func TestAPairIsInstalledOncePerPeriodWhileFinalityFollows(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), setPeriod(5)).Honest(0, 1, 2)
	for range 40 {
		f.Blocks(1)
		require.Equal(t, f.Heads().Head/5, pair(f), "epoch %d", f.Heads().Head)
	}
}

func TestTheFirstPairMayFollowAtOnceSinceTheAnchorIsFinal(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), setPeriod(3))
	f.Blocks(2)
	require.Equal(t, uint64(0), pair(f))
	f.Blocks(1)
	require.Equal(t, uint64(1), pair(f), "three epochs after the anchor")
}

func TestAPairIsNotInstalledBeforeACheckpointOfThePairInForceIsFinal(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), setPeriod(3)).Blocks(3)
	require.Equal(t, uint64(1), pair(f))
	require.Equal(t, uint64(3), f.Heads().Head)
	f.Vote(1, 0, 1, 2).Vote(2, 0, 1, 2).Vote(3, 0, 1, 2) // all from the anchor: none finalizes
	f.Blocks(10)
	require.Equal(t, heads{Head: 13, Justified: 3}, f.Heads())
	require.Equal(t, uint64(1), pair(f), "ten epochs later")

	f.Vote(13, 0, 1, 2).Blocks(1) // 3→13 spans epochs that nobody voted on: epoch 3 is not final
	require.Equal(t, uint64(1), pair(f))
	f.Vote(14, 0, 1, 2).Blocks(1) // 13→14
	require.Equal(t, heads{Head: 15, Justified: 14, Finalized: 13}, f.Heads())
	require.Equal(t, uint64(2), pair(f), "installed by the first checkpoint after a final one of pair 1")
}

func TestAFinalCheckpointOfAnOlderPairDoesNotInstall(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), setPeriod(3)).Blocks(1)
	f.Vote(1, 0, 1, 2).Blocks(1).Vote(2, 0, 1, 2).Blocks(1)
	require.Equal(t, heads{Head: 3, Justified: 2, Finalized: 1}, f.Heads())
	require.Equal(t, uint64(1), pair(f))
	f.Vote(3, 0, 1, 2).Blocks(1)
	require.Equal(t, heads{Head: 4, Justified: 3, Finalized: 2}, f.Heads()) // epoch 2 is of pair 0
	f.Blocks(10)
	require.Equal(t, uint64(1), pair(f))
	f.Vote(4, 0, 1, 2).Blocks(1)
	require.Equal(t, uint64(3), f.Heads().Finalized) // epoch 3 is of pair 1
	require.Equal(t, uint64(2), pair(f))
}

func TestEveryCheckpointOfAPairCommitsToTheSameSetsAndFixesItsSuccessor(t *testing.T) {
	f := fixture.New(t, fixture.Voters(5, 4, 3), setPeriod(4)).Honest(0, 1, 2)
	f.Blocks(2).Register(3, 2).OK()
	f.Delegate(fixture.Alice, 1, fixture.Dual(9)).OK()
	f.Blocks(5).Undelegate(fixture.Operator(2), 2, fixture.Dual(3)).OK()
	f.Honest(0, 1, 2, 3).Blocks(30)
	changes := 0
	for epoch := uint64(1); epoch <= f.Heads().Head; epoch++ {
		before, now := checkpoint(f, epoch-1), checkpoint(f, epoch)
		require.NoError(t, now.Extends(before.Checkpoint))
		if now.Pair == before.Pair {
			continue
		}
		if f.Set(epoch).Hash() != f.Set(epoch-1).Hash() {
			changes++
		}
		require.Equal(t, f.Set(epoch-1).CurrentSide(), f.Set(epoch).RearSide(), "rear of pair %d", now.Pair)
		require.Equal(t, before.NextVoterSetHash, f.Set(epoch).CurrentSide().Hash(), "current of pair %d", now.Pair)
	}
	require.Greater(t, changes, 3)
}

func TestUpcomingSetsAreWhatIsInstalled(t *testing.T) {
	f := fixture.New(t, fixture.Voters(5, 4, 3), setPeriod(4)).Honest(0, 1, 2).Blocks(1)
	f.Register(3, 7).OK()
	for range 20 {
		upcoming, err := f.App.FinalityKeeper.UpcomingSets(f.Ctx())
		require.NoError(t, err)
		f.Honest(0, 1, 2, 3).Blocks(1)
		require.Contains(t, upcoming, f.Set(f.Heads().Head).Hash(), "epoch %d", f.Heads().Head)
	}
}

func TestAVoterJoinsFirstNextThenCurrentThenRear(t *testing.T) {
	f := fixture.New(t, fixture.Voters(10, 10, 10), setPeriod(4)).Honest(0, 1, 2).Blocks(1)
	f.Register(3, 7).OK()
	requirePowers(untilPair(f, 1), 3, 0, 0)
	require.Equal(t, uint64(7), nextPower(f, 3))
	requirePowers(untilPair(f, 2), 3, 0, 7)
	requirePowers(untilPair(f, 3), 3, 7, 7)
}

func nextPower(f *fixture.Fixture, voter int) uint64 {
	f.T.Helper()
	resp, err := queries(f).Voter(f.Ctx(), &types.QueryVoterRequest{Voter: fixture.Operator(voter).String()})
	require.NoError(f.T, err)
	return resp.Next
}

func TestPowerThatChangesArrivesInCurrentThenInRear(t *testing.T) {
	f := fixture.New(t, fixture.Voters(10, 10, 10), setPeriod(4)).Honest(0, 1, 2).Blocks(1)
	f.Delegate(fixture.Alice, 0, fixture.Dual(5)).OK()
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(4)).OK()
	for _, tc := range []struct {
		pair              uint64
		voter             int
		rear, current     uint64
		nextAfterThisPair uint64
	}{
		{pair: 1, voter: 0, rear: 10, current: 10, nextAfterThisPair: 15},
		{pair: 1, voter: 1, rear: 10, current: 10, nextAfterThisPair: 6},
		{pair: 2, voter: 0, rear: 10, current: 15, nextAfterThisPair: 15},
		{pair: 2, voter: 1, rear: 10, current: 6, nextAfterThisPair: 6},
		{pair: 3, voter: 0, rear: 15, current: 15, nextAfterThisPair: 15},
		{pair: 3, voter: 1, rear: 6, current: 6, nextAfterThisPair: 6},
	} {
		untilPair(f, tc.pair)
		requirePowers(f, tc.voter, tc.rear, tc.current)
		require.Equal(t, tc.nextAfterThisPair, nextPower(f, tc.voter))
	}
}

func TestAQuorumIsNeededInBothSides(t *testing.T) {
	joined := func(t *testing.T) *fixture.Fixture { // pair 2: rear 10 (old), current 10 (old) + 40 (new)
		f := fixture.New(t, fixture.Voters(10), setPeriod(3)).Honest(0).Blocks(1)
		f.Register(1, 40).OK()
		f.Honest(0)
		untilPair(f, 2).Honest()
		requirePowers(f, 0, 10, 10)
		requirePowers(f, 1, 0, 40)
		return f
	}
	for _, tc := range []struct {
		name   string
		voters []int
		quorum bool
	}{
		{"the rear side alone", []int{0}, false},
		{"the current side alone", []int{1}, false},
		{"both sides", []int{0, 1}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := joined(t)
			epoch := f.Heads().Head
			f.Vote(epoch, tc.voters...).Blocks(1)
			require.Equal(t, tc.quorum, checkpoint(f, epoch).Justified)
		})
	}
}

func TestOnlyMaxVotersWithTheMostStakeAreEligibleTiesByRegistration(t *testing.T) {
	three := fixture.Params(func(p *types.Params) { p.MaxVoters = 3 })
	for _, tc := range []struct {
		name   string
		powers []uint64
		voters []int
	}{
		{"by stake", []uint64{1, 2, 3, 4}, []int{1, 2, 3}},
		{"ties by registration", []uint64{5, 5, 5, 5}, []int{0, 1, 2}},
		{"a tie for the last place", []uint64{4, 9, 4, 9}, []int{0, 1, 3}},
		{"as many as there are", []uint64{1, 1, 1}, []int{0, 1, 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := fixture.New(t, fixture.Voters(tc.powers...), three)
			var found []int
			for i := range tc.powers {
				if _, member := f.Set(0).Position(fixture.NewVoter(i).Key); member {
					found = append(found, i)
				}
			}
			require.Equal(t, tc.voters, found)
		})
	}
}

func TestOnlyVotersWithMinStakeAreEligible(t *testing.T) {
	five := fixture.Params(func(p *types.Params) { p.MinStake = fixture.Dual(5).Amount })
	f := fixture.New(t, fixture.Voters(4, 6), five, setPeriod(3)).Honest(1).Blocks(1)
	f.Delegate(fixture.Operator(0), 0, fixture.Dual(1).SubAmount(fixture.Udual(1).Amount)).OK() // one udual less than 5
	untilPair(f, 2)
	requirePowers(f, 0, 0, 0)
	f.Delegate(fixture.Operator(0), 0, fixture.Udual(1)).OK()
	untilPair(f, 4)
	requirePowers(f, 0, 0, 5)
}

func TestPowerIsStakeInWholeUnits(t *testing.T) {
	f := fixture.New(t, fixture.Voters(3), setPeriod(3)).Honest(0).Blocks(1)
	f.Delegate(fixture.Alice, 0, fixture.Udual(types.DefaultPowerReduction-1)).OK()
	requirePowers(untilPair(f, 3), 0, 3, 3)
	f.Delegate(fixture.Alice, 0, fixture.Udual(1)).OK()
	requirePowers(untilPair(f, 6), 0, 4, 4)
}

func TestSetsAreWhatTheirHashesSay(t *testing.T) {
	f := fixture.New(t, fixture.Voters(3, 2, 1))
	anchor := checkpoint(f, 0)
	set := f.Set(0)
	require.Equal(t, set.Hash(), anchor.VoterSetHash)
	require.Equal(t, set.CurrentSide().Hash(), anchor.NextVoterSetHash)
	require.Equal(t, set.RearSide(), set.CurrentSide(), "pair 0 is (S, S)")
	require.NoError(t, set.Validate())
	_, total := set.Totals()
	require.Equal(t, ffg.Power{Lo: 6}, total)
}

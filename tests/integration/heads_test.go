// Package integration tests the whole application block by block, with one concern per file. The chain comes from
// testutil/fixture: the real application in memory, checked after every block.
package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

type heads = fixture.Heads

func TestAtInterval1FinalityIsTwoBlocksBehindTheHead(t *testing.T) {
	f := fixture.New(t, fixture.Voters(34, 33, 33)).Honest(0, 1, 2)
	f.Expect(heads{})
	f.Blocks(1).Expect(heads{Head: 1})
	f.Blocks(1).Expect(heads{Head: 2, Justified: 1})
	for range 30 {
		f.Blocks(1)
		h := uint64(f.Height())
		f.Expect(heads{Head: h, Justified: h - 1, Finalized: h - 2})
	}
}

func TestAtInterval5FinalityLagsTwoIntervalsAtMost(t *testing.T) {
	f := fixture.New(t, fixture.Voters(34, 33, 33), fixture.Interval(5)).Honest(0, 1, 2)
	f.Blocks(4).Expect(heads{})
	f.Blocks(1).Expect(heads{Head: 1})
	f.Blocks(1).Expect(heads{Head: 1, Justified: 1})
	f.Blocks(4).Expect(heads{Head: 2, Justified: 1})
	f.Blocks(1).Expect(heads{Head: 2, Justified: 2, Finalized: 1})
	for range 30 {
		f.Blocks(1)
		lag := uint64(f.Height()) - 5*f.Heads().Finalized
		require.LessOrEqual(t, lag, uint64(2*5+2), "at height %d", f.Height())
	}
}

func TestALateVoteForAnIntermediateCheckpointFinalizesByTheLinkThatSpansIt(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1))
	f.Blocks(1).Expect(heads{Head: 1})
	f.Vote(1, 0, 1).Blocks(1).Expect(heads{Head: 2, Justified: 1})
	f.Blocks(1).Expect(heads{Head: 3, Justified: 1})
	f.Vote(2, 0, 1).Blocks(1).Expect(heads{Head: 4, Justified: 2, Finalized: 1})
	f.Vote(4, 0, 1).Blocks(1).Expect(heads{Head: 5, Justified: 4, Finalized: 1}) // 2→4 spans 3, which is not justified
	require.Equal(t, uint64(1), f.Canonical(3).Source.Epoch)
	f.Vote(3, 0, 1).Blocks(1).Expect(heads{Head: 6, Justified: 4, Finalized: 2}) // 1→3 completes it
}

func TestVotesHeldBackPastEachBoundaryDelayFinalityAndDoNotStopIt(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Blocks(2)
	for range 20 {
		held := f.Heads().Head - 1 // its votes come after the next checkpoint, so no link joins consecutive epochs
		f.Vote(held, 0, 1, 2).Blocks(1)
		h := f.Heads().Head
		require.Equal(t, h-2, f.Heads().Justified)
		if h > 5 {
			require.Equal(t, h-2, f.Canonical(h).Source.Epoch)
			require.Equal(t, h-4, f.Heads().Finalized)
		}
	}
}

func TestAnOldCheckpointThatIsJustifiedLateDoesNotMoveTheHeads(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Blocks(1).Honest(0, 1, 2).Blocks(1)
	f.Honest().Blocks(1).Honest(0, 1, 2).Blocks(3)
	h := f.Heads()
	require.Greater(t, h.Finalized, uint64(2))
	f.Vote(2, 0, 1, 2).Honest().Blocks(1).Expect(heads{Head: h.Head + 1, Justified: h.Justified, Finalized: h.Finalized})
	require.Equal(t, 1, len(fixture.EventsOf[types.EventVotesAccepted](f)))
}

func TestQuorumIsTwoThirdsExactly(t *testing.T) {
	for _, tc := range []struct {
		name      string
		powers    []uint64
		votes     []int
		justified uint64
	}{
		{"all", []uint64{1, 1, 1}, []int{0, 1, 2}, 1},
		{"exactly two thirds", []uint64{1, 1, 1}, []int{0, 2}, 1},
		{"exactly two thirds by one voter", []uint64{200, 100}, []int{0}, 1},
		{"one unit below two thirds", []uint64{199, 101}, []int{0}, 0},
		{"the least above two thirds of 100", []uint64{67, 33}, []int{0}, 1},
		{"the most below two thirds of 100", []uint64{66, 34}, []int{0}, 0},
		{"a third", []uint64{1, 1, 1}, []int{1}, 0},
		{"one voter alone", []uint64{1}, []int{0}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := fixture.New(t, fixture.Voters(tc.powers...)).Blocks(1)
			f.Vote(1, tc.votes...).Blocks(1).Expect(heads{Head: 2, Justified: tc.justified})
			f.Blocks(3).Expect(heads{Head: 5, Justified: tc.justified})
		})
	}
}

func TestVotesAddUpOverBlocks(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1, 1)).Blocks(1)
	f.Vote(1, 0).Blocks(1).Expect(heads{Head: 2})
	f.Vote(1, 1).Blocks(1).Expect(heads{Head: 3})
	f.Vote(1, 2).Blocks(1).Expect(heads{Head: 4, Justified: 1})
	f.Vote(1, 3).Blocks(1).Expect(heads{Head: 5, Justified: 1})
	accepted := fixture.EventsOf[types.EventVotesAccepted](f)
	require.Equal(t, []types.EventVotesAccepted{{Epoch: 1, Added: 1, Signers: 4}}, accepted)
}

func TestABlockJustifiesEveryEpochThatItBringsToQuorum(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Blocks(4)
	f.Vote(1, 0, 1).Vote(2, 0).Vote(3, 1, 2).Vote(4, 0, 1, 2).Blocks(1)
	for epoch, justified := range map[uint64]bool{1: true, 2: false, 3: true, 4: true} {
		require.Equal(t, justified, checkpoint(f, epoch).Justified, "epoch %d", epoch)
	}
	require.Equal(t, uint64(4), f.Heads().Justified)
}

func TestATallyTakesDisjointVotesAndStrictSupersetsOnly(t *testing.T) {
	for _, tc := range []struct {
		name  string
		first []int
		then  []int
		err   error // nil: accepted
		total int
	}{
		{"disjoint", []int{0, 1}, []int{2, 3}, nil, 4},
		{"a strict superset", []int{0, 1}, []int{0, 1, 3}, nil, 3},
		{"the same", []int{0, 1}, []int{0, 1}, types.ErrRedundant, 2},
		{"a subset", []int{0, 1}, []int{1}, types.ErrRedundant, 2},
		{"an overlap that adds one", []int{0, 1}, []int{1, 2}, types.ErrRedundant, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := fixture.New(t, fixture.Voters(1, 1, 1, 1)).Blocks(1).Vote(1, tc.first...).Blocks(1)
			agg := f.Aggregate(1, tc.then...)
			require.Equal(t, tc.err == nil, f.Accepts(f.VoteTx(agg)))
			outcome := f.Submit(fixture.Alice, agg)
			if tc.err == nil {
				outcome.OK()
			} else {
				outcome.Fails(tc.err)
			}
			tally, err := f.App.FinalityKeeper.Tally(f.Ctx(), 1)
			require.NoError(t, err)
			require.Equal(t, tc.total, tally.Count())
		})
	}
}

func TestTheVoteWindowIsBoundedOnBothSides(t *testing.T) {
	window := func(p *types.Params) { p.VoteWindow = 4 }
	for _, tc := range []struct {
		name string
		back int // epochs behind the head
		err  error
	}{
		{"the head", 0, nil},
		{"the oldest", 3, nil},
		{"one too old", 4, types.ErrVoteWindow},
		{"one too new", -1, types.ErrVoteWindow},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := fixture.New(t, fixture.Voters(1, 1, 1, 1), fixture.Params(window)).Honest(0, 1, 2).Blocks(10).Honest()
			target := uint64(int(f.Heads().Head) - tc.back)
			vote := fixture.Fork("future", target-1, target)
			if tc.back >= 0 {
				vote = f.Canonical(target)
			}
			set := f.Set(f.Heads().Head)
			agg := ffg.AggregateVote{
				Vote: vote, VoterSetHash: set.Hash(), Signature: f.Signature(vote, 3),
				Signers: ffg.SingleBit(len(set), f.Position(1, 3)),
			}
			require.Equal(t, tc.err == nil, f.Accepts(f.VoteTx(agg)))
			if tc.err != nil {
				f.Submit(fixture.Alice, agg).Fails(tc.err)
				return
			}
			f.Submit(fixture.Alice, agg).OK()
		})
	}
}

func TestEpochZeroIsNeverVotedOn(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1)).Blocks(1)
	set := f.Set(0)
	vote := fixture.Fork("anchor", 0, 1)
	vote.Source, vote.Target = f.Canonical(1).Source, f.Canonical(1).Source
	agg := ffg.AggregateVote{Vote: vote, VoterSetHash: set.Hash(), Signers: ffg.SingleBit(1, 0), Signature: f.Signature(vote, 0)}
	f.Submit(fixture.Alice, agg).Fails(types.ErrInvalidVote)
}

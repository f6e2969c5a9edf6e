package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// kept returns what the chain keeps: checkpoints and tallies by epoch, and the finality state.
func kept(f *fixture.Fixture) (records, tallies map[uint64]bool, state *types.RunningState) {
	f.T.Helper()
	records, tallies = map[uint64]bool{}, map[uint64]bool{}
	exported, err := f.App.FinalityKeeper.ExportGenesis(f.Ctx())
	require.NoError(f.T, err)
	for _, tally := range exported.Running.Tallies {
		tallies[tally.Epoch] = true
	}
	checkpoints, err := f.App.CheckpointKeeper.ExportGenesis(f.Ctx())
	require.NoError(f.T, err)
	for _, r := range checkpoints.Chain.Records {
		records[r.Checkpoint.Epoch] = true
	}
	return records, tallies, exported.Running
}

func TestRecordsAreKeptUntilNobodyCanBeSlashedForThem(t *testing.T) {
	const unbonding = 10 * time.Second
	f := fixture.New(t, fixture.Voters(40, 30, 30), setPeriod(3), unbondingTime(unbonding), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow = 4, 4
	})).Honest(0, 1, 2)
	installed, pairOf := map[uint64]time.Time{0: f.Now()}, map[uint64]uint64{0: 0}
	for range 80 {
		f.Blocks(1)
		head := f.Heads().Head
		pairOf[head] = pair(f)
		if _, known := installed[pair(f)]; !known {
			installed[pair(f)] = f.Now()
		}
		records, tallies, _ := kept(f)
		for epoch := range pairOf {
			if records[epoch] && (epoch == 0 || epoch == head || tallies[epoch]) {
				continue
			}
			third, known := installed[pairOf[epoch]+3] // the first pair whose sets are all younger
			require.True(t, known, "epoch %d was pruned too early, at head %d", epoch, head)
			require.False(t, f.Now().Before(third.Add(unbonding)), "epoch %d was pruned too early, at head %d", epoch, head)
		}
	}
	records, tallies, state := kept(f)
	require.False(t, records[0])
	require.Less(t, len(records), 35, "about 10 s and 4 pairs of 3")
	require.Less(t, len(tallies), 35)
	require.Less(t, len(state.Pairs), 12)
	require.Len(t, state.Sets, 1, "one set, used by all pairs")
	require.Less(t, len(state.Clocks), 12)
	require.NotPanics(t, func() { askEverything(f) })
}

func TestSetsGoWithTheLastPairThatHasThem(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 30), setPeriod(3), unbondingTime(5*time.Second), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow = 4, 4
	})).Honest(0, 1, 2).Blocks(2)
	for range 5 {
		f.Delegate(fixture.Alice, 0, fixture.Dual(1)).OK()
		f.Blocks(5)
	}
	_, _, state := kept(f)
	require.Greater(t, len(state.Sets), 2)
	f.Blocks(50)
	_, _, state = kept(f)
	require.Len(t, state.Sets, 1)
}

func TestWhatAnUnsettledEraNeedsIsKept(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 30), setPeriod(3), unbondingTime(time.Second), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow = 60, 4
	})).Honest(0, 1, 2).Blocks(60)
	records, tallies, _ := kept(f)
	for epoch := uint64(1); epoch <= 60; epoch++ {
		require.True(t, records[epoch], "epoch %d", epoch)
		require.Equal(t, epoch < 60, tallies[epoch], "epoch %d", epoch)
	}
	f.Blocks(20)
	records, _, _ = kept(f)
	require.False(t, records[1], "the era was settled")
}

func TestTheSourceOfTheOldestOpenTargetIsKept(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 30), fixture.Interval(4), setPeriod(1), unbondingTime(time.Second), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow, p.MinParticipationPpm = 1, 20, 0
	})).Honest(0, 1).Blocks(4*40 + 3)
	oldest := f.Heads().Head - 19
	records, _, _ := kept(f)
	require.True(t, records[oldest-1])
	require.False(t, records[oldest-2], "pairs expire sooner than targets, and eras are settled at once")
	f.Submit(fixture.Alice, f.Aggregate(oldest, 2)).OK()
}

func TestNothingIsPrunedThatAStallNeeds(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 30), setPeriod(3), unbondingTime(time.Second), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow = 4, 4
	})).Honest(0, 1, 2).Blocks(30).Honest()
	at := f.Heads()
	f.Blocks(60)
	records, _, _ := kept(f)
	for epoch := at.Finalized; epoch <= f.Heads().Head; epoch++ {
		require.True(t, records[epoch], "epoch %d", epoch)
	}
	f.Honest(0, 1, 2).Blocks(4)
	require.Equal(t, f.Heads().Head-2, f.Heads().Finalized)
	f.Blocks(40)
	records, _, _ = kept(f)
	require.False(t, records[at.Finalized])
	require.True(t, records[f.Heads().Finalized])
}

func TestEvidenceOfPrunedEpochsIsAccepted(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 30), setPeriod(3), unbondingTime(time.Second), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow = 4, 4
	})).Honest(0, 1, 2).Blocks(40)
	records, _, _ := kept(f)
	require.False(t, records[3])
	f.Report(fixture.Alice, f.DoubleVote(3, 1)).OK()
}

func TestEveryBlockIsProvableUnderEveryCheckpointFromTheKeptNodes(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.Interval(3)).Blocks(40)
	exported, err := f.App.CheckpointKeeper.ExportGenesis(f.Ctx())
	require.NoError(t, err)
	nodes := map[history.NodeID][32]byte{}
	for _, n := range exported.Chain.HistoryNodes {
		hash, err := ffg.ParseRoot(n.Hash)
		require.NoError(t, err)
		nodes[history.NodeID{Level: uint(n.Level), Index: n.Index}] = hash
	}
	node := func(id history.NodeID) ([32]byte, error) {
		hash, kept := nodes[id]
		if !kept {
			return hash, fmt.Errorf("node %v is not kept", id)
		}
		return hash, nil
	}
	for epoch := uint64(1); epoch <= f.Heads().Head; epoch++ {
		r := checkpoint(f, epoch)
		require.Equal(t, r.Height, r.HistorySize, "the anchor stands at height 0")
		for height := uint64(1); height <= r.Height; height++ {
			proof, err := history.ProveInclusion(node, height-1, r.HistorySize)
			require.NoError(t, err)
			require.NoError(t, history.VerifyInclusion(f.BlockHash(int64(height)), height-1, r.HistorySize, proof, r.HistoryRoot))
		}
	}
}

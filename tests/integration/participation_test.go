package integration

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// participation queries a voter's participation in an era; "" is the open one.
func participation(f *fixture.Fixture, i int, era string) *types.QueryParticipationResponse {
	f.T.Helper()
	found, err := queries(f).Participation(f.Ctx(), &types.QueryParticipationRequest{Voter: strconv.Itoa(i), Era: era})
	require.NoError(f.T, err)
	return found
}

func TestParticipationCountsTheEpochsOfTheOpenEra(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 30, 20), fixture.Params(fours)).Honest(0, 1, 2)
	none := participation(f, 1, "")
	require.Equal(t, &types.QueryParticipationResponse{
		Era: types.Era{FirstEpoch: 1}, ExpectedWeight: "0", RecordedWeight: "0", MinParticipationPpm: 500_000, Accountable: true,
	}, none, "before its first epoch")

	f.Blocks(2).Honest(0, 2).Blocks(1).Honest(0, 1, 2).Blocks(1) // epochs 1 to 4; voter 1 missed the second
	require.Equal(t, &types.QueryParticipationResponse{
		Era: types.Era{FirstEpoch: 1}, Counted: 4, Epochs: 4, Recorded: 2, Pending: 2, // the fourth's votes come with the next block
		ExpectedWeight: "120", RecordedWeight: "60", ParticipationPpm: 500_000, MinParticipationPpm: 500_000, Accountable: true,
	}, participation(f, 1, ""))
	require.Equal(t, uint32(750_000), participation(f, 0, "").ParticipationPpm)

	f.Vote(2, 1).Blocks(1) // late, and in the window
	closed := participation(f, 1, "0")
	require.Equal(t, types.Era{FirstEpoch: 1, LastEpoch: 4}, closed.Era)
	require.Equal(t, [3]uint64{4, 4, 0}, [3]uint64{closed.Epochs, closed.Recorded, closed.Pending})
	require.Equal(t, uint32(types.Million), closed.ParticipationPpm)
	open := participation(f, 1, "")
	require.Equal(t, types.Era{Index: 1, FirstEpoch: 5}, open.Era)
	require.Equal(t, open, participation(f, 1, "1"))
}

func TestParticipationIsWhatTheSettlementFinds(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 30, 20), setPeriod(3), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow, p.RewardFractionPpm = 12, 4, types.Million
	})).Honest(0, 1, 2)
	f.Blocks(5).Honest(0, 1).Blocks(3)
	f.Register(3, 40).OK() // in the sets for a part of the era only: it earns nothing yet
	f.Honest(0, 1, 2, 3)
	payFee(f, 7_777_777)
	until(f, 17) // the settlement begins in this block and pays in the next
	pool, all := finalityPool(f), math.ZeroInt()
	before, found := make([]math.Int, 4), make([]*types.QueryParticipationResponse, 4)
	for i := range found {
		before[i], found[i] = f.Voter(i).BondedTokens(), participation(f, i, "0")
		all = all.Add(weight(t, found[i].ExpectedWeight))
	}
	require.Equal(t, uint64(12), found[0].Epochs)
	require.Less(t, found[3].Epochs, uint64(12))
	require.Less(t, found[2].Recorded, found[2].Epochs)
	f.Blocks(1)
	for i, p := range found {
		reward := pool.Mul(weight(t, p.RecordedWeight)).Quo(all)
		if i == 3 {
			reward = math.ZeroInt()
		}
		require.Equal(t, before[i].Add(reward).String(), f.Voter(i).BondedTokens().String(), "voter %d", i)
	}
	_, err := queries(f).Participation(f.Ctx(), &types.QueryParticipationRequest{Voter: "0", Era: "0"})
	require.Equal(t, codes.NotFound, status.Code(err), "a settled era is gone")
	require.Equal(t, uint64(1), participation(f, 0, "").OldestUnsettled)
}

func TestAMissingVoteIsPendingWhileItsEpochIsInTheWindow(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 50, 10), fixture.Params(fours)).Honest(0, 1)
	until(f, 7) // open: the epochs 4 to 7
	require.Equal(t, uint64(1), participation(f, 2, "0").Pending)
	f.Blocks(1)
	require.Zero(t, participation(f, 2, "0").Pending)
}

func weight(t *testing.T, decimal string) math.Int {
	t.Helper()
	n, valid := math.NewIntFromString(decimal)
	require.True(t, valid, decimal)
	return n
}

// For a voter that comes back from jail, the query says that missed epochs don't count, and they don't.
func TestParticipationTellsWhenAbsenceCounts(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 50, 10), fixture.Params(fours), setPeriod(1000)).Honest(0, 1)
	require.True(t, participation(f, 2, "").Accountable)
	until(f, 10)
	require.Equal(t, []int{2}, jailed(f, 3))
	require.False(t, participation(f, 2, "").Accountable, "a jailed voter is not jailed again")
	until(f, 19)
	f.Unjail(2).OK() // block 20, head 19: accountable from epoch 20, amid the era of the epochs 17 to 20
	f.Honest(0, 1, 2)
	missed := participation(f, 2, "")
	require.Equal(t, types.Era{Index: 4, FirstEpoch: 17}, missed.Era)
	require.Zero(t, missed.ParticipationPpm)
	require.False(t, missed.Accountable)
	f.Blocks(1)
	require.True(t, participation(f, 2, "").Accountable, "the era from epoch 21 on")
	until(f, 40)
	require.Empty(t, jailed(f, 3))
	require.Equal(t, uint64(3), participation(f, 2, "9").Recorded, "of the epochs 37 to 40; the last one's votes come with the next block")
}

func TestParticipationThatIsNotThere(t *testing.T) {
	f := fixture.New(t, fixture.Params(fours))
	f.Register(0, 1).OK()
	ask := func(voter, era string) codes.Code {
		_, err := queries(f).Participation(f.Ctx(), &types.QueryParticipationRequest{Voter: voter, Era: era})
		return status.Code(err)
	}
	f.Honest(0).Blocks(6)
	for _, tc := range []struct {
		voter, era string
		code       codes.Code
	}{
		{"0", "", codes.OK},
		{"0", "0", codes.OK},
		{"0", "1", codes.OK},
		{"0", "2", codes.NotFound},
		{"0", "-1", codes.InvalidArgument},
		{"0", "open", codes.InvalidArgument},
		{"1", "", codes.NotFound},
		{"nobody", "", codes.InvalidArgument},
	} {
		require.Equal(t, tc.code, ask(tc.voter, tc.era), "voter %q, era %q", tc.voter, tc.era)
	}
}

func TestThereIsNoParticipationBeforeTheAnchor(t *testing.T) {
	f := fixture.New(t).Blocks(1)
	f.Do(fixture.Operator(0), f.Registers(0, fixture.Udual(1))).OK() // too little to be eligible
	_, err := queries(f).Participation(f.Ctx(), &types.QueryParticipationRequest{Voter: "0"})
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
}

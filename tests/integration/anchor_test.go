package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
	"github.com/dualchain/dualchain/testutil/fixture"
	checkpointkeeper "github.com/dualchain/dualchain/x/checkpoint/keeper"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

func TestWithVotersAtGenesisTheAnchorStandsBeforeTheFirstBlock(t *testing.T) {
	for _, initial := range []int64{1, 10} {
		f := fixture.New(t, fixture.Voters(2, 1), fixture.InitialHeight(initial), fixture.Interval(3))
		require.True(t, f.Anchored())
		anchor := checkpoint(f, 0)
		require.Equal(t, ffg.Checkpoint{
			Height:           uint64(initial - 1),
			Time:             uint64(fixture.GenesisTime.UnixMilli()),
			HistoryRoot:      history.History{}.Root(),
			VoterSetHash:     f.Set(0).Hash(),
			NextVoterSetHash: f.Set(0).CurrentSide().Hash(),
		}, anchor.Checkpoint)
		require.True(t, anchor.Justified)

		f.Blocks(2).Expect(heads{})
		f.Blocks(1).Expect(heads{Head: 1})
		require.Equal(t, uint64(initial-1+3), checkpoint(f, 1).Height)
		require.Equal(t, uint64(3), checkpoint(f, 1).HistorySize)
		require.Equal(t, anchor.Root(), checkpoint(f, 1).ParentRoot)
	}
}

func TestAChainWithoutVotersGetsItsAnchorWithTheFirst(t *testing.T) {
	f := fixture.New(t, fixture.Interval(2)).Blocks(5)
	require.False(t, f.Anchored())
	require.NotPanics(t, func() { askEverything(f) })
	vote := fixture.Fork("early", 0, 1)
	signature := f.Signature(vote, 0)
	early := ffg.AggregateVote{Vote: vote, Signers: ffg.SingleBit(1, 0), Signature: signature}
	require.False(t, f.Accepts(f.VoteTx(early)))
	f.Submit(fixture.Alice, early).Fails(types.ErrNoEpochs)
	f.Check(f.Pack(early)).Fails(types.ErrNoEpochs)

	f.Register(0, 7).OK()
	require.True(t, f.Anchored())
	anchor := checkpoint(f, 0)
	require.Equal(t, uint64(f.Height()), anchor.Height)
	require.Equal(t, uint64(f.Now().UnixMilli()), anchor.Time)
	require.NotZero(t, anchor.BlockHash)
	require.Zero(t, anchor.HistorySize)
	f.Expect(heads{})

	f.Honest(0).Blocks(2).Expect(heads{Head: 1})
	require.Equal(t, uint64(2), checkpoint(f, 1).HistorySize)
	f.Blocks(4).Expect(heads{Head: 3, Justified: 2, Finalized: 1})
	require.NotPanics(t, func() { askEverything(f) })
}

func TestAVoterWithoutEnoughStakeIsNoAnchor(t *testing.T) {
	f := fixture.New(t, fixture.Params(func(p *types.Params) { p.MinStake = fixture.Dual(5).Amount })).Blocks(1)
	f.Register(0, 4).OK()
	require.False(t, f.Anchored())
	f.Delegate(fixture.Alice, 0, fixture.Dual(1)).OK()
	require.True(t, f.Anchored())
}

// One voter is jailed for absence, one leaves and one is slashed. No voter is left, and the chain continues.
func TestAChainThatLosesAllItsVotersGoesOnAndFinalizesNothing(t *testing.T) {
	f := fixture.New(t, setPeriod(3), unbondingTime(5*time.Second), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow, p.JailDuration = 4, 4, time.Hour
	})).Blocks(2)
	f.Register(0, 90).OK()
	f.Register(1, 5).OK()
	f.Register(2, 60).OK()
	f.Honest(0, 2).Blocks(3)
	untilPair(f, 6)
	require.True(t, f.Voter(1).Jailed, "voter 1 never voted")
	f.Undelegate(fixture.Operator(0), 0, fixture.Dual(90)).OK()
	untilPair(f, pair(f)+3)
	require.True(t, f.Voter(0).BondedTokens().IsZero())
	f.Report(fixture.Alice, f.DoubleVote(5, 2)).OK()

	stuck := f.Heads().Finalized
	f.Blocks(3)
	require.LessOrEqual(t, f.Heads().Finalized, stuck+1)
	at := f.Heads()
	f.Blocks(40).Expect(heads{Head: at.Head + 40, Justified: at.Justified, Finalized: at.Finalized})
	require.NotPanics(t, func() { askEverything(f) })
	tally, err := f.App.FinalityKeeper.Tally(f.Ctx(), f.Heads().Head-1)
	require.NoError(t, err)
	require.False(t, tally.IsEmpty(), "the slashed voter's bits are accepted and weigh nothing")

	f.Register(3, 10).OK()
	f.Honest(2, 3).Blocks(20)
	require.Equal(t, at.Finalized, f.Heads().Finalized, "new voters come only with finality")
}

func TestAChainWhoseVotersAreAllSlashedGoesOn(t *testing.T) {
	all := fixture.Params(func(p *types.Params) { p.SlashFractionEquivocationPpm, p.EraLength, p.VoteWindow = types.Million, 4, 4 })
	f := fixture.New(t, fixture.Voters(5, 5, 5), all, setPeriod(3)).Honest(0, 1, 2).Blocks(10)
	at := f.Heads()
	f.Report(fixture.Alice, f.DoubleVote(3, 0, 1, 2)).OK()
	for i := range 3 {
		require.True(t, f.Voter(i).Tombstoned)
		require.Zero(t, f.Voter(i).Stake().Int64())
	}
	f.Blocks(30)
	require.Equal(t, at.Finalized, f.Heads().Finalized)
	require.Equal(t, at.Head+31, f.Heads().Head)
	require.NotPanics(t, func() { askEverything(f) })
	f.Delegate(fixture.Alice, 0, fixture.Dual(1)).Fails(types.ErrTombstoned)
}

// askEverything calls all queries that need no particular state, and requires only an answer or an error.
func askEverything(f *fixture.Fixture) {
	f.T.Helper()
	ctx := f.Ctx()
	finality, checkpoints := queries(f), checkpointkeeper.QueryServer{Keeper: f.App.CheckpointKeeper}
	status, err := checkpoints.Status(ctx, &checkpointtypes.QueryStatusRequest{})
	require.NoError(f.T, err)
	require.Equal(f.T, f.Anchored(), status.Anchored)
	for _, id := range []string{"head", "justified", "finalized", "0", "999999", "nonsense"} {
		_, _ = checkpoints.Checkpoint(ctx, &checkpointtypes.QueryCheckpointRequest{Id: id})
		_, _ = finality.Votes(ctx, &types.QueryVotesRequest{Epoch: id})
		_, _ = finality.Certificate(ctx, &types.QueryCertificateRequest{Epoch: id})
		_, _ = finality.TrustPoint(ctx, &types.QueryTrustPointRequest{Epoch: id})
		_, _ = finality.Follow(ctx, &types.QueryFollowRequest{Epoch: id})
		_, _ = finality.VoterSet(ctx, &types.QueryVoterSetRequest{Id: id})
	}
	_, err = finality.HandOvers(ctx, &types.QueryHandOversRequest{})
	require.NoError(f.T, err)
	_, _ = checkpoints.InclusionProof(ctx, &checkpointtypes.QueryInclusionProofRequest{Height: 1})
	_, _ = checkpoints.CheckpointByHeight(ctx, &checkpointtypes.QueryCheckpointByHeightRequest{Height: 1})
	_, _ = finality.VoterSet(ctx, &types.QueryVoterSetRequest{Id: "next"})
	_, err = checkpoints.Checkpoints(ctx, &checkpointtypes.QueryCheckpointsRequest{})
	require.NoError(f.T, err)
	_, err = finality.Voters(ctx, &types.QueryVotersRequest{})
	require.NoError(f.T, err)
	for i := range 3 {
		_, _ = finality.Voter(ctx, &types.QueryVoterRequest{Voter: fixture.Operator(i).String()})
		_, _ = finality.Duty(ctx, &types.QueryDutyRequest{Voter: fixture.Operator(i).String()})
	}
	_, err = finality.EconomicSecurity(ctx, &types.QueryEconomicSecurityRequest{})
	require.NoError(f.T, err)
}

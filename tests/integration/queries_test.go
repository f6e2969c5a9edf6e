package integration

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	checkpointkeeper "github.com/dualchain/dualchain/x/checkpoint/keeper"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/keeper"
	"github.com/dualchain/dualchain/x/finality/types"
)

func checkpointQueries(f *fixture.Fixture) checkpointkeeper.QueryServer {
	return checkpointkeeper.QueryServer{Keeper: f.App.CheckpointKeeper}
}

func TestStatusTellsTheHeadsAndTheirLags(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.Interval(5)).Honest(0, 1, 2).Blocks(18)
	found, err := checkpointQueries(f).Status(f.Ctx(), &checkpointtypes.QueryStatusRequest{})
	require.NoError(t, err)
	head := func(epoch, blocks, epochs, seconds uint64) *checkpointtypes.Head {
		r := checkpoint(f, epoch)
		return &checkpointtypes.Head{
			Epoch: epoch, Root: r.Root().String(), Height: r.Height, TimeMs: r.Time,
			Lag: checkpointtypes.Lag{Blocks: blocks, Epochs: epochs, Seconds: seconds},
		}
	}
	require.Equal(t, &checkpointtypes.QueryStatusResponse{
		ChainId: fixture.ChainID, Height: 18, TimeMs: uint64(f.Now().UnixMilli()), Anchored: true, NextCheckpointHeight: 20,
		Head: head(3, 3, 0, 3), Justified: head(3, 3, 0, 3), Finalized: head(2, 8, 1, 8),
	}, found)
}

func TestCheckpointsAreFoundByEpochHeightAndHead(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.Interval(5)).Honest(0, 1, 2).Blocks(21)
	q, ctx := checkpointQueries(f), f.Ctx()
	for id, epoch := range map[string]uint64{"0": 0, "2": 2, "head": 4, "justified": 4, "finalized": 3} {
		found, err := q.Checkpoint(ctx, &checkpointtypes.QueryCheckpointRequest{Id: id})
		require.NoError(t, err)
		require.Equal(t, checkpoint(f, epoch).Root().String(), found.Record.Checkpoint.Root, id)
	}
	for height, epoch := range map[uint64]uint64{0: 0, 1: 1, 5: 1, 6: 2, 20: 4} {
		found, err := q.CheckpointByHeight(ctx, &checkpointtypes.QueryCheckpointByHeightRequest{Height: height})
		require.NoError(t, err)
		require.Equal(t, epoch, found.Record.Checkpoint.Epoch, "height %d", height)
	}
	_, err := q.CheckpointByHeight(ctx, &checkpointtypes.QueryCheckpointByHeightRequest{Height: 21})
	require.Equal(t, codes.NotFound, status.Code(err))
	for id, code := range map[string]codes.Code{"5": codes.NotFound, "first": codes.InvalidArgument, "": codes.InvalidArgument} {
		_, err := q.Checkpoint(ctx, &checkpointtypes.QueryCheckpointRequest{Id: id})
		require.Equal(t, code, status.Code(err), id)
	}
	all, err := q.Checkpoints(ctx, &checkpointtypes.QueryCheckpointsRequest{})
	require.NoError(t, err)
	var statuses []checkpointtypes.CheckpointStatus
	for _, r := range all.Records {
		statuses = append(statuses, r.Status)
	}
	final, justified := checkpointtypes.CheckpointStatus_CHECKPOINT_STATUS_FINALIZED, checkpointtypes.CheckpointStatus_CHECKPOINT_STATUS_JUSTIFIED
	require.Equal(t, []checkpointtypes.CheckpointStatus{final, final, final, final, justified}, statuses)
}

func TestVotersAreFoundByOperatorKeyIndexAndState(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 40, 5, 4), fixture.Params(fours), fixture.Params(func(p *types.Params) { p.MaxVoters = 3 }))
	f.Honest(0, 1)
	until(f, 10)
	require.Equal(t, []int{2}, jailed(f, 4))
	f.Register(4, 3).OK()
	f.Report(fixture.Alice, f.DoubleVote(3, 1)).OK()
	q, ctx := queries(f), f.Ctx()
	for i, state := range []types.VoterState{
		types.VoterState_VOTER_STATE_ELIGIBLE, types.VoterState_VOTER_STATE_TOMBSTONED, types.VoterState_VOTER_STATE_JAILED,
		types.VoterState_VOTER_STATE_ELIGIBLE, types.VoterState_VOTER_STATE_ELIGIBLE,
	} {
		for _, id := range []string{fixture.Operator(i).String(), fixture.NewVoter(i).Key.String(), strconv.Itoa(i)} {
			found, err := q.Voter(ctx, &types.QueryVoterRequest{Voter: id})
			require.NoError(t, err)
			require.Equal(t, uint64(i), found.Voter.Index)
			require.Equal(t, state, found.State, "voter %d", i)
		}
	}
	for id, code := range map[string]codes.Code{
		"9": codes.NotFound, fixture.NewVoter(7).Key.String(): codes.NotFound, fixture.Alice.String(): codes.NotFound, "nobody": codes.InvalidArgument,
	} {
		_, err := q.Voter(ctx, &types.QueryVoterRequest{Voter: id})
		require.Equal(t, code, status.Code(err), id)
	}
	for state, count := range map[types.VoterState]int{
		types.VoterState_VOTER_STATE_UNSPECIFIED: 5, types.VoterState_VOTER_STATE_ELIGIBLE: 3, types.VoterState_VOTER_STATE_JAILED: 1,
		types.VoterState_VOTER_STATE_TOMBSTONED: 1, types.VoterState_VOTER_STATE_WAITING: 0,
	} {
		found, err := q.Voters(ctx, &types.QueryVotersRequest{State: state})
		require.NoError(t, err)
		require.Len(t, found.Voters, count, state.String())
	}
	f.Register(5, 2).OK() // a fourth that could be eligible
	found, err := q.Voters(f.Ctx(), &types.QueryVotersRequest{State: types.VoterState_VOTER_STATE_WAITING})
	require.NoError(t, err)
	require.Len(t, found.Voters, 1)
	require.Equal(t, uint64(5), found.Voters[0].Index)
}

func TestVoterSetsAreFoundByHashEpochAndNext(t *testing.T) {
	f := fixture.New(t, fixture.Voters(5, 4, 3), setPeriod(4)).Honest(0, 1, 2).Blocks(2)
	f.Register(3, 2).OK()
	untilPair(f, 2)
	q, ctx := queries(f), f.Ctx()
	head := checkpoint(f, f.Heads().Head)
	for _, id := range []string{"head", strconv.FormatUint(head.Epoch, 10), head.VoterSetHash.String()} {
		found, err := q.VoterSet(ctx, &types.QueryVoterSetRequest{Id: id})
		require.NoError(t, err)
		require.Equal(t, head.VoterSetHash.String(), found.Hash)
		require.Len(t, found.Voters, 4)
		require.Equal(t, "12", found.RearTotal)
		require.Equal(t, "14", found.CurrentTotal)
	}
	next, err := q.VoterSet(ctx, &types.QueryVoterSetRequest{Id: "next"})
	require.NoError(t, err)
	require.Equal(t, head.NextVoterSetHash.String(), next.Hash)
	for id, code := range map[string]codes.Code{
		ffg.Root{1}.String(): codes.NotFound, "99": codes.NotFound, "nonsense": codes.InvalidArgument,
	} {
		_, err := q.VoterSet(ctx, &types.QueryVoterSetRequest{Id: id})
		require.Equal(t, code, status.Code(err), id)
	}
}

func TestAVotersDutyIsTheHeadUntilItsVoteIsRecorded(t *testing.T) {
	f := fixture.New(t, fixture.Voters(5, 4, 3), fixture.Interval(3)).Blocks(3)
	duty := func(i int) *types.QueryDutyResponse {
		found, err := queries(f).Duty(f.Ctx(), &types.QueryDutyRequest{Voter: fixture.Operator(i).String()})
		require.NoError(t, err)
		return found
	}
	before := duty(1)
	require.Equal(t, uint64(1), before.Target.Epoch)
	require.Equal(t, uint32(3), before.Size_)
	require.True(t, before.Member)
	require.Equal(t, f.Position(1, 1), int(before.Position))
	require.False(t, before.Recorded)
	f.Vote(1, 1).Blocks(1)
	require.True(t, duty(1).Recorded)
	require.False(t, duty(2).Recorded)
}

func TestOneDutyWithoutAVoterSaysWhatThoseOfAllSay(t *testing.T) {
	f := fixture.New(t, fixture.Voters(9, 8, 7, 6, 5, 4, 3, 2, 1), fixture.Interval(3)).Blocks(3)
	for _, voted := range [][]int{nil, {1}, {1, 5, 8}} {
		if voted != nil {
			f.Vote(1, voted...).Blocks(1)
		}
		all, err := queries(f).Duty(f.Ctx(), &types.QueryDutyRequest{})
		require.NoError(t, err)
		signers := ffg.Bitfield(all.Signers)
		require.NoError(t, signers.Validate(9))
		require.Equal(t, len(voted), signers.Count())
		all.Signers = nil
		for i := range 9 {
			own, err := queries(f).Duty(f.Ctx(), &types.QueryDutyRequest{Voter: fixture.Operator(i).String()})
			require.NoError(t, err)
			require.Equal(t, own.Recorded, signers.Get(int(own.Position)), "voter %d", i)
			require.Empty(t, own.Signers)
			own.Member, own.Position, own.Recorded = false, 0, false
			require.Equal(t, own, all, "voter %d", i)
		}
	}
}

// A certificate alone proves that a checkpoint is final. Like a light client, this test verifies it with its contents and the
// voter sets only.
func TestCertificatesProveFinality(t *testing.T) {
	straight := fixture.New(t, fixture.Voters(5, 4, 3)).Honest(0, 1, 2).Blocks(10)
	held := fixture.New(t, fixture.Voters(5, 4, 3)).Blocks(2) // votes come one epoch late: k = 2
	for range 10 {
		held.Vote(held.Heads().Head-1, 0, 1, 2).Blocks(1)
	}
	for _, tc := range []struct {
		name        string
		f           *fixture.Fixture
		checkpoints int
	}{{"k = 1", straight, 2}, {"k = 2", held, 3}} {
		t.Run(tc.name, func(t *testing.T) {
			f := tc.f
			for _, id := range []string{"3", "finalized"} {
				found, err := queries(f).Certificate(f.Ctx(), &types.QueryCertificateRequest{Epoch: id})
				require.NoError(t, err)
				require.Len(t, found.Certificate.Checkpoints, tc.checkpoints)
				requireProof(f, found.Certificate)
			}
			_, err := queries(f).Certificate(f.Ctx(), &types.QueryCertificateRequest{Epoch: strconv.FormatUint(f.Heads().Finalized+1, 10)})
			require.Equal(t, codes.NotFound, status.Code(err))
		})
	}
}

func requireProof(f *fixture.Fixture, c types.Certificate) {
	f.T.Helper()
	var chain []ffg.Checkpoint
	for i, message := range c.Checkpoints {
		checkpoint, err := message.ToFFG()
		require.NoError(f.T, err)
		if i > 0 {
			require.NoError(f.T, checkpoint.Extends(chain[i-1]))
		}
		chain = append(chain, checkpoint)
	}
	require.Len(f.T, c.Links, len(chain)-1)
	for i, message := range c.Links {
		link, err := message.ToFFG()
		require.NoError(f.T, err)
		target := chain[i+1]
		require.Equal(f.T, target.Ref(), link.Vote.Target)
		require.Equal(f.T, target.VoterSetHash, link.VoterSetHash)
		set := f.Set(target.Epoch)
		require.Equal(f.T, link.VoterSetHash, set.Hash())
		require.True(f.T, set.Quorum(link.Signers))
		var keys []*bls.PublicKey
		for position := range link.Signers.Indices() {
			key, err := bls.ParsePublicKey(set[position].Key[:])
			require.NoError(f.T, err)
			keys = append(keys, key)
		}
		require.NoError(f.T, bls.VerifyAggregate(keys, link.Vote.SigningRoot(ffg.Domain(fixture.ChainID)), link.Signature))
	}
	last, err := c.Links[len(c.Links)-1].ToFFG()
	require.NoError(f.T, err)
	require.Equal(f.T, chain[0].Ref(), last.Vote.Source, "the last link leads from the final checkpoint")
}

func TestEconomicSecurity(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 30, 21), setPeriod(3)).Honest(0, 1, 2).Blocks(1)
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(10)).OK()
	found, err := queries(f).EconomicSecurity(f.Ctx(), &types.QueryEconomicSecurityRequest{})
	require.NoError(t, err)
	require.Equal(t, fixture.Dual(91).Amount.String(), found.Bonded.String())
	require.Equal(t, fixture.Dual(10).Amount.String(), found.Unbonding.String())
	require.Equal(t, fixture.Dual(34).Amount.String(), found.ViolationStake.String(), "a third of 101, rounded up")
	require.Equal(t, of(fixture.Dual(34).Amount, 50_000).String(), found.ViolationCost.String())
	require.Empty(t, found.OverlapOperators)

	untilPair(f, 3)
	found, err = queries(f).EconomicSecurity(f.Ctx(), &types.QueryEconomicSecurityRequest{})
	require.NoError(t, err)
	require.Equal(t, fixture.Dual(31).Amount.String(), found.ViolationStake.String(), "a third of 91, rounded up")
}

func TestEconomicSecurityTellsWhoRunsBothLayers(t *testing.T) {
	f := fixture.New(t, fixture.Voters(30), setPeriod(3)).Honest(0).Blocks(1)
	msg := f.Registers(1, fixture.Dual(10))
	voter := fixture.NewVoter(1)
	voter.Operator = fixture.Validator
	proof := voter.Possession(fixture.ChainID)
	msg.Operator, msg.Possession = fixture.Validator.String(), proof[:]
	f.Do(fixture.Validator, msg).OK()
	f.Honest(0, 1)
	untilPair(f, 2)
	found, err := queries(f).EconomicSecurity(f.Ctx(), &types.QueryEconomicSecurityRequest{})
	require.NoError(t, err)
	require.Equal(t, []string{fixture.Validator.String()}, found.OverlapOperators)
	require.Equal(t, uint32(250_000), found.OverlapPowerPpm)
}

func TestParametersChangeByGovernanceOnly(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.Interval(5)).Honest(0, 1, 2)
	params := f.Params()
	params.VoteWindow = 7
	f.Do(fixture.Alice, &types.MsgUpdateParams{Authority: fixture.Alice.String(), Params: params}).Fails(types.ErrUnauthorized)
	f.Do(fixture.Alice, &checkpointtypes.MsgUpdateParams{
		Authority: fixture.Alice.String(), Params: checkpointtypes.Params{Interval: 1},
	}).Fails(checkpointtypes.ErrUnauthorized)
	f.Govern(&types.MsgUpdateParams{Authority: app.Authority(), Params: params})
	require.Equal(t, uint64(7), f.Params().VoteWindow)

	server := checkpointkeeper.MsgServer{Keeper: f.App.CheckpointKeeper}
	_, err := server.UpdateParams(f.Ctx(), &checkpointtypes.MsgUpdateParams{Authority: app.Authority()})
	require.ErrorIs(t, err, checkpointtypes.ErrInvalidParams)

	for name, change := range map[string]func(p *types.Params){
		"another denom":  func(p *types.Params) { p.BondDenom = "other" }, // all stake has the present denom
		"another unit":   func(p *types.Params) { p.PowerReduction-- },
		"a period of 0":  func(p *types.Params) { p.SetPeriod = 0 },
		"a window of 1":  func(p *types.Params) { p.VoteWindow = 1 },
		"all for report": func(p *types.Params) { p.ReporterFractionPpm = types.Million },
	} {
		params := f.Params()
		change(&params)
		_, err := keeper.MsgServer{Keeper: f.App.FinalityKeeper}.UpdateParams(f.Ctx(), &types.MsgUpdateParams{Authority: app.Authority(), Params: params})
		require.ErrorIs(t, err, types.ErrInvalidParams, name)
	}
}

func TestAnOperatorEditsItsVoterWithinItsBounds(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1), fixture.Params(func(p *types.Params) { p.EraLength = 10 })).Honest(0, 1).Blocks(1)
	msg := f.Registers(1, fixture.Dual(1))
	msg.CommissionPpm, msg.MaxCommissionPpm, msg.MaxCommissionChangePpm = 10, 1_000, 600
	f.Do(fixture.Operator(1), msg).OK()
	edit := func(ppm uint32, moniker string) fixture.Outcome {
		return f.Do(fixture.Operator(1), &types.MsgEditVoter{Operator: fixture.Operator(1).String(), CommissionPpm: ppm, Moniker: moniker})
	}
	shown := func() (uint32, *types.AnnouncedCommission) {
		resp, err := queries(f).Voter(f.Ctx(), &types.QueryVoterRequest{Voter: fixture.Operator(1).String()})
		require.NoError(t, err)
		return resp.Voter.CommissionPpm, resp.Announced
	}
	edit(610, "new name").OK()
	require.Equal(t, "new name", f.Voter(1).Moniker)
	commission, announced := shown()
	require.Equal(t, uint32(10), commission, "that of the open era")
	require.Equal(t, &types.AnnouncedCommission{CommissionPpm: 610, FromEra: 1, FromEpoch: 11}, announced)
	edit(611, "").Fails(types.ErrCommissionChange)
	until(f, 11)
	commission, announced = shown()
	require.Equal(t, uint32(610), commission)
	require.Nil(t, announced)
	edit(1_001, "").Fails(types.ErrInvalidVoter)
	edit(1_000, "").OK()
	edit(610, "").OK()
	_, announced = shown()
	require.Nil(t, announced, "it stays as it is")
	edit(0, "").OK()
	_, announced = shown()
	require.Equal(t, &types.AnnouncedCommission{FromEra: 2, FromEpoch: 21}, announced, "less is never too much at once")
	edit(1, strings.Repeat("x", types.MaxMoniker+1)).Fails(types.ErrInvalidVoter)
	f.Do(fixture.Alice, &types.MsgEditVoter{Operator: fixture.Alice.String()}).Fails(types.ErrVoterNotFound)
}

// The balances add up only because these accounts receive nothing but stake and rewards.
func TestNobodySendsCoinsToTheFinalityLayersAccounts(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1)).Blocks(1)
	for _, name := range []string{types.ModuleName, types.RewardsName} {
		to := authtypes.NewModuleAddress(name)
		f.Do(fixture.Alice, banktypes.NewMsgSend(fixture.Alice.Address(), to, sdk.NewCoins(fixture.Udual(1)))).Fails(sdkerrors.ErrUnauthorized)
	}
}

func TestANewIntervalCountsFromTheNextCheckpoint(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.Interval(10)).Honest(0, 1, 2).Blocks(1)
	f.Govern(&checkpointtypes.MsgUpdateParams{Authority: app.Authority(), Params: checkpointtypes.Params{Interval: 2}})
	require.Less(t, f.Height(), int64(9))
	until(f, 9).Expect(heads{})
	until(f, 10).Expect(heads{Head: 1})
	until(f, 12)
	require.Equal(t, uint64(2), f.Heads().Head)
	require.Equal(t, uint64(12), checkpoint(f, 2).Height)
}

// subscriber is a hook that records every transition and may misbehave.
type subscriber struct {
	proposed, justified, finalized []uint64
	fail                           func(ctx context.Context) error
}

func (s *subscriber) AfterCheckpointProposed(ctx context.Context, c ffg.Checkpoint) error {
	s.proposed = append(s.proposed, c.Epoch)
	return s.fail(ctx)
}

func (s *subscriber) AfterCheckpointJustified(ctx context.Context, c ffg.Checkpoint) error {
	s.justified = append(s.justified, c.Epoch)
	return s.fail(ctx)
}

func (s *subscriber) AfterCheckpointFinalized(ctx context.Context, c ffg.Checkpoint) error {
	s.finalized = append(s.finalized, c.Epoch)
	return s.fail(ctx)
}

func TestSubscribersAreToldAndCantStopTheChain(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Honest(0, 1, 2)
	spoil := func(ctx context.Context) error { // its writes must be dropped
		return f.App.CheckpointKeeper.Prune(ctx, 1_000_000)
	}
	failing := &subscriber{fail: func(ctx context.Context) error { return errors.Join(spoil(ctx), errors.New("no")) }}
	panicking := &subscriber{fail: func(ctx context.Context) error { panic(spoil(ctx)) }}
	working := &subscriber{fail: func(context.Context) error { return nil }}
	f.App.CheckpointKeeper.AddHooks(failing, panicking, working)
	f.Blocks(5).Expect(heads{Head: 5, Justified: 4, Finalized: 3})
	for _, s := range []*subscriber{failing, panicking, working} {
		require.Equal(t, []uint64{1, 2, 3, 4, 5}, s.proposed)
		require.Equal(t, []uint64{1, 2, 3, 4}, s.justified)
		require.Equal(t, []uint64{1, 2, 3}, s.finalized)
	}
	records, _, _ := kept(f)
	require.Len(t, records, 6, "nothing was pruned")
}

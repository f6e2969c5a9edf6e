package integration

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	"github.com/dualchain/dualchain/testutil/fixture"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Programs decide by these reasons and read no text.
func TestRefusalsCarryTheirReasons(t *testing.T) {
	fresh := fixture.New(t).Blocks(1)
	poor := fixture.New(t).Blocks(1)
	poor.Do(fixture.Operator(0), poor.Registers(0, fixture.Udual(1))).OK() // too little to be eligible
	stuck := fixture.New(t, fixture.Voters(1)).Blocks(5)
	f := fixture.New(t, fixture.Voters(40, 30, 30), setPeriod(3), unbondingTime(time.Second), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow = 4, 4
	})).Honest(0, 1, 2).Blocks(3)
	tx := giftTx(f)
	f.Deliver(tx)[0].OK()
	f.Blocks(40)
	final, height := f.Heads().Finalized, uint64(f.Height())
	beyond := strconv.FormatUint(final+1, 10)
	checkpoints, finality, ctx := checkpointQueries(f), queries(f), f.Ctx()

	prove := func(f *fixture.Fixture, height uint64, start string, lacks ...func(*fixture.Comet)) error {
		_, err := prover(f, lacks...).ProveBlock(f.Ctx(), &types.ProveBlockRequest{Height: height, Trust: types.TrustStart{Epoch: start}})
		return err
	}
	proveTx := func(hash string, lacks ...func(*fixture.Comet)) error {
		_, err := prover(f, lacks...).ProveTx(ctx, &types.ProveTxRequest{Hash: hash})
		return err
	}
	certificate := func(f *fixture.Fixture, epoch string) error {
		_, err := queries(f).Certificate(f.Ctx(), &types.QueryCertificateRequest{Epoch: epoch})
		return err
	}
	checkpointOf := func(f *fixture.Fixture, id string) error {
		_, err := checkpointQueries(f).Checkpoint(f.Ctx(), &checkpointtypes.QueryCheckpointRequest{Id: id})
		return err
	}
	for name, tc := range map[string]struct {
		reason reason.Reason
		ask    func() error
	}{
		"a block that is not final":         {reason.BlockNotFinal, func() error { return prove(f, height, "") }},
		"a block to come":                   {reason.BlockToCome, func() error { return prove(f, height+1, "") }},
		"a proof before any checkpoint":     {reason.NothingFinal, func() error { return prove(fresh, 1, "") }},
		"a proof from an epoch to come":     {reason.EpochNotFinal, func() error { return prove(f, 30, beyond) }},
		"a proof from no epoch":             {reason.InvalidRequest, func() error { return prove(f, 30, "start") }},
		"a proof from a pruned epoch":       {reason.NotKept, func() error { return prove(f, 30, "2") }},
		"a block at the anchor":             {reason.BeforeAnchor, func() error { return prove(f, 0, "") }},
		"a block that the node lacks":       {reason.NodeLacks, func() error { return prove(f, 2, "", func(c *fixture.Comet) { c.Base = 5 }) }},
		"a transaction's lost result":       {reason.NodeLacks, func() error { return proveTx(hashOf(tx), func(c *fixture.Comet) { c.Results = 40 }) }},
		"an unknown transaction":            {reason.TxNotFound, func() error { return proveTx(hashOf(nil)) }},
		"a transaction without an index":    {reason.TxNotIndexed, func() error { return proveTx(hashOf(tx), func(c *fixture.Comet) { c.NoIndex = true }) }},
		"a transaction of no hash":          {reason.InvalidRequest, func() error { return proveTx("ab") }},
		"a certificate of an epoch to come": {reason.EpochNotFinal, func() error { return certificate(f, beyond) }},
		"a certificate of a pruned epoch":   {reason.NotKept, func() error { return certificate(f, "2") }},
		"a certificate of the anchor":       {reason.NoCertificate, func() error { return certificate(stuck, "finalized") }},
		"a certificate before the anchor":   {reason.NotAnchored, func() error { return certificate(fresh, "finalized") }},
		"an epoch before the anchor":        {reason.NotAnchored, func() error { return certificate(fresh, "0") }},
		"a checkpoint before the anchor":    {reason.NotAnchored, func() error { return checkpointOf(fresh, "head") }},
		"a pruned checkpoint":               {reason.NotKept, func() error { return checkpointOf(f, "2") }},
		"a checkpoint of no epoch":          {reason.InvalidRequest, func() error { return checkpointOf(f, "first") }},
		"the state, when nothing is final": {reason.NothingFinal, func() error {
			_, err := prover(stuck).ProveState(stuck.Ctx(), &types.ProveStateRequest{Store: types.StoreKey, Key: "00"})
			return err
		}},
		"the state of no store": {reason.InvalidRequest, func() error {
			_, err := prover(f).ProveState(ctx, &types.ProveStateRequest{Store: "nothing", Key: "00"})
			return err
		}},
		"a height that nothing covers": {reason.NotCovered, func() error {
			_, err := checkpoints.CheckpointByHeight(ctx, &checkpointtypes.QueryCheckpointByHeightRequest{Height: height + 9})
			return err
		}},
		"a history that is longer": {reason.OutOfRange, func() error {
			_, err := checkpoints.ConsistencyProof(ctx, &checkpointtypes.QueryConsistencyProofRequest{ToSize: height + 9})
			return err
		}},
		"a history by epoch, before the anchor": {reason.NotAnchored, func() error {
			_, err := checkpointQueries(fresh).InclusionProof(fresh.Ctx(), &checkpointtypes.QueryInclusionProofRequest{Height: 1})
			return err
		}},
		"a pruned history": {reason.NotKept, func() error {
			_, err := checkpoints.ConsistencyProof(ctx, &checkpointtypes.QueryConsistencyProofRequest{FromEpoch: "2"})
			return err
		}},
		"a duty before the anchor": {reason.NoOpenEpoch, func() error {
			_, err := queries(poor).Duty(poor.Ctx(), &types.QueryDutyRequest{Voter: "0"})
			return err
		}},
		"an unknown voter by index": {reason.VoterNotFound, func() error {
			_, err := finality.Voter(ctx, &types.QueryVoterRequest{Voter: "9"})
			return err
		}},
		"an unknown voter by key": {reason.VoterNotFound, func() error {
			_, err := finality.Voter(ctx, &types.QueryVoterRequest{Voter: fixture.NewVoter(7).Key.String()})
			return err
		}},
		"an unknown voter by address": {reason.VoterNotFound, func() error {
			_, err := finality.Voter(ctx, &types.QueryVoterRequest{Voter: fixture.Alice.String()})
			return err
		}},
		"no voter": {reason.InvalidRequest, func() error {
			_, err := finality.Voter(ctx, &types.QueryVoterRequest{Voter: "nobody"})
			return err
		}},
		"an unknown voter set": {reason.NotFound, func() error {
			_, err := finality.VoterSet(ctx, &types.QueryVoterSetRequest{Id: ffg.Root{1}.String()})
			return err
		}},
		"votes on a pruned epoch": {reason.NotKept, func() error {
			_, err := finality.Votes(ctx, &types.QueryVotesRequest{Epoch: "2"})
			return err
		}},
		"unknown evidence": {reason.NotFound, func() error {
			_, err := finality.Evidence(ctx, &types.QueryEvidenceRequest{Id: 7})
			return err
		}},
		"a settled era": {reason.NotFound, func() error {
			_, err := finality.Participation(ctx, &types.QueryParticipationRequest{Voter: "0", Era: "0"})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.ask()
			require.Error(t, err)
			require.Equal(t, tc.reason, refusal.Reason(err), "%v", err)
		})
	}
}

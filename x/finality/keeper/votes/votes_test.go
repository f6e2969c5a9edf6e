package votes

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/fakes"
	"github.com/dualchain/dualchain/x/finality/keeper/sets"
	"github.com/dualchain/dualchain/x/finality/keeper/stake"
	"github.com/dualchain/dualchain/x/finality/types"
)

type world struct {
	*fakes.World
	*Keeper
	t testing.TB
}

// newWorld returns an anchored chain with voters of these powers and this many checkpoints above the anchor.
func newWorld(t testing.TB, checkpoints int, units ...int64) *world {
	return newWorldOf(t, checkpoints, types.DefaultPowerReduction, units...)
}

func newWorldOf(t testing.TB, checkpoints int, reduction uint64, units ...int64) *world {
	w := &world{World: fakes.New(), t: t}
	w.Params.PowerReduction, w.Params.MinStake = reduction, math.NewIntFromUint64(reduction)
	s := stake.New(w.Schema, w.Codec, w.ReadParams, fakes.Accounts{}, w.Bank, w.KeyCache)
	ss := sets.New(w.Schema, w.Codec, w.ReadParams, s, w.KeyCache)
	w.Keeper = New(w.Schema, w.Transient, w.Codec, w.ReadParams, s, ss, w.Bank, w.Checkpoints, w.KeyCache)
	_, err := w.Schema.Build()
	require.NoError(t, err)
	_, err = w.Transient.Build()
	require.NoError(t, err)
	for i, n := range units {
		v, amount := fakes.NewVoter(i), math.NewInt(n).Mul(math.NewIntFromUint64(reduction))
		w.Bank.Fund(v.Operator, amount)
		_, err := s.RegisterVoter(w.Ctx, v.Registers(t, v.Operator, sdk.NewCoin(fakes.Denom, amount)), 0)
		require.NoError(t, err)
	}
	pair, _, err := ss.Anchor(w.Ctx)
	require.NoError(t, err)
	require.NoError(t, w.Begin(w.Ctx))
	for epoch := range uint64(checkpoints + 1) {
		w.Checkpoints.Propose(pair, max(epoch, 1)-1)
	}
	return w
}

func (w *world) canonical(epoch uint64) ffg.Vote {
	w.t.Helper()
	vote, err := w.Checkpoints.CanonicalVote(w.Ctx, w.Checkpoints.Records[epoch])
	require.NoError(w.t, err)
	return vote
}

// votes returns the votes of these voters for an epoch.
func (w *world) votes(epoch uint64, voters ...int) ffg.AggregateVote {
	w.t.Helper()
	hash := w.Checkpoints.Records[epoch].VoterSetHash
	set, err := w.sets.Set(w.Ctx, hash)
	require.NoError(w.t, err)
	agg := ffg.AggregateVote{Vote: w.canonical(epoch), VoterSetHash: hash, Signers: ffg.NewBitfield(len(set.Voters))}
	var signatures [][bls.SignatureSize]byte
	for _, i := range voters {
		v := fakes.NewVoter(i)
		position, _ := set.Voters.Position(v.Key)
		agg.Signers.Set(position)
		signatures = append(signatures, v.Secret.Sign(agg.Vote.SigningRoot(ffg.Domain(fakes.ChainID))))
	}
	agg.Signature, err = bls.Aggregate(signatures...)
	require.NoError(w.t, err)
	return agg
}

func (w *world) submit(agg ffg.AggregateVote) error {
	_, err := w.SubmitVotes(w.Ctx, &types.MsgSubmitVotes{Votes: types.AggregateVoteFromFFG(agg)})
	return err
}

func TestATargetIsReadOnce(t *testing.T) {
	w := newWorld(t, 3, 1, 1, 1)
	clear(w.Checkpoints.Reads)
	target, err := w.OpenTarget(w.Ctx, 2)
	require.NoError(t, err)
	require.Equal(t, map[uint64]int{1: 1, 2: 1}, w.Checkpoints.Reads, "its record and its source's")
	require.Equal(t, w.canonical(2), target.Vote)
	require.Equal(t, target.Set.Hash(), target.SetHash)
	require.Len(t, target.Set, 3)
	require.Empty(t, target.Signers)
	require.False(t, target.Justified)
}

func TestAnAggregateJoinsOrReplacesTheTallyOrIsRedundant(t *testing.T) {
	w := newWorld(t, 1, 1, 1, 1, 1)
	for _, tc := range []struct {
		name   string
		voters []int
		tally  int
		err    error
	}{
		{"the first", []int{0}, 1, nil},
		{"the same again", []int{0}, 1, types.ErrRedundant},
		{"disjoint: it joins", []int{1}, 2, nil},
		{"it overlaps and lacks one", []int{1, 2}, 2, types.ErrRedundant},
		{"all of them and more: it replaces", []int{0, 1, 2}, 3, nil},
		{"less than recorded", []int{0, 1}, 3, types.ErrRedundant},
		{"the last", []int{3}, 4, nil},
	} {
		require.ErrorIs(t, w.submit(w.votes(1, tc.voters...)), tc.err, tc.name)
		signers, err := w.Tally(w.Ctx, 1)
		require.NoError(t, err)
		require.Equal(t, tc.tally, signers.Count(), tc.name)
	}
	recorded, err := w.Recorded(w.Ctx, w.Checkpoints.Records[1])
	require.NoError(t, err)
	set, err := w.sets.Set(w.Ctx, recorded.VoterSetHash)
	require.NoError(t, err)
	root := recorded.Vote.SigningRoot(ffg.Domain(fakes.ChainID))
	require.NoError(t, set.Keys.VerifyAggregate(recorded.Signers.Indices(), 4, root, recorded.Signature), "the sum verifies")
}

func TestVotesThatDoNotCount(t *testing.T) {
	w := newWorld(t, 5, 1, 1)
	w.Params.VoteWindow = 3
	other := w.votes(5, 0)
	other.Vote.Target.Root[0]++
	set := w.votes(5, 0)
	set.VoterSetHash[0]++
	stray := w.votes(5, 0)
	stray.Signers = append(stray.Signers, 0)
	empty := w.votes(5, 0)
	empty.Signers = ffg.NewBitfield(2)
	forged := w.votes(5, 0)
	forged.Signature = w.votes(5, 1).Signature
	above := w.votes(5, 0)
	above.Vote.Target.Epoch = 6
	for name, tc := range map[string]struct {
		votes ffg.AggregateVote
		err   error
	}{
		"the oldest open target": {w.votes(3, 0), nil},
		"below the window":       {w.votes(2, 0), types.ErrVoteWindow},
		"above the head":         {above, types.ErrVoteWindow},
		"another vote":           {other, types.ErrOtherVote},
		"another set":            {set, types.ErrUnknownSet},
		"stray bits":             {stray, types.ErrInvalidBitfield},
		"nobody":                 {empty, types.ErrInvalidBitfield},
		"another's signature":    {forged, types.ErrInvalidSignature},
	} {
		require.ErrorIs(t, w.CheckVotes(w.Ctx, tc.votes), tc.err, name)
	}
	signers, err := w.Tally(w.Ctx, 3)
	require.NoError(t, err)
	require.Empty(t, signers, "checking records nothing")
}

// moves ends the block, and returns the epochs that the finalized head moved to.
func (w *world) moves() (to []uint64) {
	w.t.Helper()
	moves, err := w.Count(w.Ctx)
	require.NoError(w.t, err)
	for _, m := range moves {
		to = append(to, m.To.Epoch)
	}
	return to
}

func TestAQuorumOfBothSidesIsALink(t *testing.T) {
	w := newWorld(t, 2, 40, 26, 34)
	require.NoError(t, w.submit(w.votes(1, 0, 1))) // 66 of 100
	require.Empty(t, w.moves())
	require.False(t, w.Checkpoints.Records[1].Justified)
	require.NoError(t, w.submit(w.votes(1, 2)))
	require.Empty(t, w.moves(), "the anchor is final already")
	require.True(t, w.Checkpoints.Records[1].Justified)
	require.NoError(t, w.submit(w.votes(2, 0, 2)))
	require.Equal(t, []uint64{1}, w.moves())
	require.Empty(t, w.moves(), "a link is reported once")
}

func TestTheBitsOfTombstonedVotersWeighNothing(t *testing.T) {
	w := newWorld(t, 1, 40, 30, 30)
	require.NoError(t, w.submit(w.votes(1, 0, 1)))
	r := w.Checkpoints.Records[1]
	weigh := func() (ffg.Power, ffg.Power) {
		signers, err := w.Tally(w.Ctx, 1)
		require.NoError(t, err)
		_, rear, current, err := w.SignedPower(w.Ctx, r, signers)
		require.NoError(t, err)
		return rear, current
	}
	rear, current := weigh()
	require.Equal(t, []ffg.Power{{Lo: 70}, {Lo: 70}}, []ffg.Power{rear, current})
	_, err := w.SubmitEvidence(w.Ctx, &types.MsgSubmitEvidence{Evidence: w.evidence(0)})
	require.NoError(t, err)
	rear, current = weigh()
	require.Equal(t, []ffg.Power{{Lo: 30}, {Lo: 30}}, []ffg.Power{rear, current})
	require.Empty(t, w.moves())
	require.False(t, w.Checkpoints.Records[1].Justified)
}

// evidence returns two votes by a voter for the same target epoch.
func (w *world) evidence(i int) types.Evidence {
	side := func(root byte) types.EvidenceVote {
		vote := ffg.Vote{Source: ffg.Ref{Epoch: 3}, Target: ffg.Ref{Epoch: 4, Root: ffg.Root{root}}}
		signature := fakes.NewVoter(i).Secret.Sign(vote.SigningRoot(ffg.Domain(fakes.ChainID)))
		return types.EvidenceVote{Vote: types.VoteFromFFG(vote), Registrations: []uint64{uint64(i)}, Signature: signature[:]}
	}
	return types.Evidence{First: side(1), Second: side(2)}
}

func TestAVoterIsSlashedForEquivocationOnce(t *testing.T) {
	w := newWorld(t, 1, 100, 100)
	supply := w.Bank.GetSupply(w.Ctx, fakes.Denom).Amount
	evidence := w.evidence(0)
	require.NoError(t, w.CheckUnsignedEvidence(w.Ctx, evidence))
	resp, err := w.SubmitEvidence(w.Ctx, &types.MsgSubmitEvidence{Evidence: evidence})
	require.NoError(t, err)
	require.Equal(t, []uint64{0}, resp.Slashed)
	penalty := types.Fraction(math.NewInt(100*types.DefaultPowerReduction), w.Params.SlashFractionEquivocationPpm)
	require.Equal(t, supply.Sub(penalty), w.Bank.GetSupply(w.Ctx, fakes.Denom).Amount, "injected evidence burns it all")
	require.ErrorIs(t, w.CheckUnsignedEvidence(w.Ctx, evidence), types.ErrNobodyGuilty)
	record, has, err := w.Evidence(w.Ctx, resp.EvidenceId)
	require.NoError(t, err)
	require.True(t, has)
	require.Equal(t, penalty, record.Penalty)
}

func TestAReporterGetsItsShareOfThePenalty(t *testing.T) {
	w := newWorld(t, 1, 100)
	reporter := sdk.AccAddress("reporter")
	_, err := w.SubmitEvidence(w.Ctx, &types.MsgSubmitEvidence{Evidence: w.evidence(0), Submitter: reporter.String()})
	require.NoError(t, err)
	penalty := types.Fraction(math.NewInt(100*types.DefaultPowerReduction), w.Params.SlashFractionEquivocationPpm)
	require.Equal(t, types.Fraction(penalty, w.Params.ReporterFractionPpm), w.Bank.Of(reporter))
}

func TestEvidenceThatProvesNothing(t *testing.T) {
	w := newWorld(t, 1, 1, 1)
	same := w.evidence(0)
	same.Second = same.First
	mixed := w.evidence(0)
	mixed.Second.Registrations = []uint64{1}
	forged := w.evidence(0)
	forged.Second.Signature = forged.First.Signature
	for name, tc := range map[string]struct {
		evidence types.Evidence
		err      error
	}{
		"the same vote twice":    {same, types.ErrNotSlashable},
		"two voters":             {mixed, types.ErrInvalidEvidence},
		"a signature that isn't": {forged, types.ErrInvalidSignature},
	} {
		require.ErrorIs(t, w.CheckUnsignedEvidence(w.Ctx, tc.evidence), tc.err, name)
	}
}

func TestACertificateRunsToTheFirstLinkFromItsCheckpoint(t *testing.T) {
	w := newWorld(t, 3, 1)
	for epoch := uint64(1); epoch <= 3; epoch++ {
		require.NoError(t, w.submit(w.votes(epoch, 0)))
	}
	w.moves()
	c, err := w.Certificate(w.Ctx, 1)
	require.NoError(t, err)
	require.Equal(t, w.Checkpoints.Records[1].Checkpoint, c.First)
	require.Len(t, c.Links, 1)
	require.Equal(t, w.canonical(2), c.Links[0].Vote())
	c, err = w.CertificateFrom(w.Ctx, w.Checkpoints.Records[0], 2)
	require.NoError(t, err)
	require.Len(t, c.Links, 3, "with all links between")
	_, err = w.Certificate(w.Ctx, 3)
	require.ErrorIs(t, err, checkpointtypes.ErrNotFound, "nothing links from the head")
}

func TestPrunedTalliesAreGone(t *testing.T) {
	w := newWorld(t, 3, 1)
	for epoch := uint64(1); epoch <= 3; epoch++ {
		require.NoError(t, w.submit(w.votes(epoch, 0)))
	}
	require.NoError(t, w.Prune(w.Ctx, 0, 2))
	for epoch := uint64(1); epoch <= 3; epoch++ {
		signers, err := w.Tally(w.Ctx, epoch)
		require.NoError(t, err)
		require.Equal(t, epoch >= 2, len(signers) > 0, "epoch %d", epoch)
	}
	oldest, _, _, err := w.Window(w.Ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(2), oldest, "what was pruned is not open again")
}

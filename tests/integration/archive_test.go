package integration

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// restless is a chain whose voter set changes constantly and whose records are pruned soon.
func restless(t *testing.T, options ...fixture.Option) *fixture.Fixture {
	return fixture.New(t, append([]fixture.Option{
		fixture.Voters(40, 30, 20, 10), setPeriod(3), unbondingTime(6 * time.Second),
		fixture.Params(func(p *types.Params) { p.EraLength, p.VoteWindow, p.MinParticipationPpm = 4, 8, 0 }),
	}, options...)...)
}

// unrest lets voters join, leave and change while votes come in time, late or never.
func unrest(f *fixture.Fixture) *fixture.Fixture {
	f.T.Helper()
	all := []int{0, 1, 2, 3, 4, 5, 6, 7}
	late := func(n int) { // every vote one epoch late: k = 2
		f.Honest().Blocks(1)
		for range n {
			f.Vote(f.Heads().Head-1, members(f, f.Heads().Head-1)...).Blocks(1)
		}
		f.Honest(all...)
	}
	f.Honest(all...).Blocks(4)
	for round := range int64(12) {
		switch round % 4 {
		case 0:
			f.Register(4+int(round/4), 5+round).OK()
		case 1:
			f.Delegate(fixture.Alice, int(round)%3, fixture.Dual(3)).OK()
		case 2:
			f.Undelegate(fixture.Operator(0), 0, fixture.Dual(2)).OK()
		case 3:
			f.Undelegate(fixture.Operator(4+int(round/4)), 4+int(round/4), fixture.Dual(5+round-3)).OK() // all of its stake: it leaves
		}
		f.Blocks(3)
		switch round % 3 {
		case 0:
			late(4)
		case 1:
			f.Honest().Blocks(3).Honest(all...) // three epochs that nobody votes on
		}
		f.Blocks(3)
	}
	return f.Blocks(30) // ten installations; the last ones change nothing
}

// members are the voters of an epoch, by number.
func members(f *fixture.Fixture, epoch uint64) (out []int) {
	set := f.Set(epoch)
	for i := range 8 {
		if _, member := set.Position(fixture.NewVoter(i).Key); member {
			out = append(out, i)
		}
	}
	return out
}

func trustPoint(f *fixture.Fixture, epoch string) cert.Trust {
	f.T.Helper()
	found, err := queries(f).TrustPoint(f.Ctx(), &types.QueryTrustPointRequest{Epoch: epoch})
	require.NoError(f.T, err)
	trust, err := cert.DecodeTrust(found.Canonical)
	require.NoError(f.T, err)
	require.NoError(f.T, trust.Validate())
	require.Equal(f.T, trust.Checkpoint.Root().String(), found.Checkpoint.Root)
	return trust
}

// handOvers returns all archived hand-overs above a pair. It asks for a few at a time.
func handOvers(f *fixture.Fixture, pair uint64) (out []cert.HandOver) {
	f.T.Helper()
	for {
		found, err := queries(f).HandOvers(f.Ctx(), &types.QueryHandOversRequest{Pair: pair, Limit: 3})
		require.NoError(f.T, err)
		out = append(out, decodeHandOvers(f, found.HandOvers)...)
		if !found.More {
			return out
		}
		pair = out[len(out)-1].Certificate.First.Pair
	}
}

func decodeHandOvers(f *fixture.Fixture, found []types.HandOver) (out []cert.HandOver) {
	f.T.Helper()
	for _, message := range found {
		h, err := cert.DecodeHandOver(message.Canonical)
		require.NoError(f.T, err)
		final, ok := h.Certificate.Finalized()
		require.True(f.T, ok)
		require.Equal(f.T, final.Root().String(), message.Checkpoint.Root)
		out = append(out, h)
	}
	return out
}

func certificate(f *fixture.Fixture, epoch string) cert.Certificate {
	f.T.Helper()
	found, err := queries(f).Certificate(f.Ctx(), &types.QueryCertificateRequest{Epoch: epoch})
	require.NoError(f.T, err)
	c, err := cert.DecodeCertificate(found.Canonical)
	require.NoError(f.T, err)
	require.Equal(f.T, types.CertificateFromCert(c), found.Certificate)
	return c
}

// catchUp verifies the hand-overs and the latest certificate, like a client that was offline since trust.
func catchUp(f *fixture.Fixture, trust cert.Trust) (reached cert.Trust, hops int) {
	f.T.Helper()
	chain := handOvers(f, trust.Checkpoint.Pair)
	at := trust.Checkpoint
	if len(chain) > 0 {
		at = chain[len(chain)-1].Certificate.First
	}
	if newest := certificate(f, "finalized"); newest.First.Epoch > at.Epoch {
		chain = append(chain, cert.HandOver{Certificate: newest})
	}
	reached, hops, err := cert.VerifyChain(ffg.Domain(fixture.ChainID), trust, chain, anyAge(f, cert.Skipping))
	require.NoError(f.T, err)
	return reached, hops
}

func anyAge(f *fixture.Fixture, mode cert.Mode) cert.Options {
	return cert.Options{Mode: mode, Now: f.Now(), UnbondingTime: 24 * time.Hour}
}

func TestALightClientCatchesUpByInstallationsThatChangedSomething(t *testing.T) {
	f := restless(t)
	anchor := trustPoint(f, "0")
	unrest(f)
	require.Equal(t, anchor, trustPoint(f, "0"), "for ever, though epoch 0 is pruned")

	archive := handOvers(f, 0)
	require.Greater(t, len(archive), 20)
	own := f.App.OwnCheckpoint(f.Ctx())
	for _, kept := range []ffg.Checkpoint{anchor.Checkpoint, archive[0].Certificate.First, archive[5].Certificate.First} {
		found, known, err := own(kept.Epoch)
		require.NoError(t, err)
		require.True(t, known, "a trusted checkpoint of epoch %d can be checked for ever", kept.Epoch)
		require.Equal(t, kept, found)
	}
	_, known, err := own(archive[5].Certificate.First.Epoch - 1)
	require.NoError(t, err)
	require.False(t, known, "others are pruned")
	require.Greater(t, int(pair(f)), len(archive)+5, "installations that changed nothing are left out")
	lengths := map[int]bool{}
	for i, h := range archive {
		lengths[len(h.Certificate.Links)] = true
		for _, link := range h.Certificate.Links {
			require.Equal(t, h.Certificate.First.Pair, link.Target.Pair, "all targets lie in the pair")
		}
		reached, hops := catchUp(f, trustPoint(f, strconv.FormatUint(h.Certificate.First.Epoch, 10)))
		require.Equal(t, trustPoint(f, "finalized"), reached)
		require.Equal(t, len(archive)-i-1+1, hops, "the pairs that changed something, and the newest certificate")
	}
	require.Contains(t, lengths, 1)
	require.Contains(t, lengths, 2, "late votes")

	reached, hops := catchUp(f, anchor)
	require.Equal(t, trustPoint(f, "finalized"), reached)
	require.Equal(t, len(archive)+1, hops)
}

// A client needs exactly what was final in a pair before its successor was proposed. This test compares it with the events
// of the chain, block by block.
func TestEveryPairIsArchivedWhenTheFinalizedHeadEntersIt(t *testing.T) {
	f := restless(t)
	type sets struct{ voters, next ffg.Root }
	var expected []uint64
	final, last := checkpoint(f, 0), sets{}
	step := func() {
		now := checkpoint(f, f.Heads().Finalized)
		require.LessOrEqual(t, now.Pair, final.Pair+1, "no pair is skipped")
		if has := (sets{now.VoterSetHash, now.NextVoterSetHash}); now.Pair > final.Pair && has != last {
			expected = append(expected, now.Epoch)
		}
		final, last = now, sets{now.VoterSetHash, now.NextVoterSetHash}
		var found []uint64
		for _, h := range handOvers(f, 0) {
			found = append(found, h.Certificate.First.Epoch)
		}
		require.Equal(t, expected, found)
	}
	last = sets{final.VoterSetHash, final.NextVoterSetHash}
	f.Honest(0, 1, 2, 3)
	for i := range 60 {
		switch i {
		case 5:
			f.Register(4, 7).OK()
		case 17:
			f.Honest(0)
		case 25:
			f.Honest(0, 1, 2, 3).Vote(f.Heads().Head-5, 0, 1, 2, 3).Vote(f.Heads().Head-2, 0, 1, 2, 3)
		case 40:
			f.Undelegate(fixture.Operator(4), 4, fixture.Dual(7)).OK()
		default:
			f.Blocks(1)
		}
		step()
	}
	require.Len(t, expected, 6, "one voter in, one out: next, current and rear change one after the other")
}

func TestTheArchivedCertificateIsTheOneByWhichTheChainLearned(t *testing.T) {
	f := restless(t).Honest(0, 1, 2).Blocks(2) // voter 3 is late
	f.Register(4, 7).OK()
	for len(handOvers(f, 0)) == 0 {
		f.Blocks(1)
	}
	archived := handOvers(f, 0)[0].Certificate
	require.Equal(t, 3, archived.Links[0].Signers.Count())
	f.Vote(archived.Links[0].Target.Epoch, 3).Blocks(1)
	now := certificate(f, strconv.FormatUint(archived.First.Epoch, 10))
	require.Equal(t, 4, now.Links[0].Signers.Count(), "while its records are kept, the latest tally answers")
	require.Equal(t, archived, handOvers(f, 0)[0].Certificate)
}

// The chain gives no weight to bits of slashed voters, and clients count all bits. So clients accept what the chain finalizes.
func TestVotesOfSlashedVotersLeaveCertificatesValid(t *testing.T) {
	f := restless(t, fixture.Voters(40, 30, 20, 8)).Honest(0, 1, 2, 3).Blocks(2)
	anchor := trustPoint(f, "0")
	f.Report(fixture.Alice, f.DoubleVote(3, 3)).OK()
	f.Blocks(10)
	require.Greater(t, len(handOvers(f, 0)), 2, "the set lost a member")
	reached, _ := catchUp(f, anchor)
	require.Equal(t, f.Heads().Finalized, reached.Checkpoint.Epoch)
}

func TestAClientThatFollowsHasEveryLink(t *testing.T) {
	f := restless(t, unbondingTime(time.Hour))
	anchor := trustPoint(f, "0")
	unrest(f)
	at, chain := uint64(0), []cert.HandOver(nil)
	for {
		found, err := queries(f).Follow(f.Ctx(), &types.QueryFollowRequest{Epoch: strconv.FormatUint(at, 10), Limit: 7})
		require.NoError(t, err)
		require.LessOrEqual(t, len(found.HandOvers), 7)
		chain = append(chain, decodeHandOvers(f, found.HandOvers)...)
		if at = found.HandOvers[len(found.HandOvers)-1].Checkpoint.Epoch; !found.More {
			break
		}
	}
	reached, hops, err := cert.VerifyChain(ffg.Domain(fixture.ChainID), anchor, chain, anyAge(f, cert.Following))
	require.NoError(t, err)
	require.Equal(t, trustPoint(f, "finalized"), reached)
	require.Equal(t, len(chain), hops)
	require.Greater(t, hops, 50)
	found, err := queries(f).Follow(f.Ctx(), &types.QueryFollowRequest{Epoch: "finalized"})
	require.NoError(t, err)
	require.Empty(t, found.HandOvers)
}

func TestTheArchiveIsTheSameOnEveryNodeAndSurvivesAnImport(t *testing.T) {
	f := unrest(restless(t))
	other := restless(t, configured(t, 5000, map[string]any{
		server.FlagBlockExecutor: serverconfig.BlockExecutorBlockSTM, server.FlagBlockSTMWorkers: 8,
	})...)
	other.Replay(f)
	require.Equal(t, handOvers(f, 0), handOvers(other, 0))
	g := f.Import()
	f.Delegate(fixture.Alice, 0, fixture.Dual(1)).OK()
	g.Repeat(f)
	requireSameState(f, g)
	require.Equal(t, handOvers(f, 0), handOvers(g, 0))
	require.Equal(t, trustPoint(f, "0"), trustPoint(g, "0"))
	for range 12 {
		f.Blocks(1)
		g.Repeat(f)
	}
	requireSameState(f, g)
	require.Equal(t, handOvers(f, 0), handOvers(g, 0))
}

// The members of an archived pair are rebuilt from a bounded number of hand-overs.
func TestTheArchiveHasAFullSetNowAndThen(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 20, 10), setPeriod(1), unbondingTime(time.Second), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow = 4, 4
	})).Honest(0, 1, 2, 3)
	for pair(f) < 262 {
		if p := pair(f); p > 3 && p < 8 || p > 250 {
			f.Delegate(fixture.Alice, 0, fixture.Dual(1)).OK()
		}
		f.Blocks(1)
	}
	var full []uint64
	for _, h := range handOvers(f, 0) {
		first := h.Certificate.First
		if h.Next.Full {
			full = append(full, first.Pair)
		}
		require.Equal(t, first, trustPoint(f, strconv.FormatUint(first.Epoch, 10)).Checkpoint)
	}
	require.Equal(t, []uint64{256}, full)
}

func TestWhatIsNotKeptNamesWhatIs(t *testing.T) {
	f := unrest(restless(t))
	archive := handOvers(f, 0)
	kept := archive[3].Certificate.First
	require.Equal(t, archive[3].Certificate, certificate(f, strconv.FormatUint(kept.Epoch, 10)), "the archived one itself")
	q, ctx := queries(f), f.Ctx()
	ask := map[string]func(epoch string) error{
		"certificate": func(epoch string) error {
			_, err := q.Certificate(ctx, &types.QueryCertificateRequest{Epoch: epoch})
			return err
		},
		"trust point": func(epoch string) error {
			_, err := q.TrustPoint(ctx, &types.QueryTrustPointRequest{Epoch: epoch})
			return err
		},
		"follow": func(epoch string) error {
			_, err := q.Follow(ctx, &types.QueryFollowRequest{Epoch: epoch})
			return err
		},
	}
	for name, ask := range ask {
		t.Run(name, func(t *testing.T) {
			err := ask(strconv.FormatUint(kept.Epoch-1, 10))
			require.Equal(t, codes.NotFound, status.Code(err))
			require.ErrorContains(t, err, "the next of these is epoch "+strconv.FormatUint(kept.Epoch, 10))
			for epoch, code := range map[string]codes.Code{
				"head": codes.NotFound, strconv.FormatUint(f.Heads().Finalized, 10): codes.OK,
				strconv.FormatUint(f.Heads().Finalized+1, 10): codes.NotFound, "last": codes.InvalidArgument, "": codes.InvalidArgument,
			} {
				require.Equal(t, code, status.Code(ask(epoch)), "epoch %q", epoch)
			}
		})
	}
	found, err := q.HandOvers(ctx, &types.QueryHandOversRequest{Pair: pair(f)})
	require.NoError(t, err)
	require.Empty(t, found.HandOvers)
	before := fixture.New(t).Blocks(2)
	for _, id := range []string{"0", "finalized"} {
		_, err = queries(before).TrustPoint(before.Ctx(), &types.QueryTrustPointRequest{Epoch: id})
		require.Equal(t, codes.NotFound, status.Code(err), "before the anchor: %v", err)
	}
}

func TestWhatIsCertifiedGoesWithItsRecord(t *testing.T) {
	f := unrest(restless(t))
	records, _, _ := kept(f)
	certified := 0
	for next := uint64(0); ; certified++ {
		epoch, has, err := f.App.CheckpointKeeper.CertifiedEpoch(f.Ctx(), next)
		require.NoError(t, err)
		if !has {
			break
		}
		require.True(t, records[epoch], "epoch %d", epoch)
		next = epoch + 1
	}
	require.Equal(t, len(records)-2, certified, "all but the head and the justified head")
}

func TestAnArchiveThatDoesNotLeadToTheChainIsNotImported(t *testing.T) {
	f := unrest(restless(t))
	for _, tc := range []struct {
		name string
		edit func(*types.Archive)
		says string
	}{
		{"none", func(a *types.Archive) { *a = types.Archive{} }, "anchor"},
		{"an anchor of a later epoch", func(a *types.Archive) {
			late := trustPoint(f, "finalized")
			a.Anchor, _ = late.Encode()
		}, "expected an anchor of epoch 0"},
		{"without its end", func(a *types.Archive) { a.HandOvers = a.HandOvers[:len(a.HandOvers)-1] }, "is not archived"},
		{"with a gap", func(a *types.Archive) { a.HandOvers = append(a.HandOvers[:3:3], a.HandOvers[4:]...) }, "to pair"},
		{"backwards", func(a *types.Archive) { a.HandOvers[1], a.HandOvers[2] = a.HandOvers[2], a.HandOvers[1] }, "to pair"},
		{"one twice", func(a *types.Archive) { a.HandOvers = append(a.HandOvers, a.HandOvers[len(a.HandOvers)-1]) }, "expected a pair above"},
		{"bytes", func(a *types.Archive) { a.HandOvers[4] = a.HandOvers[4][1:] }, "hand-over 4"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer func() {
				err, _ := recover().(error)
				require.ErrorContains(t, err, tc.says)
			}()
			f.In(t).Import(fixture.Genesis(func(e app.Encoding, state app.GenesisState) {
				fixture.Change(e.Codec, state, types.ModuleName, func(g *types.GenesisState) { tc.edit(g.Running.Archive) })
			}))
			require.Fail(t, "it was imported")
		})
	}
}

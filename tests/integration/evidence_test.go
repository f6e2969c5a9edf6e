package integration

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	blst "github.com/supranational/blst/bindings/go"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// threeVoters is a chain that has finalized something.
func threeVoters(t *testing.T, options ...fixture.Option) *fixture.Fixture {
	t.Helper()
	options = append([]fixture.Option{fixture.Voters(40, 30, 30)}, options...)
	return fixture.New(t, options...).Honest(0, 1, 2).Blocks(6)
}

func of(amount math.Int, ppm int64) math.Int { return amount.MulRaw(ppm).QuoRaw(types.Million) }

func TestConflictingVotesInThePoolAreSlashedByTheNextProposer(t *testing.T) {
	for _, tc := range []struct {
		name          string
		first, second func(f *fixture.Fixture) ffg.Vote
		offence       string
	}{
		{
			"a double vote",
			func(f *fixture.Fixture) ffg.Vote { return f.Canonical(f.Heads().Head) },
			func(f *fixture.Fixture) ffg.Vote { return fixture.Fork("fork", f.Heads().Head-1, f.Heads().Head) },
			"double vote",
		},
		{
			"a surround vote",
			func(f *fixture.Fixture) ffg.Vote { return fixture.Fork("fork", f.Heads().Head-3, f.Heads().Head) },
			func(f *fixture.Fixture) ffg.Vote { return fixture.Fork("fork", f.Heads().Head-2, f.Heads().Head-1) },
			"surround vote",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := threeVoters(t).Honest()
			supply := f.App.BankKeeper.GetSupply(f.Ctx(), "udual").Amount
			f.Check(f.Pack(f.AggregateOf(tc.first(f), 1))).OK()
			f.Check(f.Pack(f.AggregateOf(tc.second(f), 1))).OK()

			f.Propose(f.Prepare()...)
			requireSlashedOnce(t, f, 1, 30)
			record := f.Evidence(0)
			require.Equal(t, tc.offence, record.Offence)
			require.Empty(t, record.Submitter)
			require.Zero(t, record.Reward.Int64(), "injected evidence has no reward")
			burned := of(fixture.Dual(30).Amount, 50_000)
			require.Equal(t, supply.Sub(burned).String(), f.App.BankKeeper.GetSupply(f.Ctx(), "udual").Amount.String())
			require.Empty(t, f.Prepare(), "and not again")
		})
	}
}

// requireSlashedOnce requires that a voter has lost 5 % of this power.
func requireSlashedOnce(t *testing.T, f *fixture.Fixture, i int, power int64) {
	t.Helper()
	voter := f.Voter(i)
	require.True(t, voter.Tombstoned)
	require.True(t, voter.Jailed)
	require.Equal(t, of(fixture.Dual(power).Amount, 950_000).String(), voter.Stake().String())
}

func TestHandMadeEvidenceFromAForkThatThisChainNeverSaw(t *testing.T) {
	for name, epoch := range map[string]uint64{"in the past": 3, "far above the head": 1_000_000} {
		t.Run(name, func(t *testing.T) {
			f := threeVoters(t)
			before := f.Balance(fixture.Alice)
			f.Report(fixture.Alice, f.DoubleVote(epoch, 1)).OK()
			requireSlashedOnce(t, f, 1, 30)

			penalty := of(fixture.Dual(30).Amount, 50_000)
			reward := of(penalty, 50_000)
			require.Equal(t, before.Add(reward), f.Balance(fixture.Alice))
			record := f.Evidence(0)
			require.Equal(t, penalty.String(), record.Penalty.String())
			require.Equal(t, reward.String(), record.Reward.String())
			require.Equal(t, []uint64{1}, record.Slashed)
			require.Equal(t, f.Height(), record.Height)

			f.Report(fixture.Bob, f.DoubleVote(epoch, 1)).Fails(types.ErrNobodyGuilty)
			f.Report(fixture.Bob, f.DoubleVote(epoch+1, 1)).Fails(types.ErrNobodyGuilty)
			requireSlashedOnce(t, f, 1, 30)
		})
	}
}

func TestTheSameVoterIsSlashedOnceInABlock(t *testing.T) {
	f := threeVoters(t)
	report := func(from fixture.Account, epoch uint64) []byte {
		return f.Sign(fixture.Tx{From: from, Msgs: []sdk.Msg{
			&types.MsgSubmitEvidence{Submitter: from.String(), Evidence: f.DoubleVote(epoch, 2)},
		}})
	}
	outcomes := f.Deliver(report(fixture.Alice, 3), report(fixture.Bob, 4))
	outcomes[0].OK()
	outcomes[1].Fails(types.ErrNobodyGuilty)
	requireSlashedOnce(t, f, 2, 30)
}

func TestAJailedVoterIsSlashed(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 5), fixture.Params(func(p *types.Params) { p.EraLength, p.VoteWindow = 2, 2 }))
	f.Honest(0, 1).Blocks(12)
	require.True(t, f.Voter(2).Jailed)
	require.False(t, f.Voter(2).Tombstoned)
	f.Report(fixture.Alice, f.DoubleVote(3, 2)).OK()
	requireSlashedOnce(t, f, 2, 5)
	f.Unjail(2).Fails(types.ErrTombstoned)
}

func TestAVoterThatIsUnbondingIsSlashed(t *testing.T) {
	f := threeVoters(t)
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(30)).OK()
	require.True(t, f.Voter(1).BondedTokens().IsZero())
	f.Report(fixture.Alice, f.DoubleVote(3, 1)).OK()
	requireSlashedOnce(t, f, 1, 30)
	require.Equal(t, of(fixture.Dual(30).Amount, 950_000).String(), unbondings(f, fixture.Operator(1))[0].Balance.String())
}

func TestBondedAndUnbondingStakeAreCutAlike(t *testing.T) {
	f := threeVoters(t)
	f.Delegate(fixture.Alice, 1, fixture.Dual(20)).OK()
	f.Undelegate(fixture.Alice, 1, fixture.Dual(8)).OK()
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(10)).OK()
	f.Report(fixture.Bob, f.DoubleVote(3, 1)).OK()
	voter := f.Voter(1)
	require.Equal(t, of(fixture.Dual(32).Amount, 950_000).String(), voter.BondedTokens().String())
	require.Equal(t, of(fixture.Dual(18).Amount, 950_000).String(), voter.Unbonding.Tokens.String())
	require.Equal(t, of(fixture.Dual(8).Amount, 950_000).String(), unbondings(f, fixture.Alice)[0].Balance.String())
	resp, err := queries(f).DelegatorDelegations(f.Ctx(), &types.QueryDelegatorDelegationsRequest{Delegator: fixture.Alice.String()})
	require.NoError(t, err)
	require.Equal(t, of(fixture.Dual(12).Amount, 950_000).String(), resp.Delegations[0].Balance.String())
}

func TestWhatIsLeftOfATombstonedVotersStakeIsFrozen(t *testing.T) {
	f := threeVoters(t, unbondingTime(time.Second), setPeriod(3))
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(10)).OK()
	f.Report(fixture.Alice, f.DoubleVote(3, 1)).OK()
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(1)).Fails(types.ErrTombstoned)
	f.Delegate(fixture.Bob, 1, fixture.Dual(1)).Fails(types.ErrTombstoned)
	f.Unjail(1).Fails(types.ErrTombstoned)
	entry := unbondings(f, fixture.Operator(1))[0].Unbonding
	f.Do(fixture.Operator(1), &types.MsgCancelUnbonding{Delegator: entry.Delegator, UnbondingId: entry.Id}).Fails(types.ErrTombstoned)
	stake, balance := f.Voter(1).Stake(), f.Balance(fixture.Operator(1))
	f.Honest(0, 2).Blocks(30)
	require.Equal(t, stake, f.Voter(1).Stake())
	require.Equal(t, balance, f.Balance(fixture.Operator(1)))
	require.True(t, unbondings(f, fixture.Operator(1))[0].Frozen)
}

func TestASlashedVotersBitsWeighNothing(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1, 1)).Honest(0, 1, 2, 3).Blocks(5).Honest()
	f.Report(fixture.Alice, f.DoubleVote(2, 0)).OK()
	epoch := f.Heads().Head
	f.Vote(epoch, 0, 1, 2).Blocks(1)
	require.False(t, checkpoint(f, epoch).Justified, "two of four count")
	f.Vote(epoch, 3).Blocks(1)
	require.True(t, checkpoint(f, epoch).Justified, "three of four count")
}

func TestJustificationIsNotWithdrawnWhenItsVotersAreSlashed(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Honest(0, 1, 2).Blocks(5)
	before := f.Heads()
	f.Honest().Report(fixture.Alice, f.DoubleVote(2, 0, 1, 2)).OK()
	require.GreaterOrEqual(t, f.Heads().Justified, before.Justified)
	require.True(t, checkpoint(f, before.Justified).Justified)
}

func TestOnlyTheKeysInBothVotesAreGuilty(t *testing.T) {
	f := threeVoters(t)
	f.Report(fixture.Alice, types.Evidence{
		First: f.Signed(fixture.Fork("a", 2, 3), 0, 1), Second: f.Signed(fixture.Fork("b", 2, 3), 1, 2),
	}).OK()
	require.Equal(t, []uint64{1}, f.Evidence(0).Slashed)
	for i, guilty := range []bool{false, true, false} {
		require.Equal(t, guilty, f.Voter(i).Tombstoned, "voter %d", i)
	}
	f.Report(fixture.Alice, types.Evidence{
		First: f.Signed(fixture.Fork("a", 2, 3), 0), Second: f.Signed(fixture.Fork("b", 2, 3), 2),
	}).Fails(types.ErrNobodyGuilty)
}

func TestOneEvidenceSlashesAllWhoAreGuilty(t *testing.T) {
	f := threeVoters(t)
	f.Report(fixture.Alice, f.DoubleVote(3, 0)).OK()
	f.Report(fixture.Alice, f.DoubleVote(3, 0, 1, 2)).OK()
	require.Equal(t, []uint64{1, 2}, f.Evidence(1).Slashed, "0 was slashed before")
	requireSlashedOnce(t, f, 0, 40)
	requireSlashedOnce(t, f, 1, 30)
	requireSlashedOnce(t, f, 2, 30)
}

func TestWhichVotesConflict(t *testing.T) {
	for _, tc := range []struct {
		name          string
		first, second ffg.Vote
		err           error
	}{
		{"double, other root", fixture.Fork("a", 2, 3), fixture.Fork("b", 2, 3), nil},
		{"double, other source only", fixture.Fork("a", 1, 3), fixture.Fork("a", 2, 3), nil},
		{"surrounding", fixture.Fork("a", 1, 6), fixture.Fork("b", 2, 5), nil},
		{"surrounded", fixture.Fork("b", 2, 5), fixture.Fork("a", 1, 6), nil},
		{"the same vote", fixture.Fork("a", 2, 3), fixture.Fork("a", 2, 3), types.ErrNotSlashable},
		{"the same source", fixture.Fork("a", 2, 3), fixture.Fork("b", 2, 4), types.ErrNotSlashable},
		{"one after the other", fixture.Fork("a", 2, 3), fixture.Fork("b", 3, 4), types.ErrNotSlashable},
		{"overlapping", fixture.Fork("a", 2, 4), fixture.Fork("b", 3, 5), types.ErrNotSlashable},
		{"far apart", fixture.Fork("a", 2, 4), fixture.Fork("b", 30, 50), types.ErrNotSlashable},
		{"a vote back in time", fixture.Fork("a", 4, 3), fixture.Fork("b", 2, 3), types.ErrInvalidVote},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := threeVoters(t)
			outcome := f.Report(fixture.Alice, types.Evidence{First: f.Signed(tc.first, 1), Second: f.Signed(tc.second, 1)})
			require.Equal(t, tc.err == nil, f.Voter(1).Tombstoned)
			if tc.err != nil {
				outcome.Fails(tc.err)
				return
			}
			outcome.OK()
		})
	}
}

// forkSigner returns voter i as a signer that is registered only on a fork.
func forkSigner(i int) types.ForkSigner {
	voter := fixture.NewVoter(i)
	proof := voter.Possession(fixture.ChainID)
	return types.ForkSigner{PubKey: voter.Key.String(), Operator: voter.Operator.String(), Possession: proof[:]}
}

// onFork returns a double vote by voters that are registered here and by signers of a fork.
func onFork(f *fixture.Fixture, registered []int, fork []types.ForkSigner, signers ...int) types.Evidence {
	side := func(name string) types.EvidenceVote {
		vote := fixture.Fork(name, 2, 3)
		signed := f.Signed(vote, registered...)
		signature := f.Signature(vote, signers...)
		signed.ForkSigners, signed.Signature = fork, signature[:]
		return signed
	}
	return types.Evidence{First: side("a"), Second: side("b")}
}

func TestEvidenceMayNameSignersThatOnlyAForkRegistered(t *testing.T) {
	f := threeVoters(t)
	fork := []types.ForkSigner{forkSigner(7)}
	f.Report(fixture.Alice, onFork(f, []int{1}, fork, 1, 7)).OK()
	require.Equal(t, []uint64{1}, f.Evidence(0).Slashed)
}

func TestFramingIsRefused(t *testing.T) {
	honest := fixture.NewVoter(1)
	rogue := rogueKey(t, 8, honest)
	proofOf8 := forkSigner(8).Possession
	f := threeVoters(t)
	for _, tc := range []struct {
		name     string
		evidence func(f *fixture.Fixture) types.Evidence
		err      error
	}{
		{"signed by another key", func(f *fixture.Fixture) types.Evidence {
			return onFork(f, []int{1}, nil, 8)
		}, types.ErrInvalidSignature},
		{"a signature lifted from a real vote", func(f *fixture.Fixture) types.Evidence {
			e := f.DoubleVote(3, 1)
			e.Second.Signature = e.First.Signature
			return e
		}, types.ErrInvalidSignature},
		{"by the set of a fork: a registration that nobody has", func(f *fixture.Fixture) types.Evidence {
			e := f.DoubleVote(3, 1)
			e.First.Registrations, e.Second.Registrations = []uint64{99}, []uint64{99}
			return e
		}, types.ErrVoterNotFound},
		{"of a registration that did not sign", func(f *fixture.Fixture) types.Evidence {
			e := f.DoubleVote(3, 1)
			e.First.Registrations, e.Second.Registrations = []uint64{1, 2}, []uint64{1, 2}
			return e
		}, types.ErrInvalidSignature},
		{"with a rogue key that cancels the victim's", func(f *fixture.Fixture) types.Evidence {
			return onFork(f, []int{1}, []types.ForkSigner{{PubKey: hex.EncodeToString(rogue[:]), Operator: fixture.Operator(8).String(), Possession: proofOf8}}, 8)
		}, types.ErrInvalidPossession},
		{"with a signer unknown here and no proof", func(f *fixture.Fixture) types.Evidence {
			signer := forkSigner(7)
			signer.Possession = make([]byte, bls.SignatureSize)
			return onFork(f, []int{1}, []types.ForkSigner{signer}, 1, 7)
		}, types.ErrInvalidPossession},
		{"with a signer unknown here and an empty proof", func(f *fixture.Fixture) types.Evidence {
			signer := forkSigner(7)
			signer.Possession = nil
			return onFork(f, []int{1}, []types.ForkSigner{signer}, 1, 7)
		}, types.ErrInvalidEvidence},
		{"with a proof that is a byte short", func(f *fixture.Fixture) types.Evidence {
			signer := forkSigner(7)
			signer.Possession = signer.Possession[1:]
			return onFork(f, []int{1}, []types.ForkSigner{signer}, 1, 7)
		}, types.ErrInvalidEvidence},
		{"with a proof that is a byte long", func(f *fixture.Fixture) types.Evidence {
			signer := forkSigner(7)
			signer.Possession = append(signer.Possession, 0)
			return onFork(f, []int{1}, []types.ForkSigner{signer}, 1, 7)
		}, types.ErrInvalidEvidence},
		{"with a proof for another operator", func(f *fixture.Fixture) types.Evidence {
			signer := forkSigner(7)
			signer.Operator = fixture.Operator(6).String()
			return onFork(f, []int{1}, []types.ForkSigner{signer}, 1, 7)
		}, types.ErrInvalidPossession},
		{"with a proof for another chain", func(f *fixture.Fixture) types.Evidence {
			signer, proof := forkSigner(7), fixture.NewVoter(7).Possession("elsewhere")
			signer.Possession = proof[:]
			return onFork(f, []int{1}, []types.ForkSigner{signer}, 1, 7)
		}, types.ErrInvalidPossession},
		{"with a registered voter as the fork's", func(f *fixture.Fixture) types.Evidence {
			return onFork(f, []int{1}, []types.ForkSigner{forkSigner(2)}, 1, 2)
		}, types.ErrForkSignerIsKnown},
		{"with the identity key", func(f *fixture.Fixture) types.Evidence {
			signer := forkSigner(7)
			signer.PubKey = "c0" + strings.Repeat("00", bls.PublicKeySize-1)
			return onFork(f, []int{1}, []types.ForkSigner{signer}, 1)
		}, types.ErrInvalidKey},
		{"fork signers out of order", func(f *fixture.Fixture) types.Evidence {
			a, b := forkSigner(7), forkSigner(8)
			if a.PubKey < b.PubKey {
				a, b = b, a
			}
			return onFork(f, []int{1}, []types.ForkSigner{a, b}, 1, 7, 8)
		}, types.ErrInvalidEvidence},
		{"a fork signer twice", func(f *fixture.Fixture) types.Evidence {
			return onFork(f, []int{1}, []types.ForkSigner{forkSigner(7), forkSigner(7)}, 1, 7, 7)
		}, types.ErrInvalidEvidence},
		{"more fork signers than evidence may name", func(f *fixture.Fixture) types.Evidence {
			return onFork(f, []int{1}, slices.Repeat([]types.ForkSigner{forkSigner(7)}, types.MaxForkSigners+1), 1, 7)
		}, types.ErrInvalidEvidence},
		{"registrations out of order", func(f *fixture.Fixture) types.Evidence {
			e := f.DoubleVote(3, 1, 2)
			e.First.Registrations = []uint64{2, 1}
			return e
		}, types.ErrInvalidEvidence},
		{"a registration twice", func(f *fixture.Fixture) types.Evidence {
			e := onFork(f, []int{1}, nil, 1, 1)
			e.First.Registrations, e.Second.Registrations = []uint64{1, 1}, []uint64{1, 1}
			return e
		}, types.ErrInvalidEvidence},
		{"with votes for another chain", func(f *fixture.Fixture) types.Evidence {
			e := f.DoubleVote(3, 1)
			for _, side := range []*types.EvidenceVote{&e.First, &e.Second} {
				vote, err := side.Vote.ToFFG()
				require.NoError(f.T, err)
				signature := honest.Secret.Sign(vote.SigningRoot(ffg.Domain("elsewhere")))
				side.Signature = signature[:]
			}
			return e
		}, types.ErrInvalidSignature},
		{"a signature that is too short", func(f *fixture.Fixture) types.Evidence {
			e := f.DoubleVote(3, 1)
			e.First.Signature = e.First.Signature[1:]
			return e
		}, types.ErrInvalidSignature},
		{"a root that is too short", func(f *fixture.Fixture) types.Evidence {
			e := f.DoubleVote(3, 1)
			e.First.Vote.Target.Root = e.First.Vote.Target.Root[1:]
			return e
		}, types.ErrInvalidVote},
		{"nobody at all", func(f *fixture.Fixture) types.Evidence {
			e := f.DoubleVote(3, 1)
			e.First.Registrations, e.Second.Registrations = nil, nil
			return e
		}, types.ErrNobodyGuilty},
		{"nothing at all", func(*fixture.Fixture) types.Evidence { return types.Evidence{} }, types.ErrInvalidVote},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f.In(t).Report(fixture.Alice, tc.evidence(f)).Fails(tc.err)
			for i := range 3 {
				require.False(t, f.Voter(i).Jailed)
			}
		})
	}
}

// rogueKey returns a key whose sum with the victim's key is the key of voter i, whose owner could then sign for both.
func rogueKey(t *testing.T, i int, victim fixture.Voter) ffg.PublicKey {
	t.Helper()
	own, others := new(blst.P1Affine), new(blst.P1Affine)
	key := fixture.NewVoter(i).Key
	require.NotNil(t, own.Uncompress(key[:]))
	require.NotNil(t, others.Uncompress(victim.Key[:]))
	difference := new(blst.P1)
	difference.FromAffine(own)
	sum, negated := *difference, new(blst.P1)
	negated.FromAffine(others)
	rogue := sum.Sub(negated)
	return ffg.PublicKey(rogue.ToAffine().Compress())
}

func TestARogueKeyWouldWorkWithoutProofsOfPossession(t *testing.T) {
	victim := fixture.NewVoter(1)
	rogue, err := bls.ParsePublicKey(bytesOf(rogueKey(t, 8, victim)))
	require.NoError(t, err)
	key, err := bls.ParsePublicKey(victim.Key[:])
	require.NoError(t, err)
	root := ffg.Root(sha256.Sum256([]byte("anything")))
	require.NoError(t, bls.VerifyAggregate([]*bls.PublicKey{key, rogue}, root, fixture.NewVoter(8).Secret.Sign(root)))
}

func bytesOf(key ffg.PublicKey) []byte { return key[:] }

// outsideSubgroup returns the encoding of a point that is on the curve and not in the subgroup.
func outsideSubgroup(t *testing.T) []byte {
	t.Helper()
	for x := range byte(255) {
		encoded := append([]byte{0x80}, make([]byte, bls.PublicKeySize-2)...)
		encoded = append(encoded, x)
		if point := new(blst.P1Affine).Uncompress(encoded); point != nil && !point.InG1() {
			return encoded
		}
	}
	require.Fail(t, "no such point")
	return nil
}

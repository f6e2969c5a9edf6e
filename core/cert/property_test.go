package cert_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

var propertyVoters = certtest.NewVoters(6)

func drawSide(t *rapid.T, label string) ffg.Side {
	powers := rapid.SliceOfN(rapid.Uint64Range(0, 4), 6, 6).Draw(t, label)
	powers[rapid.IntRange(0, 5).Draw(t, label+", at least")] = 1
	return propertyVoters.Side(powers...)
}

// Changes make the one set of the other, and name nobody who stays as they were.
func TestDiffThenApply(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := drawSide(t, "from"), drawSide(t, "to")
		changes := cert.Diff(from, to)
		made, err := changes.Apply(from)
		require.NoError(t, err)
		require.Equal(t, to, made)
		for _, m := range changes.Members {
			require.NotContains(t, from, m)
		}
		full, err := cert.Full(to).Apply(from)
		require.NoError(t, err)
		require.Equal(t, to, full)
	})
}

// However sets rotate, one hop per installation that changed something is enough. With one less there is an error, unless
// it was one that could be foreseen: a set that was next already has become the rear side too.
func TestSkippingTakesOneHopPerChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := certtest.New("skipping", propertyVoters, drawSide(t, "eligible"))
		c.Extend(1)
		var hops []cert.HandOver
		trusted := uint64(0)
		for range rapid.IntRange(1, 8).Draw(t, "installations") {
			if eligible := c.Next(c.Head()); rapid.Bool().Draw(t, "same") {
				c.Install(eligible)
			} else {
				c.Install(drawSide(t, "eligible"))
			}
			before := c.Head()
			c.Extend(2)
			first := before + 1
			if c.Checkpoints[first].VoterSetHash != c.Checkpoints[before].VoterSetHash ||
				c.Checkpoints[first].NextVoterSetHash != c.Checkpoints[before].NextVoterSetHash {
				hops = append(hops, c.HandOver(trusted, first, first+1))
				trusted = first
			}
		}
		o := rotation{Chain: c}.fresh(0)
		reached, _, err := cert.VerifyChain(c.Domain(), c.Trust(0), hops, o)
		require.NoError(t, err)
		require.Equal(t, c.Trust(trusted), reached)
		// Then the head's certificate, even if other pairs have been installed since.
		head := c.HandOver(trusted, c.Head()-1, c.Head())
		if c.Head()-1 > trusted {
			reached, _, err = cert.VerifyChain(c.Domain(), reached, []cert.HandOver{head}, o)
			require.NoError(t, err)
			require.Equal(t, c.Trust(c.Head()-1), reached)
		}
		if len(hops) < 2 {
			return
		}
		without := rapid.IntRange(0, len(hops)-2).Draw(t, "without")
		shortened, verified, err := cert.VerifyChain(c.Domain(), c.Trust(0), slices.Delete(slices.Clone(hops), without, without+1), o)
		if err != nil {
			require.Equal(t, without, verified)
			return
		}
		require.Equal(t, c.Trust(trusted), shortened)
		require.Empty(t, hops[without].Next.Members)
	})
}

// Accountable safety, as a following client sees it (protocol §13): for any votes of two coalitions on two forks, with sets that
// rotate as they please, if a client can be led along both to conflicting checkpoints, at least a third of a side is
// shown to be guilty. Each coalition votes with as few as make a quorum, from opposite ends.
func TestFollowersConvictAThird(t *testing.T) {
	disputes := 0
	rapid.Check(t, func(t *rapid.T) {
		common := certtest.New("following", propertyVoters, drawSide(t, "eligible"))
		common.Extend(rapid.IntRange(0, 2).Draw(t, "common"))
		forks := [2]*certtest.Chain{common.Fork(), common.Fork().Fork()}
		var chains [2][]cert.HandOver
		for i, fork := range forks {
			misbehave(t, fork, i == 0)
			chains[i] = lead(fork)
		}
		o := rotation{Chain: common}.fresh(0)
		o.Mode = cert.Following
		dispute, err := cert.Compare(common.Domain(), common.Trust(0), chains[0], chains[1], o)
		if errors.Is(err, cert.ErrNoDispute) {
			return
		}
		require.NoError(t, err)
		disputes++
		var guilty []ffg.PublicKey
		for _, e := range dispute.Evidence {
			guilty = append(guilty, e.Guilty...)
			requireOffence(t, common.Domain(), e)
		}
		require.True(t, holdsThird(sortedKeys(guilty), forks[:]), "guilty: %v", guilty)
		text, err := cert.EncodeJSON(dispute)
		require.NoError(t, err)
		same, err := cert.DecodeJSON[cert.Dispute](text)
		require.NoError(t, err)
		require.Equal(t, dispute, same)
	})
	require.Positive(t, disputes, "no run had a dispute")
}

// requireOffence checks evidence as a chain does that knows the keys alone.
func requireOffence(t require.TestingT, domain ffg.Root, e cert.Evidence) {
	var offence *ffg.Offence
	require.ErrorAs(t, ffg.Slashable(e.First.Vote, e.Second.Vote), &offence)
	require.Equal(t, offence.Kind.String(), e.Offence)
	require.Equal(t, offence.First, e.First.Vote, "the surrounding vote is first")
	for _, signed := range []cert.SignedVote{e.First, e.Second} {
		var keys []*bls.PublicKey
		for _, key := range signed.Signers {
			parsed, err := bls.ParsePublicKey(key[:])
			require.NoError(t, err)
			keys = append(keys, parsed)
		}
		require.NoError(t, bls.VerifyAggregate(keys, signed.Vote.SigningRoot(domain), signed.Signature))
		for _, key := range e.Guilty {
			require.Contains(t, signed.Signers, key)
		}
	}
}

// misbehave goes on from a fork's head: it proposes, installs and votes without regard to any rule but the quorum.
func misbehave(t *rapid.T, c *certtest.Chain, fromLeft bool) {
	for range rapid.IntRange(1, 8).Draw(t, "epochs") {
		if rapid.IntRange(0, 3).Draw(t, "install") == 0 {
			c.Install(drawSide(t, "eligible"))
		}
		target := c.Propose()
		if rapid.IntRange(0, 3).Draw(t, "absent") == 0 {
			continue
		}
		source := target - uint64(rapid.IntRange(1, int(min(target, 3))).Draw(t, "span"))
		c.Links[target] = c.Sign(c.Checkpoints[source].Ref(), c.Checkpoints[target], c.Set(target), dispensable(c.Set(target), fromLeft)...)
	}
}

// dispensable returns voters without whom there is a quorum still, as many from one end as possible.
func dispensable(set ffg.VoterSet, fromLeft bool) (absent []int) {
	signers := ffg.NewBitfield(len(set))
	for i := range set {
		signers.Set(i)
	}
	for i := range set {
		if !fromLeft {
			i = len(set) - 1 - i
		}
		without := signers.AndNot(ffg.SingleBit(len(set), i))
		if set.Quorum(without) {
			signers = without
			absent = append(absent, slices.IndexFunc(propertyKeys, func(key ffg.PublicKey) bool { return key == set[i].Key }))
		}
	}
	return absent
}

var propertyKeys = func() (keys []ffg.PublicKey) {
	for i := range 6 {
		keys = append(keys, propertyVoters.Key(i))
	}
	return keys
}()

// lead returns hand-overs that a following client accepts, as far along a chain as there are any.
func lead(c *certtest.Chain) (out []cert.HandOver) {
	trust := c.Trust(0)
	o := rotation{Chain: c}.fresh(0)
	o.Mode = cert.Following
	for to := uint64(1); to <= c.Head(); to++ {
		certificate := c.Certificate(trust.Checkpoint.Epoch, max(to, trust.Checkpoint.Epoch+1))
		final, ok := certificate.Finalized()
		if !ok {
			continue
		}
		h := cert.HandOver{Certificate: certificate, Next: cert.Diff(trust.Next, c.Next(final.Epoch))}
		if next, _, err := cert.VerifyChain(c.Domain(), trust, []cert.HandOver{h}, o); err == nil {
			trust, out = next, append(out, h)
		}
	}
	return out
}

// holdsThird reports whether keys hold a third of a side of any pair on either fork.
func holdsThird(keys []ffg.PublicKey, forks []*certtest.Chain) bool {
	for _, c := range forks {
		for epoch := range c.Checkpoints {
			set := c.Set(uint64(epoch))
			held := ffg.NewBitfield(len(set))
			for _, key := range keys {
				if i, member := set.Position(key); member {
					held.Set(i)
				}
			}
			rear, current := set.Powers(held)
			allRear, allCurrent := set.Totals()
			if ffg.AtLeastThird(rear, allRear) || ffg.AtLeastThird(current, allCurrent) {
				return true
			}
		}
	}
	return false
}

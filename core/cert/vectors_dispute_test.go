package cert_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

// Forks after epoch 2, by five voters of equal power: voter 4 is honest on the one side, voter 0 on the other, and 1, 2 and
// 3 vote on both. In the vectors that skip, forks share their ancestors up to epoch 1 alone.
func disputeVectors(t *testing.T) (out []vector) {
	voters := certtest.NewVoters(8)
	common := certtest.New(vectorChain, voters, voters.Side(10, 10, 10, 10, 10))
	common.Extend(2)
	one, other := common.Fork(), common.Fork().Fork()
	one.Extend(8, 0)
	other.Extend(4, 4)

	// The forks vote in turns: nobody votes twice for an epoch. The first finalizes epochs 3 and 4; the other, which was
	// asleep, goes from 2 to 6, around these votes.
	asleep := common.Fork().Fork()
	for range 4 {
		asleep.Propose()
	}
	asleep.Vote(2, 6, 4)
	asleep.Extend(1, 4)

	guilty := sortedKeys([]ffg.PublicKey{voters.Key(1), voters.Key(2), voters.Key(3)})
	double, surround := ffg.DoubleVote.String(), ffg.SurroundVote.String()
	trust := common.Trust(1)
	add := func(name, mode string, first, second []cert.HandOver, e expect) {
		in := input{
			ChainID: vectorChain, Mode: mode, Trust: certtest.InBinary(trust), Now: trust.Checkpoint.Time, Unbonding: unbonding,
		}
		for _, h := range first {
			in.HandOvers = append(in.HandOvers, *certtest.InBinary(h))
		}
		for _, h := range second {
			in.Others = append(in.Others, *certtest.InBinary(h))
		}
		out = append(out, vector{Name: name, Op: "compare", Input: in, Expect: e})
	}
	add("followed to two forks: double votes", "following",
		[]cert.HandOver{one.Follow(1, 4)}, []cert.HandOver{other.Follow(1, 4)},
		expect{OK: true, Epoch: 3, Guilty: guilty, Offences: []string{double}})
	add("followed to two forks: surround votes", "following",
		[]cert.HandOver{one.Follow(1, 5)}, []cert.HandOver{asleep.Follow(1, 7)},
		expect{OK: true, Epoch: 3, Guilty: guilty, Offences: []string{surround}})
	add("skipped to two checkpoints of an epoch", "skipping",
		[]cert.HandOver{one.HandOver(1, 3, 4)}, []cert.HandOver{other.HandOver(1, 3, 4)},
		expect{OK: true, Epoch: 3, Guilty: guilty, Offences: []string{double}})
	add("skipped to a checkpoint and another one's child: nobody is shown to be guilty", "skipping",
		[]cert.HandOver{one.HandOver(1, 3, 4)}, []cert.HandOver{other.HandOver(1, 4, 5)}, expect{OK: true, Epoch: 3})
	add("skipped further apart: nothing is shown", "skipping",
		[]cert.HandOver{one.HandOver(1, 3, 4)}, []cert.HandOver{other.HandOver(1, 5, 6)}, expect{OK: true})
	add("followed along one chain", "following",
		[]cert.HandOver{one.Follow(1, 4), one.Follow(3, 6)}, []cert.HandOver{one.Follow(1, 5)}, expect{OK: true})
	forged := other.Follow(1, 4)
	forged.Certificate.Links[0].Signature[95] ^= 1
	// Where the chains part, a voter has joined. The fork is shown by one certificate, which begins before that.
	grown := common.Fork().Fork().Fork()
	grown.Install(voters.Side(10, 10, 10, 10, 10, 10))
	grown.Extend(3)
	joined, apart := grown.Fork(), grown.Fork().Fork()
	joined.Install(voters.Side(10, 10, 10, 10, 10, 10))
	joined.Extend(4, 0)
	apart.Extend(4, 4)
	add("followed by one certificate over what both chains share", "following",
		each(joined, 1), []cert.HandOver{apart.Follow(1, apart.Head())},
		expect{OK: true, Epoch: 6, Guilty: guilty, Offences: []string{double}})
	add("a fork invents a set in which a key that nobody has makes an honest voter seem to sign", "following",
		each(one, 1), each(framing(common, voters, 4), 1),
		expect{OK: true, Epoch: 3, Guilty: sortedKeys([]ffg.PublicKey{voters.Key(1), voters.Key(2), voters.Key(3)}), Offences: []string{double}})
	add("such a fork, compared the other way round", "following",
		each(framing(common, voters, 4), 1), each(one, 1),
		expect{OK: true, Epoch: 3, Guilty: sortedKeys([]ffg.PublicKey{voters.Key(1), voters.Key(2), voters.Key(3)}), Offences: []string{double}})
	add("votes that surround others, of checkpoints that do not conflict", "skipping",
		[]cert.HandOver{one.HandOver(1, 3, 4)}, []cert.HandOver{asleep.HandOver(1, 5, 7)}, expect{OK: true})
	// Both chains install another set at once: only the trusted sets are shared.
	here, there := common.Fork().Fork().Fork(), common.Fork().Fork().Fork().Fork()
	here.Install(voters.Side(10, 10, 10, 10, 10, 1))
	there.Install(voters.Side(10, 10, 10, 10, 10, 0, 1))
	here.Extend(2, 0)
	there.Extend(2, 4)
	add("only the trusted sets are shared", "skipping",
		[]cert.HandOver{here.HandOver(1, 3, 4)}, []cert.HandOver{there.HandOver(1, 3, 4)},
		expect{OK: true, Epoch: 3, Guilty: guilty, Offences: []string{double}})
	// A voter who leaves is in no next set any more.
	leaving := common.Fork().Fork().Fork()
	leaving.Install(voters.Side(10, 10, 10, 0, 10))
	leaving.Extend(2)
	trust = leaving.Trust(3)
	left, right := leaving.Fork(), leaving.Fork().Fork()
	left.Extend(2, 0)
	right.Extend(2, 4)
	add("a voter who leaves is guilty, too", "following",
		each(left, 3), each(right, 3), expect{OK: true, Epoch: 5, Guilty: guilty, Offences: []string{double}})
	trust = common.Trust(1)
	add("the first chain is not valid", "following",
		[]cert.HandOver{forged}, []cert.HandOver{one.Follow(1, 4)}, expect{Error: cert.StepSignature})
	late := one.HandOver(1, 3, 4)
	add("neither chain is valid: the first one's error counts", "following",
		[]cert.HandOver{forged}, []cert.HandOver{late}, expect{Error: cert.StepSignature})
	add("the other chain is not valid", "following",
		[]cert.HandOver{one.Follow(1, 4)}, []cert.HandOver{forged}, expect{Error: cert.StepSignature})
	return out
}

// each follows a chain to its last final checkpoint with a certificate for each epoch.
func each(c *certtest.Chain, from uint64) (handOvers []cert.HandOver) {
	for epoch := from; epoch+2 <= c.Head(); epoch++ {
		handOvers = append(handOvers, c.Follow(epoch, epoch+2))
	}
	return handOvers
}

// framing is a fork on which a voter signs nothing and seems to: two installations on, it is beside a rogue key.
func framing(common *certtest.Chain, voters *certtest.Voters, victim int) *certtest.Chain {
	fork := common.Fork().Fork()
	invented := ffg.Side{{Key: voters.Key(victim), Power: 1}, {Key: voters.Rogue(victim), Power: 1000}}
	slices.SortFunc(invented, func(a, b ffg.Member) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	fork.Install(invented)
	fork.Extend(3, victim)
	fork.Install(invented)
	fork.Extend(3)
	return fork
}

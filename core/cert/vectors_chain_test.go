package cert_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

// Trust lasts for a minute in the vectors' chains, in which a block takes a second.
const unbonding = 60_000

// rotation is a chain in which a voter joins, another's power changes, and one leaves, with an installation in between that
// changes nothing. Pair i is in force in epochs first[i] to first[i + 1] − 1; there are three each.
type rotation struct {
	*certtest.Chain
	first []uint64
}

func newRotation() rotation {
	voters := certtest.NewVoters(8)
	sets := []ffg.Side{
		voters.Side(10, 10, 10, 10),
		voters.Side(10, 10, 10, 10, 10), // voter 4 joins next
		voters.Side(10, 10, 10, 10, 10), // is in the current side
		voters.Side(10, 10, 10, 10, 10), // and in the rear
		voters.Side(10, 10, 10, 10, 10), // nothing changes
		voters.Side(10, 10, 10, 10, 15), // a power grows
		voters.Side(0, 10, 10, 10, 15),  // and voter 0 leaves
		voters.Side(0, 10, 10, 10, 15),
		voters.Side(0, 10, 10, 10, 15),
	}
	r := rotation{Chain: certtest.New(vectorChain, voters, sets[0]), first: []uint64{0}}
	r.Extend(2)
	for _, eligible := range sets[1:] {
		r.Install(eligible)
		r.Extend(3)
		r.first = append(r.first, r.Head()-2)
	}
	return r
}

// hops returns the hand-overs of a skipping client from the anchor to these pairs, by the first checkpoint of each.
func (r rotation) hops(pairs ...int) (out []cert.HandOver) {
	trusted := uint64(0)
	for _, pair := range pairs {
		first := r.first[pair]
		out = append(out, r.HandOver(trusted, first, first+1))
		trusted = first
	}
	return out
}

// changes are the pairs whose installation changed something.
var changes = []int{1, 2, 3, 5, 6, 7, 8}

func (r rotation) input(t *testing.T, trusted uint64, handOvers ...cert.HandOver) input {
	t.Helper()
	in := input{
		ChainID: vectorChain, Mode: "skipping", Trust: certtest.InBinary(r.Trust(trusted)),
		Now: r.Checkpoints[trusted].Time + unbonding, Unbonding: unbonding,
	}
	for _, h := range handOvers {
		in.HandOvers = append(in.HandOvers, *certtest.InBinary(h))
	}
	return in
}

func chainVectors(t *testing.T) (out []vector) {
	r := newRotation()
	add := func(name string, in input, final uint64) {
		ref := r.Checkpoints[final].Ref()
		e := expect{OK: true, Final: &ref, Verified: len(in.HandOvers)}
		out = append(out, vector{Name: name, Op: "verify_chain", Input: in, Expect: e})
	}
	add("no hand-overs", r.input(t, 0), 0)
	readable := r.input(t, 0)
	readable.Trust = certtest.Both(r.Trust(0))
	readable.HandOvers = []document{*certtest.Both(r.hops(1)[0])}
	add("a voter joins the next set", readable, r.first[1])
	add("on, in the same pair", r.input(t, 0, r.HandOver(0, 1, 2)), 1)
	add("one hop per installation that changed something", r.input(t, 0, r.hops(changes...)...), r.first[8])
	add("and one for an installation that changed nothing", r.input(t, 0, r.hops(1, 2, 3, 4, 5)...), r.first[5])
	full := r.hops(changes...)
	for i, pair := range changes {
		full[i].Next = cert.Full(r.Next(r.first[pair]))
	}
	add("next sets in full", r.input(t, 0, full...), r.first[8])
	add("from the middle", r.input(t, r.first[6]+1, r.HandOver(r.first[6]+1, r.first[7], r.first[7]+1)), r.first[7])
	add("into the next pair, and trusted after it", r.input(t, 0, r.HandOver(0, 0, r.first[1]+1)), r.first[1])

	followed := r.input(t, 0, r.Follow(0, 2), r.Follow(1, r.first[1]+1), r.Follow(r.first[1], r.first[1]+2))
	followed.Mode = "following"
	add("followed", followed, r.first[1]+1)
	over := r.input(t, r.first[3], r.HandOver(r.first[3], r.first[3], r.first[4]+1))
	over.Mode = "following"
	add("followed over an installation that changed nothing", over, r.first[4])
	add("trusted while a voter leaves", r.input(t, r.first[7], r.HandOver(r.first[7], r.first[8], r.first[8]+1)), r.first[8])
	out = append(out, degradedVectors(t, r)...)
	out = append(out, leastPower(t, r)...)
	out = append(out, futureVectors(t, r)...)
	out = append(out, memberVectors(t, r)...)
	out = append(out, keyVectors(t, r)...)
	return append(out, forgedChains(t, r)...)
}

func forgedChains(t *testing.T, r rotation) (out []vector) {
	add := func(name string, step cert.Step, verified int, in input) {
		out = append(out, vector{Name: name, Op: "verify_chain", Input: in, Expect: expect{Error: step, Verified: verified}})
	}
	stale := r.input(t, 0, r.hops(1)...)
	stale.Now++
	add("trust a millisecond older than the unbonding time", cert.StepExpired, 0, stale)
	none := r.input(t, 0)
	none.Unbonding = 0
	add("stale trust and no hand-overs", cert.StepExpired, 0, none)

	trust := func(name string, change func(*cert.Trust), handOvers ...cert.HandOver) {
		wrong := r.Trust(0)
		wrong.Voters, wrong.Next = slices.Clone(wrong.Voters), slices.Clone(wrong.Next)
		change(&wrong)
		in := r.input(t, 0, handOvers...)
		in.Trust = certtest.InBinary(wrong)
		add(name, cert.StepTrust, 0, in)
	}
	trust("trusted voters have another power", func(tr *cert.Trust) { tr.Voters[1].Rear++ })
	trust("a trusted voter is missing", func(tr *cert.Trust) { tr.Voters = tr.Voters[1:] })
	trust("the trusted next set has another power", func(tr *cert.Trust) { tr.Next[1].Power++ })
	trust("trusted voters out of order", func(tr *cert.Trust) {
		tr.Voters[0], tr.Voters[1] = tr.Voters[1], tr.Voters[0]
		tr.Checkpoint.VoterSetHash = tr.Voters.Hash()
	})
	trust("the trusted next set is empty", func(tr *cert.Trust) {
		tr.Next = nil
		tr.Checkpoint.NextVoterSetHash = tr.Next.Hash()
	})
	trust("a trusted voter's key is the identity", func(tr *cert.Trust) {
		tr.Voters = append(tr.Voters, ffg.Voter{Key: identityKey, Rear: 1, Current: 1})
		tr.Checkpoint.VoterSetHash = tr.Voters.Hash()
	}, r.hops(1)...)

	add("a hand-over that changed something is skipped", cert.StepSet, 1, r.input(t, 0, r.hops(1, 3)...))
	swapped := r.hops(1, 2)
	add("hand-overs in the wrong order", cert.StepSet, 0, r.input(t, 0, swapped[1], swapped[0]))
	add("a hand-over twice", cert.StepOrder, 1, r.input(t, 0, append(r.hops(1), r.hops(1)...)...))
	add("the trusted checkpoint again", cert.StepOrder, 0, r.input(t, 1, r.HandOver(1, 1, 2)))
	add("an earlier checkpoint", cert.StepOrder, 0, r.input(t, 2, r.HandOver(2, 1, 2)))
	fork := certtest.New(vectorChain, r.Voters, r.Next(0)).Fork()
	fork.Empty(50)
	fork.Extend(4)
	in := r.input(t, 2, cert.HandOver{Certificate: fork.Certificate(2, 4)})
	add("from another checkpoint of the trusted epoch, higher up", cert.StepOrder, 0, in)
	third := r.hops(1, 2, 3)
	third[2].Certificate.Links[0].Signature[95] ^= 1
	add("the third of three is forged", cert.StepSignature, 2, r.input(t, 0, third...))
	wrong := r.hops(1)
	wrong[0].Next, wrong[0].Certificate.Links[0].Signature = cert.NextSet{}, ffg.Signature{}
	add("changes that leave the joining voter out, and no signature", cert.StepNext, 0, r.input(t, 0, wrong...))
	outside := r.HandOver(0, 1, 2)
	outside.Certificate.Links[0] = r.Sign(ffg.Ref{Epoch: 1, Root: ffg.Root{1}}, outside.Certificate.Links[0].Target, r.Set(2))
	add("a last link from another fork", cert.StepSource, 0, r.input(t, 0, outside))
	nobody := r.HandOver(0, 1, 2)
	nobody.Next = cert.NextSet{Full: true}
	add("a full set of nobody, where nothing changes", cert.StepNext, 0, r.input(t, 0, nobody))
	elsewhere := r.input(t, 0, r.hops(1)...)
	elsewhere.ChainID = "dualchain-vectors-2"
	add("another chain's id", cert.StepSignature, 0, elsewhere)

	two := r.input(t, r.first[2], r.HandOver(r.first[2], r.first[2], r.first[4]+1))
	two.Mode = "following"
	add("followed over two installations at once", cert.StepSet, 0, two)
	gap := r.input(t, 0, r.HandOver(0, 1, 2))
	gap.Mode = "following"
	add("followed, with a gap", cert.StepOrder, 0, gap)
	out = append(out, forgedNextSets(t, r)...)
	return append(out, forgedOrder(t, r)...)
}

// forgedNextSets are changes that do not make the next set.
func forgedNextSets(t *testing.T, r rotation) (out []vector) {
	base := r.hops(1)[0]
	add := func(name string, trusted uint64, h cert.HandOver, next cert.NextSet) {
		h.Next = next
		out = append(out, vector{
			Name: name, Op: "verify_chain", Input: r.input(t, trusted, h), Expect: expect{Error: cert.StepNext},
		})
	}
	joined := ffg.Member{Key: r.Voters.Key(4), Power: 10}
	add("changes leave the joining voter out", 0, base, cert.NextSet{})
	add("changes to another set", 0, base, cert.Diff(r.Voters.Side(10, 10, 10, 9), r.Next(r.first[1])))
	add("the joining voter has another power", 0, base, cert.NextSet{Members: []ffg.Member{{Key: joined.Key, Power: 11}}})
	add("a full set without the joining voter", 0, base, cert.Full(r.Next(0)))
	add("a change that changes nothing", 0, base, changesOf(joined, r.Next(0)[0]))
	add("a voter that was not there leaves", 0, base, changesOf(joined, ffg.Member{Key: r.Voters.Key(5)}))
	add("the same change twice", 0, base, changesOf(joined, joined))
	backwards := cert.Full(slices.Clone(r.Next(r.first[1])))
	slices.Reverse(backwards.Members)
	add("a full set out of order", 0, base, backwards)
	add("a full set with a voter without power", 0, base, cert.Full(changesOf(append(r.Next(0), joined, ffg.Member{Key: r.Voters.Key(5)})...).Members))
	add("everybody leaves", 0, base, cert.Diff(r.Next(0), nil))
	add("changes within a pair", 0, r.HandOver(0, 1, 2), changesOf(joined))

	// What no chain commits to is refused even if a quorum does.
	last := r.first[8]
	reversed := slices.Clone(r.Next(last))
	slices.Reverse(reversed)
	for _, committed := range []struct {
		name string
		next ffg.Side
	}{
		{"a next set out of order, committed to", reversed},
		{"a next set with a voter without power, committed to", append(slices.Clone(r.Next(last)), ffg.Member{Key: identityKey})},
		{"an empty next set, committed to", ffg.Side{}},
	} {
		poisoned := r.Fork()
		poisoned.Install(committed.next)
		poisoned.Extend(2)
		first := poisoned.Head() - 1
		add(committed.name, last, cert.HandOver{Certificate: poisoned.Certificate(first, first+1)}, cert.Full(committed.next))
	}
	return out
}

// changesOf orders changes by key.
func changesOf(members ...ffg.Member) cert.NextSet {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b ffg.Member) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return cert.NextSet{Members: members}
}

// forgedOrder are certificates signed by everybody, which cannot follow what is trusted.
func forgedOrder(t *testing.T, r rotation) (out []vector) {
	forge := func(name string, step cert.Step, trusted, first uint64, change func(*ffg.Checkpoint)) {
		h := r.HandOver(trusted, first, first+1)
		c := &h.Certificate
		change(&c.First)
		link := &c.Links[0]
		link.Target.ParentRoot, link.Target.Pair, link.Target.Anchor = c.First.Root(), c.First.Pair, c.First.Anchor
		link.Target.VoterSetHash, link.Target.NextVoterSetHash = c.First.VoterSetHash, c.First.NextVoterSetHash
		link.Target.HistorySize = c.First.HistorySize + link.Target.Height - c.First.Height
		*link = r.Sign(c.First.Ref(), link.Target, r.Set(first))
		out = append(out, vector{Name: name, Op: "verify_chain", Input: r.input(t, trusted, h), Expect: expect{Error: step}})
	}
	const trusted = 2
	second := r.first[1] + 1 // two epochs after the trusted one
	require.Equal(t, uint64(trusted+2), second)
	forge("not above the trusted height", cert.StepOrder, trusted, second, func(c *ffg.Checkpoint) {
		c.HistorySize -= c.Height - r.Checkpoints[trusted].Height
		c.Height = r.Checkpoints[trusted].Height
	})
	forge("before the trusted time", cert.StepOrder, trusted, second, func(c *ffg.Checkpoint) { c.Time = r.Checkpoints[trusted].Time - 1 })
	forge("another anchor's history", cert.StepOrder, trusted, second, func(c *ffg.Checkpoint) { c.HistorySize++ })
	forge("a pair before the trusted one", cert.StepOrder, r.first[4], r.first[4]+2, func(c *ffg.Checkpoint) { c.Pair-- })
	forge("the trusted pair's index with the next pair's voters", cert.StepSet, r.first[2]-2, r.first[2], func(c *ffg.Checkpoint) { c.Pair-- })
	forge("the epoch after the trusted one does not extend it", cert.StepOrder, trusted, trusted+1, func(c *ffg.Checkpoint) { c.ParentRoot[0] ^= 1 })
	forge("pairs that changed something are passed over", cert.StepSet, r.first[1], r.first[2], func(c *ffg.Checkpoint) { c.Pair++ })

	forge("re-anchored after the trusted checkpoint", cert.StepAnchor, trusted, second, func(c *ffg.Checkpoint) { c.Anchor = second })
	forge("re-anchored in the epoch after the trusted one", cert.StepAnchor, trusted, trusted+1, func(c *ffg.Checkpoint) { c.Anchor = trusted + 1 })
	followed := out[len(out)-1]
	followed.Name += ", followed"
	followed.Input.Mode = "following"
	out = append(out, followed)

	// A quorum lets a key in that anybody can sign for, against the chain's rules.
	poisoned := r.Fork()
	poisoned.Install(append(slices.Clone(r.Next(r.Head())), ffg.Member{Key: identityKey, Power: 1}))
	poisoned.Extend(2)
	first := poisoned.Head() - 1
	poisoned.Install(r.Next(r.Head()))
	poisoned.Extend(2)
	second = poisoned.Head() - 1
	in := r.input(t, r.first[8], poisoned.HandOver(r.first[8], first, first+1), poisoned.HandOver(first, second, second+1))
	return append(out, vector{Name: "the identity as a voter's key", Op: "verify_chain", Input: in, Expect: expect{Error: cert.StepSet, Verified: 1}})
}

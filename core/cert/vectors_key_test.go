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

// badKeys are no public keys. Three are from the Ethereum vectors (deserialization_G1).
func badKeys(t *testing.T) map[string]ffg.PublicKey {
	t.Helper()
	read := func(text string) ffg.PublicKey {
		key, err := ffg.ParsePublicKey(text)
		require.NoError(t, err)
		return key
	}
	const digits = "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
	honest := certtest.NewVoters(1).Key(0)
	uncompressed, infinite := honest, honest
	uncompressed[0] &^= 0x80
	infinite[0] |= 0x40
	// Only small coordinates have room for the modulus beside the flags.
	large := certtest.NewVoters(8).Key(smallKey)
	flags := large[0] &^ 0x1f
	large[0] &= 0x1f
	copy(large[:], plusModulus(large[:]))
	require.Zero(t, large[0]&^0x1f)
	large[0] |= flags
	return map[string]ffg.PublicKey{
		"outside the subgroup":             read("8" + digits + "f"),
		"not on the curve":                 read("8" + digits + "0"),
		"not below the field's modulus":    read("9a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab"),
		"a voter's, not below the modulus": large,
		"not compressed":                   uncompressed,
		"infinity with coordinates":        infinite,
		"zeros":                            {},
		"the identity":                     identityKey,
	}
}

// smallKey is a voter whose key has a small coordinate.
const smallKey = 6

// keyVectors have an invalid key: among the trusted voters, and let in by a quorum against the chain's rules. A verifier that sums
// such keys up accepts signatures that nobody made, or fails in another step than it should.
func keyVectors(t *testing.T, r rotation) (out []vector) {
	t.Helper()
	bad := badKeys(t)
	names := make([]string, 0, len(bad))
	for name := range bad {
		names = append(names, name)
	}
	slices.Sort(names)
	insert := func(side ffg.Side, key ffg.PublicKey) ffg.Side {
		side = append(slices.Clone(side), ffg.Member{Key: key, Power: 1})
		slices.SortFunc(side, func(a, b ffg.Member) int { return bytes.Compare(a.Key[:], b.Key[:]) })
		return side
	}
	for _, name := range names {
		key := bad[name]
		// Among the trusted voters: found as soon as there is something to verify.
		trust := r.Trust(0)
		trust.Voters = ffg.Stitch(insert(trust.Voters.RearSide(), key), insert(trust.Voters.CurrentSide(), key))
		trust.Checkpoint.VoterSetHash = trust.Voters.Hash()
		in := r.input(t, 0, r.hops(1)...)
		in.Trust = certtest.InBinary(trust)
		out = append(out, vector{Name: "a trusted voter's key: " + name, Op: "verify_chain", Input: in, Expect: expect{Error: cert.StepTrust}})
		none := in
		none.HandOvers = nil
		ref := trust.Checkpoint.Ref()
		out = append(out, vector{Name: "a trusted voter's key, and nothing to verify: " + name, Op: "verify_chain", Input: none, Expect: expect{OK: true, Final: &ref}})
		// Let in: trusted as part of the next set, refused as part of a pair.
		poisoned := r.Fork()
		poisoned.Install(insert(r.Next(r.Head()), key))
		poisoned.Extend(2)
		first := poisoned.Head() - 1
		poisoned.Install(r.Next(r.Head()))
		poisoned.Extend(2)
		second := poisoned.Head() - 1
		let := r.input(t, r.first[8], poisoned.HandOver(r.first[8], first, first+1), poisoned.HandOver(first, second, second+1))
		out = append(out, vector{Name: "a key that a quorum lets in: " + name, Op: "verify_chain", Input: let, Expect: expect{Error: cert.StepSet, Verified: 1}})
		crossing := r.input(t, r.first[8], poisoned.HandOver(r.first[8], first, first+1), poisoned.HandOver(first, first, second))
		out = append(out, vector{Name: "a key that a quorum lets in, by a link into its pair: " + name, Op: "verify_chain", Input: crossing, Expect: expect{Error: cert.StepSet, Verified: 1}})
	}
	return out
}

// memberVectors are lists of members that make no set, or not the set that they should.
func memberVectors(t *testing.T, r rotation) (out []vector) {
	t.Helper()
	add := func(name string, step cert.Step, in input) {
		out = append(out, vector{Name: name, Op: "verify_chain", Input: in, Expect: expect{Error: step}})
	}
	trust := func(name string, change func(*cert.Trust)) {
		wrong := r.Trust(0)
		wrong.Voters, wrong.Next = slices.Clone(wrong.Voters), slices.Clone(wrong.Next)
		change(&wrong)
		wrong.Checkpoint.VoterSetHash, wrong.Checkpoint.NextVoterSetHash = wrong.Voters.Hash(), wrong.Next.Hash()
		in := r.input(t, 0)
		in.Trust = certtest.InBinary(wrong)
		add(name, cert.StepTrust, in)
	}
	trust("trusted voters with one key twice", func(tr *cert.Trust) { tr.Voters = slices.Insert(tr.Voters, 1, tr.Voters[0]) })
	trust("the trusted next set has one key twice", func(tr *cert.Trust) { tr.Next = slices.Insert(tr.Next, 1, tr.Next[0]) })
	trust("the trusted next set out of order", func(tr *cert.Trust) { slices.Reverse(tr.Next) })
	trust("the trusted next set has a member without power", func(tr *cert.Trust) { tr.Next[1].Power = 0 })
	trust("no trusted voter has rear power", func(tr *cert.Trust) {
		for i := range tr.Voters {
			tr.Voters[i].Rear = 0
		}
	})
	trust("no trusted voter has current power", func(tr *cert.Trust) {
		for i := range tr.Voters {
			tr.Voters[i].Current = 0
		}
	})
	trust("a trusted voter without power on either side", func(tr *cert.Trust) { tr.Voters[1].Rear, tr.Voters[1].Current = 0, 0 })
	trust("no trusted voters", func(tr *cert.Trust) { tr.Voters = nil })

	// Voter 0's power changes, voter 1 leaves and voter 4 joins.
	before, after := r.Voters.Side(12, 12, 12, 12), r.Voters.Side(11, 0, 12, 12, 12)
	changed := rotation{Chain: certtest.New(vectorChain, r.Voters, before)}
	changed.Extend(2)
	changed.Install(after)
	changed.Extend(2)
	first := changed.Head() - 1
	diff := cert.Diff(before, after).Members
	require.Len(t, diff, 3)
	next := func(name string, members ...ffg.Member) {
		h := changed.HandOver(0, first, first+1)
		h.Next = cert.NextSet{Members: members}
		add(name, cert.StepNext, changed.input(t, 0, h))
	}
	ref := changed.Checkpoints[first].Ref()
	out = append(out, vector{
		Name: "a voter joins, one leaves, and one gets another power", Op: "verify_chain",
		Input: changed.input(t, 0, changed.HandOver(0, first, first+1)), Expect: expect{OK: true, Final: &ref, Verified: 1},
	})
	for i := range diff {
		others := slices.Delete(slices.Clone(diff), i, i+1)
		next("changes without one of three, number "+string(rune('1'+i)), others...)
	}
	next("changes out of order", diff[2], diff[0], diff[1])
	next("changes in descending order", diff[2], diff[1], diff[0])
	for i, change := range diff {
		twice := slices.Insert(slices.Clone(diff), i, change)
		next("a change twice, number "+string(rune('1'+i)), twice...)
		gone := change
		gone.Power = 0
		next("a key removed and then added, number "+string(rune('1'+i)), slices.Concat(diff[:i], []ffg.Member{gone, change}, diff[i+1:])...)
		next("a key added and then removed, number "+string(rune('1'+i)), slices.Concat(diff[:i], []ffg.Member{change, gone}, diff[i+1:])...)
	}
	out = append(out, onePower(t, r)...)
	full := changed.HandOver(0, first, first+1)
	full.Next = cert.Full(slices.Insert(slices.Clone(after), 1, after[0]))
	add("a full set with one key twice", cert.StepNext, changed.input(t, 0, full))
	full.Next = cert.NextSet{Full: true, Members: diff}
	add("changes passed off as the full set", cert.StepNext, changed.input(t, 0, full))
	full.Next = cert.NextSet{Full: true}
	add("a full set of nobody", cert.StepNext, changed.input(t, 0, full))
	return out
}

// onePower is a chain in which one voter's power changes and nothing else, at checkpoints of one time.
func onePower(t *testing.T, r rotation) (out []vector) {
	t.Helper()
	before := r.Voters.Side(13, 13, 13, 13)
	c := rotation{Chain: certtest.New(vectorChain, r.Voters, before)}
	c.Extend(2)
	after := slices.Clone(before)
	after[0].Power = 14
	c.Install(after)
	c.Extend(2)
	first := c.Head() - 1
	add := func(name string, e expect, members ...ffg.Member) {
		h := c.HandOver(0, first, first+1)
		h.Next = cert.NextSet{Members: members}
		out = append(out, vector{Name: name, Op: "verify_chain", Input: c.input(t, 0, h), Expect: e})
	}
	ref := c.Checkpoints[first].Ref()
	gone := ffg.Member{Key: after[0].Key}
	add("one power changes", expect{OK: true, Final: &ref, Verified: 1}, after[0])
	add("one power changes, by a removal and an addition", expect{Error: cert.StepNext}, gone, after[0])
	add("one power changes, by an addition and a removal", expect{Error: cert.StepNext}, after[0], gone)

	// Two epochs on, at the trusted time.
	h := c.HandOver(0, 2, 3)
	h.Certificate.First.Time, h.Certificate.First.Pair = c.Checkpoints[0].Time, c.Checkpoints[0].Pair
	h.Certificate.First.VoterSetHash, h.Certificate.First.NextVoterSetHash = c.Checkpoints[0].VoterSetHash, c.Checkpoints[0].NextVoterSetHash
	link := &h.Certificate.Links[0]
	target := h.Certificate.First
	target.Epoch, target.ParentRoot, target.Height, target.HistorySize = 3, target.Root(), target.Height+1, target.HistorySize+1
	*link = c.Sign(h.Certificate.First.Ref(), target, c.Set(0))
	h.Next = cert.NextSet{}
	ref2 := h.Certificate.First.Ref()
	out = append(out, vector{
		Name: "two epochs on, at the trusted time", Op: "verify_chain", Input: c.input(t, 0, h), Expect: expect{OK: true, Final: &ref2, Verified: 1},
	})
	return out
}

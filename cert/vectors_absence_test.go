package cert_test

import (
	"crypto/sha256"
	"slices"
	"testing"

	ics23 "github.com/cosmos/ics23/go"
	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
)

// existence returns the genuine proof that the bank's store has a key.
func (l ledger) existence(t *testing.T, key string) *ics23.ExistenceProof {
	t.Helper()
	return decoded(t, l.state(t, key).InStore).GetExist()
}

func decoded(t *testing.T, raw []byte) *ics23.CommitmentProof {
	t.Helper()
	proof := new(ics23.CommitmentProof)
	require.NoError(t, proof.Unmarshal(raw))
	return proof
}

func encoded(t *testing.T, proof *ics23.CommitmentProof) []byte {
	t.Helper()
	raw, err := proof.Marshal()
	require.NoError(t, err)
	return raw
}

func exists(proof *ics23.ExistenceProof) *ics23.CommitmentProof {
	return &ics23.CommitmentProof{Proof: &ics23.CommitmentProof_Exist{Exist: proof}}
}

// absence says that a key is between two others, or beside the only one.
func absence(key string, left, right *ics23.ExistenceProof) *ics23.CommitmentProof {
	return &ics23.CommitmentProof{Proof: &ics23.CommitmentProof_Nonexist{
		Nonexist: &ics23.NonExistenceProof{Key: []byte(key), Left: left, Right: right},
	}}
}

// forgedAbsences are made of genuine proofs of existence, which don't show together that a key is absent. The store has a balance,
// alice, bob, carol and dave, in this order.
func forgedAbsences(t *testing.T, l ledger) (out []certtest.Vector) {
	add := func(name, key string, step cert.Step, proof *ics23.CommitmentProof) {
		p := l.stateProof(t, "bill")
		p.State.Key, p.State.InStore = []byte(key), encoded(t, proof)
		e := certtest.Expect{Error: step}
		if step == "" {
			final := l.Checkpoints[ledgerEpoch].Ref()
			e = certtest.Expect{OK: true, Final: &final, Height: txHeight, Absent: true}
		}
		out = append(out, certtest.Vector{Name: "absence: " + name, Op: "verify_proof", Input: l.input(certtest.InBinary(p)), Expect: e})
	}
	balance := string(balanceKey(t))
	first, alice, bob, carol, dave := l.existence(t, balance), l.existence(t, "alice"), l.existence(t, "bob"), l.existence(t, "carol"), l.existence(t, "dave")
	const refused = cert.StepState
	add("between the first two neighbours", "aaron", "", absence("aaron", first, alice))
	add("before the first", "\x01", "", absence("\x01", nil, first))
	add("after the last", "zoe", "", absence("zoe", dave, nil))
	add("between two neighbours", "anna", "", absence("anna", alice, bob))
	add("between the two halves of the tree", "boris", "", absence("boris", bob, carol))
	add("between the last two neighbours", "charly", "", absence("charly", carol, dave))
	add("the key in the proof is another, which nothing reads", "anna", "", absence("whatever", alice, bob))
	// A key that is there.
	add("of a key that is there, between its neighbours", "bob", refused, absence("bob", alice, carol))
	add("of a key that is there, between the first and the last", "bob", refused, absence("bob", first, dave))
	add("of a key that is there, beside one that is not the last", "bob", refused, absence("bob", alice, nil))
	add("of a key that is there, beside one that is not the first", "bob", refused, absence("bob", nil, carol))
	add("of a key that is there, as its own left neighbour", "bob", refused, absence("bob", bob, carol))
	add("of a key that is there, as its own right neighbour", "bob", refused, absence("bob", alice, bob))
	add("of the last key, beside the one before", "dave", refused, absence("dave", carol, nil))
	add("of the first key, beside the one after", balance, refused, absence(balance, nil, alice))
	// A key that is not there, by a proof that does not show it.
	add("not between neighbours", "charly", refused, absence("charly", alice, dave))
	add("right of the first, which is not the last", "zoe", refused, absence("zoe", first, nil))
	add("right of the one before the last", "zoe", refused, absence("zoe", carol, nil))
	add("left of the one after the first", "\x01", refused, absence("\x01", nil, alice))
	add("left of the last", "\x01", refused, absence("\x01", nil, dave))
	add("outside its neighbours, to the left", "aaron", refused, absence("aaron", alice, bob))
	add("outside its neighbours, to the right", "buddy", refused, absence("bert", alice, bob))
	add("the neighbours exchanged", "anna", refused, absence("anna", bob, alice))
	add("the same neighbour twice", "anna", refused, absence("anna", alice, alice))
	add("left of the last, which is on the right", "zoe", refused, absence("zoe", nil, dave))
	add("left of the first, which is on the right", "zoe", refused, absence("zoe", nil, first))
	add("right of the last, which is on the left", "aaron", refused, absence("aaron", dave, nil))
	add("no neighbours", "anna", refused, absence("anna", nil, nil))
	// Neighbours that prove nothing themselves.
	change := func(genuine *ics23.ExistenceProof, change func(*ics23.ExistenceProof)) *ics23.ExistenceProof {
		proof := decoded(t, encoded(t, exists(genuine))).GetExist()
		change(proof)
		return proof
	}
	add("the left neighbour's value is another", "anna", refused, absence("anna", change(alice, func(p *ics23.ExistenceProof) { p.Value[0]++ }), bob))
	add("the right neighbour's value is another", "anna", refused, absence("anna", alice, change(bob, func(p *ics23.ExistenceProof) { p.Value[0]++ })))
	add("the left neighbour's key is another", "az", refused, absence("az", change(alice, func(p *ics23.ExistenceProof) { p.Key = []byte("aa") }), bob))
	add("the right neighbour's key is another", "bz", refused, absence("bz", alice, change(bob, func(p *ics23.ExistenceProof) { p.Key = []byte("ca") })))
	add("the neighbours' paths cut off", "anna", refused, absence("anna",
		change(alice, func(p *ics23.ExistenceProof) { p.Path = nil }), change(bob, func(p *ics23.ExistenceProof) { p.Path = nil })))
	add("of a neighbour without a leaf", "anna", refused, absence("anna", change(alice, func(p *ics23.ExistenceProof) { p.Leaf = nil }), bob))
	return out
}

// forgedOps are proofs of existence whose operations are not those of the tree, though some of them lead to the root.
func forgedOps(t *testing.T, l ledger) (out []certtest.Vector) {
	forge := func(name string, change func(*cert.StateProof, *ics23.ExistenceProof)) {
		for _, tree := range []string{"store", "multistore"} {
			p := l.stateProof(t, "bob")
			raw := &p.State.InStore
			if tree == "multistore" {
				raw = &p.State.InApp
			}
			proof := decoded(t, *raw)
			change(p.State, proof.GetExist())
			*raw = encoded(t, proof)
			if len(*raw) == 0 || tree == "multistore" && string(proof.GetExist().Key) != "bank" {
				continue // it is about the key, whose place in the multistore is a name
			}
			out = append(out, certtest.Vector{
				Name: "operations of the " + tree + ": " + name, Op: "verify_proof", Input: l.input(certtest.InBinary(p)),
				Expect: certtest.Expect{Error: cert.StepState},
			})
		}
	}
	leaf := func(name string, change func(*ics23.LeafOp)) {
		forge("the leaf's "+name, func(_ *cert.StateProof, p *ics23.ExistenceProof) { change(p.Leaf) })
	}
	inner := func(name string, change func(*ics23.InnerOp)) {
		forge("an inner node's "+name, func(_ *cert.StateProof, p *ics23.ExistenceProof) { change(p.Path[0]) })
	}
	leaf("hash is another", func(op *ics23.LeafOp) { op.Hash = ics23.HashOp_SHA512 })
	leaf("hash is none", func(op *ics23.LeafOp) { op.Hash = ics23.HashOp_NO_HASH })
	leaf("key is hashed", func(op *ics23.LeafOp) { op.PrehashKey = ics23.HashOp_SHA256 })
	leaf("value is hashed otherwise", func(op *ics23.LeafOp) { op.PrehashValue = ics23.HashOp_SHA512_256 })
	leaf("lengths are none", func(op *ics23.LeafOp) { op.Length = ics23.LengthOp_NO_PREFIX })
	leaf("prefix is that of an inner node", func(op *ics23.LeafOp) { op.Prefix = append([]byte{2}, op.Prefix[1:]...) })
	leaf("prefix is empty", func(op *ics23.LeafOp) { op.Prefix = nil })
	leaf("prefix is longer", func(op *ics23.LeafOp) { op.Prefix = append(op.Prefix, 1) })
	inner("hash is another", func(op *ics23.InnerOp) { op.Hash = ics23.HashOp_SHA512 })
	inner("hash is none", func(op *ics23.InnerOp) { op.Hash = ics23.HashOp_NO_HASH })
	inner("prefix is that of a leaf", func(op *ics23.InnerOp) { op.Prefix = append([]byte{0}, op.Prefix[1:]...) })
	inner("prefix is empty", func(op *ics23.InnerOp) { op.Prefix = nil })
	inner("prefix is a byte longer", func(op *ics23.InnerOp) { op.Prefix = append(op.Prefix, 1) })
	inner("suffix is a byte longer", func(op *ics23.InnerOp) { op.Suffix = append(op.Suffix, 1) })
	inner("bytes are moved from its suffix to its prefix", func(op *ics23.InnerOp) {
		if len(op.Suffix) > 0 {
			op.Prefix, op.Suffix = append(op.Prefix, op.Suffix[0]), op.Suffix[1:]
		} else {
			op.Prefix, op.Suffix = op.Prefix[:len(op.Prefix)-1], op.Prefix[len(op.Prefix)-1:]
		}
	})
	forge("a node more", func(_ *cert.StateProof, p *ics23.ExistenceProof) { p.Path = append(p.Path, p.Path[0]) })
	forge("a node less", func(_ *cert.StateProof, p *ics23.ExistenceProof) { p.Path = p.Path[1:] })
	forge("the nodes turned round", func(_ *cert.StateProof, p *ics23.ExistenceProof) {
		slices.Reverse(p.Path)
		p.Path = append(p.Path, p.Path[0])
	})

	// Leaves that hash to the same as the genuine one.
	same := func(name string, change func(*cert.StateProof, *ics23.ExistenceProof)) {
		p := l.stateProof(t, "bob")
		proof := decoded(t, p.State.InStore)
		change(p.State, proof.GetExist())
		p.State.InStore = encoded(t, proof)
		out = append(out, certtest.Vector{
			Name: "the genuine leaf's hash: " + name, Op: "verify_proof", Input: l.input(certtest.InBinary(p)), Expect: certtest.Expect{Error: cert.StepState},
		})
	}
	same("a value that is the value's hash, and not hashed", func(s *cert.StateProof, p *ics23.ExistenceProof) {
		hash := sha256.Sum256(p.Value)
		p.Value, p.Leaf.PrehashValue = hash[:], ics23.HashOp_NO_HASH
		s.Value = hash[:]
	})
	same("a key with the lengths in it, and no lengths", func(s *cert.StateProof, p *ics23.ExistenceProof) {
		key := append([]byte{byte(len(p.Key))}, p.Key...)
		p.Key, p.Leaf.Length = append(key, sha256.Size), ics23.LengthOp_NO_PREFIX
		s.Key = p.Key
	})
	same("a shorter key, the rest of it in the prefix", func(s *cert.StateProof, p *ics23.ExistenceProof) {
		// 3 | bob becomes prefix … 3 'b' and the key "o" whose length would be 'o'.
		p.Leaf.Prefix = append(p.Leaf.Prefix, byte(len(p.Key)))
		p.Leaf.Length = ics23.LengthOp_NO_PREFIX
		p.Key = append(p.Key, sha256.Size)
		s.Key = p.Key
	})
	return out
}

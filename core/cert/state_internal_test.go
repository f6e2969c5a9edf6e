package cert

import (
	"bytes"
	"testing"

	ics23 "github.com/cosmos/ics23/go"
	"github.com/stretchr/testify/require"
)

// hostileAbsence proves nothing: both neighbours stand in one node, neither of them where a child can be. Any root may be
// claimed for it, and the library panics on it.
func hostileAbsence(t testing.TB) *ics23.CommitmentProof {
	t.Helper()
	leaf := &ics23.LeafOp{
		Hash: ics23.HashOp_SHA256, PrehashValue: ics23.HashOp_SHA256, Length: ics23.LengthOp_VAR_PROTO, Prefix: []byte{0, 2, 2},
	}
	neighbour := func(key string, op *ics23.InnerOp) *ics23.ExistenceProof {
		return &ics23.ExistenceProof{Key: []byte(key), Value: []byte{1}, Leaf: leaf, Path: []*ics23.InnerOp{op}}
	}
	hash := func(p *ics23.ExistenceProof) []byte {
		raw, err := p.Leaf.Apply(p.Key, p.Value)
		require.NoError(t, err)
		return raw
	}
	left, right := neighbour("a", nil), neighbour("c", nil)
	head, tail := []byte{2, 4, 2, 32}, bytes.Repeat([]byte{32}, 33)
	inner := func(prefix, suffix []byte) *ics23.InnerOp {
		return &ics23.InnerOp{Hash: ics23.HashOp_SHA256, Prefix: prefix, Suffix: suffix}
	}
	left.Path[0] = inner(head, append(append([]byte{32}, hash(right)...), tail...))
	right.Path[0] = inner(append(append(bytes.Clone(head), hash(left)...), 32), tail)
	return &ics23.CommitmentProof{Proof: &ics23.CommitmentProof_Nonexist{
		Nonexist: &ics23.NonExistenceProof{Key: []byte("b"), Left: left, Right: right},
	}}
}

func TestHostileProofsDoNotPanic(t *testing.T) {
	proof := hostileAbsence(t)
	root, err := proof.Calculate()
	require.NoError(t, err)
	require.Panics(t, func() { ics23.VerifyNonMembership(ics23.IavlSpec, root, proof, []byte("b")) }, "the library has learnt: recover no more")
	require.False(t, verifyCommitment(ics23.IavlSpec, root, proof, []byte("b"), nil))
}

// No proof makes the verification panic, under the very root that it leads to.
func FuzzCommitment(f *testing.F) {
	raw, err := hostileAbsence(f).Marshal()
	require.NoError(f, err)
	f.Add(raw, []byte("b"), []byte(nil))
	f.Add(raw, []byte("a"), []byte{1})
	f.Fuzz(func(t *testing.T, raw, key, value []byte) {
		proof, err := decodeCommitment(raw)
		if err != nil {
			return
		}
		root, err := proof.Calculate()
		if err != nil {
			return
		}
		for _, spec := range []*ics23.ProofSpec{ics23.IavlSpec, ics23.TendermintSpec} {
			present := verifyCommitment(spec, root, proof, key, value)
			if len(value) > 0 && present {
				require.Equal(t, value, proof.GetExist().GetValue())
			}
		}
	})
}

package bls

import (
	"fmt"
	"iter"
	"slices"

	blst "github.com/supranational/blst/bindings/go"
)

// KeySet is a voter set's keys in set order, with their precomputed sum. It is immutable.
type KeySet struct {
	keys  []*PublicKey
	total blst.P1
}

// NewKeySet returns the set of keys, which must be in the order of the bitfields that will be verified
// against it. Nil keys keep their position; an aggregate that names one is refused.
func NewKeySet(keys []*PublicKey) *KeySet {
	s := &KeySet{keys: slices.Clone(keys)}
	present := make([]*blst.P1Affine, 0, len(keys))
	for _, key := range keys {
		if !key.isIdentity() {
			present = append(present, &key.point)
		}
	}
	if len(present) > 0 {
		s.total = *blst.P1AffinesAdd(present)
	}
	return s
}

// Len returns the number of keys; 0 for nil.
func (s *KeySet) Len() int {
	if s == nil {
		return 0
	}
	return len(s.keys)
}

// Key returns the key at position i, or nil.
func (s *KeySet) Key(i int) *PublicKey {
	if i < 0 || i >= s.Len() {
		return nil
	}
	return s.keys[i]
}

// VerifyAggregate checks one signature on root by the keys at the positions that signers yields: count
// of them, strictly ascending. It adds up as few points as possible: the signers' keys or, if more than
// half sign, the absent keys, which it subtracts from the total. Both give the same sum and verdict.
// Errors: [ErrEmpty], [ErrMismatch], [ErrNilKey], [ErrIdentity] when the keys cancel out, those of
// [CheckSignature], [ErrInvalidSignature].
func (s *KeySet) VerifyAggregate(signers iter.Seq[int], count int, root [32]byte, sig [SignatureSize]byte) error {
	if signers == nil || count == 0 {
		return fmt.Errorf("aggregate: %w", ErrEmpty)
	}
	if count < 0 || count > s.Len() {
		return fmt.Errorf("aggregate: %w: %d signers of a set of %d", ErrMismatch, count, s.Len())
	}
	sum, err := s.sum(signers, count, count > s.Len()/2)
	if err != nil {
		return fmt.Errorf("aggregate: %w", err)
	}
	return verifySum(sum, count, root, sig)
}

// sum adds up the signers' keys, directly or by subtracting the absent keys from the total.
func (s *KeySet) sum(signers iter.Seq[int], count int, subtract bool) (*blst.P1, error) {
	terms := count
	if subtract {
		terms = len(s.keys) - count
	}
	points := make([]*blst.P1Affine, 0, terms)
	add := func(from, to int) {
		for _, key := range s.keys[from:to] {
			if !key.isIdentity() {
				points = append(points, &key.point)
			}
		}
	}
	seen, next := 0, 0 // positions below next are done
	for i := range signers {
		switch {
		case i < next || i >= len(s.keys):
			return nil, fmt.Errorf("%w: position %d as number %d of %d signers of a set of %d",
				ErrMismatch, i, seen+1, count, len(s.keys))
		case s.keys[i].isIdentity():
			return nil, fmt.Errorf("position %d: %w", i, ErrNilKey)
		case subtract:
			add(next, i)
		default:
			add(i, i+1)
		}
		seen, next = seen+1, i+1
	}
	if seen != count {
		return nil, fmt.Errorf("%w: expected %d signers, found %d", ErrMismatch, count, seen)
	}
	if subtract {
		add(next, len(s.keys))
	}
	return s.combine(points, subtract), nil
}

// combine returns the sum of points, or the total minus that sum.
func (s *KeySet) combine(points []*blst.P1Affine, subtract bool) *blst.P1 {
	part := new(blst.P1)
	if len(points) > 0 {
		part = blst.P1AffinesAdd(points)
	}
	if subtract {
		return s.total.Sub(part)
	}
	return part
}

package bls

import (
	"fmt"

	blst "github.com/supranational/blst/bindings/go"
)

// Signature is a signature that was read once: a point of the right subgroup other than the identity, about 200 bytes. Sums of such
// signatures cost about a microsecond each, a hundredth of reading them. It is not changed after it was made.
type Signature struct{ point blst.P2Affine }

// ParseSignature reads a signature. Errors: those of [CheckSignature].
func ParseSignature(b []byte) (*Signature, error) {
	point, err := parseSignature(b)
	if err != nil {
		return nil, err
	}
	return &Signature{*point}, nil
}

// Bytes returns the 96 bytes that s was read from.
func (s *Signature) Bytes() [SignatureSize]byte { return [SignatureSize]byte(s.point.Compress()) }

// Verify checks the signature of a key on a signing root. Errors: [ErrNilKey], [ErrInvalidSignature].
func (s *Signature) Verify(key *PublicKey, root [32]byte) error {
	if key.isIdentity() {
		return ErrNilKey
	}
	if !pairs(&key.point, root, &s.point, signatureTag) {
		return fmt.Errorf("%w: key %s, root %x", ErrInvalidSignature, key, root)
	}
	return nil
}

// VerifyParsed is [VerifyBatch] for signatures that were read: keys[i] made sigs[i] on root, for every i. Its coefficients are random
// too: not for state transitions. Errors: [ErrEmpty], [ErrMismatch], [ErrNilKey], [ErrInvalidSignature].
func VerifyParsed(keys []*PublicKey, root [32]byte, sigs []*Signature) error {
	if len(sigs) == 0 {
		return fmt.Errorf("batch: %w", ErrEmpty)
	}
	if len(keys) != len(sigs) {
		return fmt.Errorf("batch: %w: %d keys, %d signatures", ErrMismatch, len(keys), len(sigs))
	}
	points, err := pointsOf(keys)
	if err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	b := batch{root: root, keys: points, sigs: make([]*blst.P2Affine, len(sigs))}
	for i, sig := range sigs {
		b.sigs[i] = &sig.point
	}
	if !b.valid() {
		return fmt.Errorf("%w: batch of %d, root %x", ErrInvalidSignature, len(sigs), root)
	}
	return nil
}

// Sum adds up signatures, which have been checked when they were read. It does not verify them.
// Errors: [ErrEmpty], [ErrIdentity] if the signatures cancel out.
func Sum(sigs []*Signature) ([SignatureSize]byte, error) {
	if len(sigs) == 0 {
		return [SignatureSize]byte{}, fmt.Errorf("sum: %w", ErrEmpty)
	}
	points := make([]*blst.P2Affine, len(sigs))
	for i, sig := range sigs {
		points[i] = &sig.point
	}
	return sum(points)
}

func sum(points []*blst.P2Affine) ([SignatureSize]byte, error) {
	total := blst.P2AffinesAdd(points).ToAffine()
	if isIdentityG2(total) {
		return [SignatureSize]byte{}, fmt.Errorf("sum of %d signatures: %w", len(points), ErrIdentity)
	}
	return [SignatureSize]byte(total.Compress()), nil
}

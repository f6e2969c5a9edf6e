package bls

import (
	"crypto/rand"
	"fmt"

	blst "github.com/supranational/blst/bindings/go"
)

// coefficientBytes is the size of the random coefficients. With 128 bits, a batch that contains a bad
// signature passes once in 2^128 attempts.
const coefficientBytes = 16

// batch is a list of signatures on one root that are well formed, with their keys and their positions
// in the caller's list.
type batch struct {
	root  [32]byte
	keys  []*blst.P1Affine
	sigs  []*blst.P2Affine
	index []int
}

// VerifyBatch checks that keys[i] made sigs[i] on root, for every i, with two pairings in all:
// e(Σ rᵢ·keyᵢ, H(root)) = e(g, Σ rᵢ·sigᵢ) for random rᵢ. Without these, errors that cancel out
// (σ₁ + δ, σ₂ − δ) would pass as two valid signatures. Verdicts are final up to a chance of 2^-128, but
// drawn at random: not for state transitions.
// Errors: [ErrEmpty], [ErrMismatch], [ErrNilKey], those of [CheckSignature], [ErrInvalidSignature];
// [FindInvalid] says which ones are to blame.
func VerifyBatch(keys []*PublicKey, root [32]byte, sigs [][SignatureSize]byte) error {
	b, errs, err := newBatch(keys, root, sigs)
	if err != nil {
		return err
	}
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("batch: %d: %w", i, err)
		}
	}
	if !b.valid() {
		return fmt.Errorf("%w: batch of %d, root %x", ErrInvalidSignature, len(sigs), root)
	}
	return nil
}

// FindInvalid returns the positions, ascending, of the signatures that are malformed or don't verify.
// It halves failing batches: b bad ones among n cost about 2·b·log₂(n/b) batch checks.
// Errors: [ErrEmpty], [ErrMismatch], [ErrNilKey].
func FindInvalid(keys []*PublicKey, root [32]byte, sigs [][SignatureSize]byte) ([]int, error) {
	b, errs, err := newBatch(keys, root, sigs)
	if err != nil {
		return nil, err
	}
	isBad := make([]bool, len(sigs))
	for i, err := range errs {
		isBad[i] = err != nil
	}
	for _, i := range b.invalid() {
		isBad[i] = true
	}
	var bad []int
	for i, is := range isBad {
		if is {
			bad = append(bad, i)
		}
	}
	return bad, nil
}

// newBatch decodes and checks the signatures, which is most of the work. A malformed signature has an error at
// its position and is not in the batch.
func newBatch(keys []*PublicKey, root [32]byte, sigs [][SignatureSize]byte) (batch, []error, error) {
	if len(sigs) == 0 {
		return batch{}, nil, fmt.Errorf("batch: %w", ErrEmpty)
	}
	if len(keys) != len(sigs) {
		return batch{}, nil, fmt.Errorf("batch: %w: %d keys, %d signatures", ErrMismatch, len(keys), len(sigs))
	}
	points, err := pointsOf(keys)
	if err != nil {
		return batch{}, nil, fmt.Errorf("batch: %w", err)
	}
	parsed, errs := parseSignatures(sigs)
	b := batch{root: root}
	for i, sig := range parsed {
		if errs[i] == nil {
			b.keys, b.sigs, b.index = append(b.keys, points[i]), append(b.sigs, sig), append(b.index, i)
		}
	}
	return b, errs, nil
}

// valid reports whether all signatures of the batch verify. It is true for an empty batch.
func (b batch) valid() bool {
	switch n := len(b.sigs); n {
	case 0:
		return true
	case 1:
		return pairs(b.keys[0], b.root, b.sigs[0], signatureTag)
	default:
		coefficients := make([]byte, n*coefficientBytes)
		_, _ = rand.Read(coefficients) // never returns an error: it ends the process instead
		key := blst.P1AffinesMult(b.keys, coefficients, 8*coefficientBytes).ToAffine()
		sig := blst.P2AffinesMult(b.sigs, coefficients, 8*coefficientBytes).ToAffine()
		return !isIdentityG1(key) && pairs(key, b.root, sig, signatureTag)
	}
}

// invalid returns the positions of the signatures that don't verify, ascending.
func (b batch) invalid() []int {
	if b.valid() {
		return nil
	}
	return b.blame()
}

// blame is invalid for a batch that is known to fail. If one half of it is good, the other half fails and
// need not be checked as a whole.
func (b batch) blame() []int {
	if len(b.index) == 1 {
		return b.index
	}
	left, right := b.split(len(b.index) / 2)
	if left.valid() {
		return right.blame()
	}
	return append(append([]int(nil), left.blame()...), right.invalid()...)
}

func (b batch) split(at int) (left, right batch) {
	left = batch{root: b.root, keys: b.keys[:at], sigs: b.sigs[:at], index: b.index[:at]}
	right = batch{root: b.root, keys: b.keys[at:], sigs: b.sigs[at:], index: b.index[at:]}
	return left, right
}

package bls

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"runtime"

	blst "github.com/supranational/blst/bindings/go"
)

// possessionBatchTag separates the hash that coefficients come from from every other hash.
const possessionBatchTag = "dualchain/possessions/v1"

// VerifyPossessions checks that proofs[i] proves possession of keys[i] on roots[i], for every i, at about half the cost of
// [VerifyPossession] for each: Π e(rᵢ·keyᵢ, H(rootᵢ)) = e(g, Σ rᵢ·proofᵢ).
//
// The coefficients rᵢ are 128 bits of a hash over all keys, roots and proofs, so the verdict is a function of the input and may
// decide a state transition. Valid proofs always pass. For others to pass, somebody would have to try about 2^128 lists.
// Errors: [ErrEmpty], [ErrMismatch], [ErrNilKey], those of [CheckSignature], [ErrInvalidPossession] for the list as a whole.
func VerifyPossessions(keys []*PublicKey, roots [][32]byte, proofs [][SignatureSize]byte) error {
	n := len(keys)
	if n == 0 {
		return fmt.Errorf("proofs of possession: %w", ErrEmpty)
	}
	if len(roots) != n || len(proofs) != n {
		return fmt.Errorf("proofs of possession: %w: %d keys, %d roots, %d proofs", ErrMismatch, n, len(roots), len(proofs))
	}
	if n == 1 {
		return VerifyPossession(keys[0], roots[0], proofs[0])
	}
	points, err := pointsOf(keys)
	if err != nil {
		return fmt.Errorf("proofs of possession: %w", err)
	}
	parsed, errs := parseSignatures(proofs)
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("proof of possession %d: %w", i, err)
		}
	}
	if !pairEach(points, roots, parsed, coefficients(keys, roots, proofs)) {
		return fmt.Errorf("%w: one or more of %d", ErrInvalidPossession, n)
	}
	return nil
}

// coefficients returns a number of 128 bits for each proof, which nobody can choose.
func coefficients(keys []*PublicKey, roots [][32]byte, proofs [][SignatureSize]byte) []byte {
	h := sha256.New()
	h.Write([]byte(possessionBatchTag))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(keys))))
	for i, key := range keys {
		b := key.Bytes()
		h.Write(b[:])
		h.Write(roots[i][:])
		h.Write(proofs[i][:])
	}
	seed := h.Sum(nil)
	out := make([]byte, 0, len(keys)*coefficientBytes)
	for i := range keys {
		r := sha256.Sum256(binary.BigEndian.AppendUint64(seed, uint64(i)))
		out = append(out, r[:coefficientBytes]...)
	}
	return out
}

// pairEach reports whether Π e(rᵢ·keyᵢ, H(rootᵢ)) = e(g, Σ rᵢ·proofᵢ), on all processors.
func pairEach(keys []*blst.P1Affine, roots [][32]byte, proofs []*blst.P2Affine, coefficients []byte) bool {
	parts := make([]blst.Pairing, min(len(keys), runtime.GOMAXPROCS(0)))
	parallel(len(parts), func(part int) {
		ctx := blst.PairingCtx(true, possessionTag)
		for i := part; i < len(keys); i += len(parts) {
			var r blst.Scalar
			if r.FromLEndian(padded(coefficients[i*coefficientBytes:][:coefficientBytes])) == nil {
				return // never: 128 bits are below the group order
			}
			if blst.PairingMulNAggregatePkInG1(ctx, keys[i], false, nil, false, &r, 8*coefficientBytes, roots[i][:]) != 0 {
				return
			}
		}
		blst.PairingCommit(ctx)
		parts[part] = ctx
	})
	for i, ctx := range parts {
		if ctx == nil || i > 0 && blst.PairingMerge(parts[0], ctx) != 0 {
			return false
		}
	}
	sum := blst.P2AffinesMult(proofs, coefficients, 8*coefficientBytes).ToAffine()
	return blst.PairingFinalVerify(parts[0], blst.Fp12MillerLoop(sum, blst.P1Generator().ToAffine()))
}

// padded returns a number in little-endian as the 32 bytes that blst takes.
func padded(number []byte) []byte {
	return append(number[:len(number):len(number)], make([]byte, SecretKeySize-len(number))...)
}

package bls

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	blst "github.com/supranational/blst/bindings/go"
)

// CheckSignature makes every check of a signature that needs neither a key nor a message.
// Errors: [ErrLength], [ErrEncoding], [ErrIdentity], [ErrSubgroup].
func CheckSignature(b []byte) error {
	_, err := parseSignature(b)
	return err
}

func parseSignature(b []byte) (*blst.P2Affine, error) {
	if len(b) != SignatureSize {
		return nil, fmt.Errorf("signature: %w: expected %d bytes, found %d", ErrLength, SignatureSize, len(b))
	}
	sig := new(blst.P2Affine)
	if sig.Uncompress(b) == nil {
		return nil, fmt.Errorf("signature: %w: expected a compressed point of G2, found %x", ErrEncoding, b)
	}
	if isIdentityG2(sig) {
		return nil, fmt.Errorf("signature: %w", ErrIdentity)
	}
	if !sig.InG2() {
		return nil, fmt.Errorf("signature: %w: found %x", ErrSubgroup, b)
	}
	return sig, nil
}

// parseSignatures decodes and checks signatures on all processors. A malformed signature has an error at
// its position.
func parseSignatures(sigs [][SignatureSize]byte) ([]*blst.P2Affine, []error) {
	points, errs := make([]*blst.P2Affine, len(sigs)), make([]error, len(sigs))
	parallel(len(sigs), func(i int) { points[i], errs[i] = parseSignature(sigs[i][:]) })
	return points, errs
}

// parallel calls do for 0 … n − 1 on as many goroutines as there are processors.
func parallel(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		}()
	}
	wg.Wait()
}

// Verify checks one signature on a signing root. Errors: those of [CheckSignature], [ErrNilKey],
// [ErrInvalidSignature].
func Verify(key *PublicKey, root [32]byte, sig [SignatureSize]byte) error {
	return verify(key, root, sig, signatureTag, ErrInvalidSignature)
}

// VerifyPossession checks a proof of possession on a possession root, which binds it to one operator
// of one chain (protocol §2). Errors: those of [CheckSignature], [ErrNilKey], [ErrInvalidPossession].
func VerifyPossession(key *PublicKey, root [32]byte, proof [SignatureSize]byte) error {
	return verify(key, root, proof, possessionTag, ErrInvalidPossession)
}

func verify(key *PublicKey, root [32]byte, sig [SignatureSize]byte, tag []byte, invalid error) error {
	if key.isIdentity() {
		return ErrNilKey
	}
	point, err := parseSignature(sig[:])
	if err != nil {
		return err
	}
	if !pairs(&key.point, root, point, tag) {
		return fmt.Errorf("%w: key %s, root %x", invalid, key, root)
	}
	return nil
}

// VerifyAggregate checks one signature on root by all keys. Possession of each key must have been proven.
// A key that occurs twice must have signed twice. Errors: those of [CheckSignature], [ErrEmpty],
// [ErrNilKey], [ErrIdentity] if the keys cancel out, [ErrInvalidSignature].
func VerifyAggregate(keys []*PublicKey, root [32]byte, sig [SignatureSize]byte) error {
	if len(keys) == 0 {
		return fmt.Errorf("aggregate: %w", ErrEmpty)
	}
	points, err := pointsOf(keys)
	if err != nil {
		return err
	}
	return verifySum(blst.P1AffinesAdd(points), len(keys), root, sig)
}

// verifySum checks a signature against the sum of n keys.
func verifySum(sum *blst.P1, n int, root [32]byte, sig [SignatureSize]byte) error {
	key := sum.ToAffine()
	if isIdentityG1(key) {
		return fmt.Errorf("sum of %d keys: %w", n, ErrIdentity)
	}
	point, err := parseSignature(sig[:])
	if err != nil {
		return err
	}
	if !pairs(key, root, point, signatureTag) {
		return fmt.Errorf("%w: aggregate of %d keys, root %x", ErrInvalidSignature, n, root)
	}
	return nil
}

// pairs reports whether e(key, H(root)) = e(g, sig). Both points must have been validated.
func pairs(key *blst.P1Affine, root [32]byte, sig *blst.P2Affine, tag []byte) bool {
	return sig.Verify(false, key, false, root[:], tag)
}

// Aggregate adds up signatures. It checks each like [CheckSignature], since a sum can be in the subgroup
// while its parts are not. It does not verify them.
// Errors: those of [CheckSignature], [ErrEmpty], [ErrIdentity] also if the signatures cancel out.
func Aggregate(sigs ...[SignatureSize]byte) ([SignatureSize]byte, error) {
	if len(sigs) == 0 {
		return [SignatureSize]byte{}, fmt.Errorf("aggregate: %w", ErrEmpty)
	}
	points, errs := parseSignatures(sigs)
	for i, err := range errs {
		if err != nil {
			return [SignatureSize]byte{}, fmt.Errorf("aggregate: %d: %w", i, err)
		}
	}
	return sum(points)
}

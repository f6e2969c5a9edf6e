package bls_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
)

// possessions returns n keys with proofs of possession, each on a root of its own.
func possessions(t testing.TB, n int) (keys []*bls.PublicKey, roots [][32]byte, proofs [][96]byte) {
	t.Helper()
	secrets, keys := voters(t, n)
	for i, secret := range secrets {
		roots = append(roots, root(byte(i)))
		proofs = append(proofs, secret.ProvePossession(roots[i]))
	}
	return keys, roots, proofs
}

func TestPossessionsOfAnyNumberAreProven(t *testing.T) {
	keys, roots, proofs := possessions(t, 40)
	for n := 1; n <= len(keys); n++ {
		wantError(t, nil, bls.VerifyPossessions(keys[:n], roots[:n], proofs[:n]))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, n := range []int{2, 3, 8, 9, 33} {
		wantError(t, nil, bls.VerifyPossessions(keys[:n], roots[:n], proofs[:n]))
	}
}

func TestOneBadProofOfPossessionFailsThemAll(t *testing.T) {
	secrets, _ := voters(t, 12)
	for name, tc := range map[string]struct {
		spoil func(keys []*bls.PublicKey, roots [][32]byte, proofs [][96]byte)
		want  error
	}{
		"a proof by another key": {func(_ []*bls.PublicKey, roots [][32]byte, proofs [][96]byte) {
			proofs[5] = secrets[6].ProvePossession(roots[5])
		}, bls.ErrInvalidPossession},
		"a proof on another root": {func(_ []*bls.PublicKey, _ [][32]byte, proofs [][96]byte) {
			proofs[11] = secrets[11].ProvePossession(root(99))
		}, bls.ErrInvalidPossession},
		"a signature": {func(_ []*bls.PublicKey, roots [][32]byte, proofs [][96]byte) {
			proofs[0] = secrets[0].Sign(roots[0])
		}, bls.ErrInvalidPossession},
		"two proofs exchanged": {func(_ []*bls.PublicKey, _ [][32]byte, proofs [][96]byte) {
			proofs[3], proofs[4] = proofs[4], proofs[3]
		}, bls.ErrInvalidPossession},
		"two errors that cancel out": {func(_ []*bls.PublicKey, _ [][32]byte, proofs [][96]byte) {
			delta := secrets[0].Sign(root(7))
			proofs[1], proofs[2] = aggregate(t, proofs[1], delta), subtract(t, proofs[2], delta)
		}, bls.ErrInvalidPossession},
		"another key": {func(keys []*bls.PublicKey, _ [][32]byte, _ [][96]byte) {
			keys[2] = keys[3]
		}, bls.ErrInvalidPossession},
		"no key":                  {func(keys []*bls.PublicKey, _ [][32]byte, _ [][96]byte) { keys[2] = nil }, bls.ErrNilKey},
		"a proof that is nothing": {func(_ []*bls.PublicKey, _ [][32]byte, proofs [][96]byte) { proofs[2] = [96]byte{} }, bls.ErrEncoding},
		"the identity":            {func(_ []*bls.PublicKey, _ [][32]byte, proofs [][96]byte) { proofs[2] = [96]byte{0: 0xc0} }, bls.ErrIdentity},
		"outside the subgroup": {func(_ []*bls.PublicKey, _ [][32]byte, proofs [][96]byte) {
			proofs[2] = [96]byte(unhex(t, outsideG2))
		}, bls.ErrSubgroup},
	} {
		t.Run(name, func(t *testing.T) {
			keys, roots, proofs := possessions(t, 12)
			keys = slices.Clone(keys)
			tc.spoil(keys, roots, proofs)
			for range 3 { // the verdict is a function of the input
				wantError(t, tc.want, bls.VerifyPossessions(keys, roots, proofs))
			}
		})
	}
}

func TestPossessionsNeedAKeyAndARootEach(t *testing.T) {
	keys, roots, proofs := possessions(t, 2)
	wantError(t, bls.ErrEmpty, bls.VerifyPossessions(nil, nil, nil))
	wantError(t, bls.ErrMismatch, bls.VerifyPossessions(keys, roots[:1], proofs))
	wantError(t, bls.ErrMismatch, bls.VerifyPossessions(keys, roots, proofs[:1]))
	wantError(t, bls.ErrMismatch, bls.VerifyPossessions(keys[:1], roots, proofs))
	wantError(t, bls.ErrInvalidPossession, bls.VerifyPossessions(keys[:1], roots[1:], proofs[:1]))
}

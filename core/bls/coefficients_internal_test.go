package bls

import (
	"bytes"
	"testing"
)

// The coefficients depend on everything, so nobody can choose proofs for coefficients that are known already.
func TestCoefficientsDependOnEveryKeyRootAndProof(t *testing.T) {
	key := func(b byte) *PublicKey {
		secret, err := ParseSecretKey(append(make([]byte, SecretKeySize-1), b))
		if err != nil {
			t.Fatal(err)
		}
		return secret.PublicKey()
	}
	keys, roots, proofs := []*PublicKey{key(1), key(2)}, make([][32]byte, 2), make([][SignatureSize]byte, 2)
	before := coefficients(keys, roots, proofs)
	if len(before) != 2*coefficientBytes || bytes.Equal(before[:coefficientBytes], before[coefficientBytes:]) {
		t.Fatalf("expected two different numbers of %d bytes, found %x", coefficientBytes, before)
	}
	if !bytes.Equal(before, coefficients(keys, roots, proofs)) {
		t.Error("expected the same numbers for the same input")
	}
	for name, change := range map[string]func(){
		"a key":   func() { keys[1] = key(3) },
		"a root":  func() { roots[1][31]++ },
		"a proof": func() { proofs[1][95]++ },
	} {
		change()
		after := coefficients(keys, roots, proofs)
		if bytes.Equal(before[:coefficientBytes], after[:coefficientBytes]) || bytes.Equal(before[coefficientBytes:], after[coefficientBytes:]) {
			t.Errorf("%s: expected all numbers to change", name)
		}
		before = after
	}
}

package bls_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/bls"
)

// Every refusal is one of these errors.
var sentinels = []error{
	bls.ErrLength, bls.ErrEncoding, bls.ErrIdentity, bls.ErrSubgroup, bls.ErrInvalidSignature,
	bls.ErrInvalidPossession, bls.ErrEmpty, bls.ErrMismatch, bls.ErrNilKey,
}

// wantError checks that err is want and no other sentinel; a nil want means no error.
func wantError(t rapid.TB, want, err error) {
	t.Helper()
	if want == nil && err != nil {
		t.Fatalf("expected no error, found: %v", err)
	}
	for _, sentinel := range sentinels {
		if errors.Is(err, sentinel) != (sentinel == want) {
			t.Fatalf("expected error %q, found: %v", want, err)
		}
	}
}

// secret returns the secret key with the value n ≥ 1. The sums of such small numbers are known.
func secret(t rapid.TB, n uint64) *bls.SecretKey {
	t.Helper()
	var b [bls.SecretKeySize]byte
	binary.BigEndian.PutUint64(b[24:], n)
	key, err := bls.ParseSecretKey(b[:])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// voters returns the secret keys 1 … n, and their public keys.
func voters(t rapid.TB, n int) ([]*bls.SecretKey, []*bls.PublicKey) {
	t.Helper()
	secrets, keys := make([]*bls.SecretKey, n), make([]*bls.PublicKey, n)
	for i := range n {
		secrets[i] = secret(t, uint64(i)+1)
		keys[i] = secrets[i].PublicKey()
	}
	return secrets, keys
}

// signAll returns the signature of each key on root.
func signAll(secrets []*bls.SecretKey, root [32]byte) [][bls.SignatureSize]byte {
	sigs := make([][bls.SignatureSize]byte, len(secrets))
	for i, key := range secrets {
		sigs[i] = key.Sign(root)
	}
	return sigs
}

func aggregate(t rapid.TB, sigs ...[bls.SignatureSize]byte) [bls.SignatureSize]byte {
	t.Helper()
	sum, err := bls.Aggregate(sigs...)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func root(n byte) [32]byte { return [32]byte{0: 0xd1, 31: n} }

func unhex(t rapid.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

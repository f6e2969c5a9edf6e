package keys

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
)

const password = "correct horse"

var light = SaveOptions{Cost: Light}

func key(t testing.TB, seed byte) *bls.SecretKey {
	t.Helper()
	secret, err := bls.KeyFromSeed(bytes.Repeat([]byte{seed}, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func hexOf(secret *bls.SecretKey) string {
	raw := secret.Bytes()
	return hex.EncodeToString(raw[:])
}

// encode encrypts a key at light cost.
func encode(t testing.TB, secret *bls.SecretKey, kdf KDF) []byte {
	t.Helper()
	content, err := Encode(context.Background(), secret, []byte(password), SaveOptions{KDF: kdf, Cost: Light})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// wantSilent fails if an error shows a password or a part of a key.
func wantSilent(t testing.TB, err error, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("expected no secret in an error, found %v", err)
		}
	}
}

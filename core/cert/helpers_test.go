package cert_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
)

// identityKey is the neutral element of G1: a signature by it alone is known to everybody.
var identityKey = ffg.PublicKey{0xc0}

// outsideSubgroup is a point on the curve of G2, from the Ethereum vectors (deserialization_G2).
func outsideSubgroup(t *testing.T) (signature ffg.Signature) {
	t.Helper()
	raw, err := hex.DecodeString("8123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" +
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
	require.NoError(t, err)
	copy(signature[:], raw)
	return signature
}

// sortedKeys returns the keys in order, each once.
func sortedKeys(keys []ffg.PublicKey) []ffg.PublicKey {
	slices.SortFunc(keys, func(a, b ffg.PublicKey) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(keys)
}

package cert_test

import (
	"bytes"
	"encoding/hex"
	"math/big"
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

// modulus is that of the field over which BLS12-381 is defined.
var modulus, _ = new(big.Int).SetString("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16)

// plusModulus writes a coordinate of a point as a number that is not below the field's modulus.
func plusModulus(coordinate []byte) []byte {
	sum := new(big.Int).SetBytes(coordinate)
	return sum.Add(sum, modulus).FillBytes(make([]byte, len(coordinate)))
}

// sortedKeys returns the keys in order, each once.
func sortedKeys(keys []ffg.PublicKey) []ffg.PublicKey {
	slices.SortFunc(keys, func(a, b ffg.PublicKey) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(keys)
}

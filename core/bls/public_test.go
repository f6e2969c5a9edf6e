package bls_test

import (
	"encoding/hex"
	"strings"
	"testing"

	blst "github.com/supranational/blst/bindings/go"
	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/bls"
)

const (
	// fieldOrder is p, with 13 zero bits in front for flags.
	fieldOrder = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab"
	generator  = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
	// outsideG1 is on the curve, from the Ethereum vectors.
	outsideG1 = "8123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

func zeros(bytes int) string { return strings.Repeat("00", bytes) }

var badPublicKeys = map[string]struct {
	hex  string
	want error
}{
	"nothing":                        {"", bls.ErrLength},
	"a byte too few":                 {generator[:94], bls.ErrLength},
	"a byte too many":                {generator + "00", bls.ErrLength},
	"uncompressed":                   {generator + generator, bls.ErrLength},
	"compressed flag missing":        {"17" + generator[2:], bls.ErrEncoding},
	"all zero":                       {zeros(48), bls.ErrEncoding},
	"identity":                       {"c0" + zeros(47), bls.ErrIdentity},
	"identity without compressed":    {"40" + zeros(47), bls.ErrEncoding},
	"identity with sign":             {"e0" + zeros(47), bls.ErrEncoding},
	"identity with a stray high bit": {"c1" + zeros(47), bls.ErrEncoding},
	"identity with a stray low bit":  {"c0" + zeros(46) + "01", bls.ErrEncoding},
	"identity flag on a key":         {"d7" + generator[2:], bls.ErrEncoding},
	"x = p":                          {"9a" + fieldOrder[2:], bls.ErrEncoding},
	"x = p + 1":                      {"9a" + fieldOrder[2:95] + "c", bls.ErrEncoding},
	"x = largest":                    {"9f" + strings.Repeat("ff", 47), bls.ErrEncoding},
	"not on the curve":               {outsideG1[:95] + "0", bls.ErrEncoding},
	"outside the subgroup":           {outsideG1, bls.ErrSubgroup},
	"outside, other sign":            {"a1" + outsideG1[2:], bls.ErrSubgroup},
	"order three, x = 0 and y = 2":   {"80" + zeros(47), bls.ErrEncoding}, // blst knows no point with x = 0
	"order three, x = 0 and y = −2":  {"a0" + zeros(47), bls.ErrEncoding},
}

func TestRefusesBadPublicKeys(t *testing.T) {
	for name, c := range badPublicKeys {
		t.Run(name, func(t *testing.T) {
			key, err := bls.ParsePublicKey(unhex(t, c.hex))
			wantError(t, c.want, err)
			if key != nil {
				t.Error("expected no key beside the error")
			}
		})
	}
}

func TestReadsBackItsOwnPublicKeys(t *testing.T) {
	if found := secret(t, 1).PublicKey().String(); found != generator {
		t.Fatalf("expected the generator for 1, found %s", found)
	}
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")
		private, err := bls.KeyFromSeed(seed)
		wantError(t, nil, err)
		key := private.PublicKey()

		b := key.Bytes()
		parsed, err := bls.ParsePublicKey(b[:])
		wantError(t, nil, err)
		unchecked, err := bls.PublicKeyFromUncompressed(key.Uncompressed())
		wantError(t, nil, err)
		if !parsed.Equal(key) || !unchecked.Equal(key) || parsed.Bytes() != b || unchecked.Bytes() != b {
			t.Errorf("expected %s, found %s and %s", key, parsed, unchecked)
		}
	})
}

func TestReadsUncompressedKeysThatItWrote(t *testing.T) {
	good := secret(t, 5).PublicKey().Uncompressed()
	outside := new(blst.P1Affine).Uncompress(unhex(t, outsideG1)).Serialize()
	x, y := hex.EncodeToString(good[:48]), hex.EncodeToString(good[48:])
	for name, c := range map[string]struct {
		hex  string
		want error
	}{
		"good":              {x + y, nil},
		"all zero":          {zeros(96), bls.ErrEncoding},
		"identity":          {"40" + zeros(95), bls.ErrEncoding},
		"compressed":        {generator + zeros(48), bls.ErrEncoding},
		"sign flag":         {"20" + zeros(95), bls.ErrEncoding},
		"not on the curve":  {x + x, bls.ErrEncoding},
		"y = 0":             {x + zeros(48), bls.ErrEncoding},
		"x = p":             {fieldOrder + y, bls.ErrEncoding},
		"y = p":             {x + fieldOrder, bls.ErrEncoding},
		"flags on y":        {x + "9" + y[1:], bls.ErrEncoding},
		"order three":       {zeros(48) + zeros(47) + "02", bls.ErrEncoding},
		"subgroup not seen": {hex.EncodeToString(outside), nil}, // as documented
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bls.PublicKeyFromUncompressed([bls.UncompressedSize]byte(unhex(t, c.hex)))
			wantError(t, c.want, err)
		})
	}
}

func TestAMissingPublicKeyIsNoKey(t *testing.T) {
	sig := secret(t, 1).Sign(root(1))
	for name, key := range map[string]*bls.PublicKey{"nil": nil, "zero value": {}} {
		t.Run(name, func(t *testing.T) {
			if b := key.Bytes(); hex.EncodeToString(b[:]) != "c0"+zeros(47) {
				t.Errorf("expected the identity, found %x", b)
			}
			if key.Equal(secret(t, 1).PublicKey()) {
				t.Error("expected it to differ from a key")
			}
			keys := []*bls.PublicKey{secret(t, 1).PublicKey(), key}
			wantError(t, bls.ErrNilKey, bls.Verify(key, root(1), sig))
			wantError(t, bls.ErrNilKey, bls.VerifyPossession(key, root(1), sig))
			wantError(t, bls.ErrNilKey, bls.VerifyAggregate(keys, root(1), sig))
			wantError(t, bls.ErrNilKey, bls.VerifyBatch(keys, root(1), [][96]byte{sig, sig}))
			_, err := bls.FindInvalid(keys, root(1), [][96]byte{sig, sig})
			wantError(t, bls.ErrNilKey, err)
		})
	}
}

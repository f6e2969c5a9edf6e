package bls_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	blst "github.com/supranational/blst/bindings/go"
	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/bls"
)

// outsideG2 is on the curve, from the Ethereum vectors.
const outsideG2 = "8123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" +
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// badSignatures are malformed for every key and message.
var badSignatures = map[string]struct {
	hex  string
	want error
}{
	"all zero":                      {zeros(96), bls.ErrEncoding},
	"identity":                      {"c0" + zeros(95), bls.ErrIdentity},
	"identity without compressed":   {"40" + zeros(95), bls.ErrEncoding},
	"identity with sign":            {"e0" + zeros(95), bls.ErrEncoding},
	"identity with a stray low bit": {"c0" + zeros(94) + "01", bls.ErrEncoding},
	"imaginary x = p":               {"9a" + fieldOrder[2:] + zeros(48), bls.ErrEncoding},
	"real x = p":                    {"80" + zeros(47) + fieldOrder, bls.ErrEncoding},
	"real x with flags":             {"80" + zeros(47) + "80" + zeros(47), bls.ErrEncoding},
	"largest":                       {"9f" + strings.Repeat("ff", 95), bls.ErrEncoding},
	"not on the curve":              {outsideG2[:191] + "0", bls.ErrEncoding},
	"outside the subgroup":          {outsideG2, bls.ErrSubgroup},
	"outside, other sign":           {"a1" + outsideG2[2:], bls.ErrSubgroup},
}

func TestRefusesMalformedSignaturesEverywhere(t *testing.T) {
	secrets, keys := voters(t, 3)
	sigs := signAll(secrets, root(1))
	set := bls.NewKeySet(keys)
	for name, c := range badSignatures {
		t.Run(name, func(t *testing.T) {
			bad := [bls.SignatureSize]byte(unhex(t, c.hex))
			wantError(t, c.want, bls.CheckSignature(bad[:]))
			wantError(t, c.want, bls.Verify(keys[0], root(1), bad))
			wantError(t, c.want, bls.VerifyPossession(keys[0], root(1), bad))
			wantError(t, c.want, bls.VerifyAggregate(keys, root(1), bad))
			wantError(t, c.want, set.VerifyAggregate(slices.Values([]int{1}), 1, root(1), bad))
			wantError(t, c.want, bls.VerifyBatch(keys, root(1), [][96]byte{sigs[0], bad, sigs[2]}))
			_, err := bls.Aggregate(sigs[0], bad)
			wantError(t, c.want, err)
			found, err := bls.FindInvalid(keys, root(1), [][96]byte{sigs[0], bad, sigs[2]})
			wantError(t, nil, err)
			if !slices.Equal(found, []int{1}) {
				t.Errorf("expected position 1 to be blamed, found %v", found)
			}
		})
	}
}

func TestASignatureHas96Bytes(t *testing.T) {
	sig := secret(t, 1).Sign(root(1))
	wantError(t, nil, bls.CheckSignature(sig[:]))
	for _, b := range [][]byte{nil, {}, sig[:48], sig[:95], append(sig[:], 0)} {
		wantError(t, bls.ErrLength, bls.CheckSignature(b))
	}
}

func TestASignatureIsByOneKeyOnOneRoot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes32 := rapid.SliceOfN(rapid.Byte(), 32, 32)
		seed, message := bytes32.Draw(t, "seed"), [32]byte(bytes32.Draw(t, "root"))
		key, err := bls.KeyFromSeed(seed)
		wantError(t, nil, err)
		sig := key.Sign(message)
		wantError(t, nil, bls.Verify(key.PublicKey(), message, sig))
		if sig != key.Sign(message) {
			t.Error("expected the same signature twice")
		}

		otherRoot := message
		otherRoot[rapid.IntRange(0, 31).Draw(t, "byte of the root")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit of the root")
		wantError(t, bls.ErrInvalidSignature, bls.Verify(key.PublicKey(), otherRoot, sig))

		seed[0]++
		otherKey, err := bls.KeyFromSeed(seed)
		wantError(t, nil, err)
		wantError(t, bls.ErrInvalidSignature, bls.Verify(otherKey.PublicKey(), message, sig))

		tampered := sig
		tampered[rapid.IntRange(0, 95).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if bls.Verify(key.PublicKey(), message, tampered) == nil {
			t.Errorf("expected a changed bit to be refused: %x", tampered)
		}
	})
}

func TestAProofOfPossessionIsOneOfOneKeyAndRoot(t *testing.T) {
	alice, bob := secret(t, 11), secret(t, 12)
	proof := alice.ProvePossession(root(1))
	wantError(t, nil, bls.VerifyPossession(alice.PublicKey(), root(1), proof))

	t.Run("not under another root: another operator or chain", func(t *testing.T) {
		wantError(t, bls.ErrInvalidPossession, bls.VerifyPossession(alice.PublicKey(), root(2), proof))
	})
	t.Run("not for another key", func(t *testing.T) {
		wantError(t, bls.ErrInvalidPossession, bls.VerifyPossession(bob.PublicKey(), root(1), proof))
	})
	t.Run("not as a signature", func(t *testing.T) {
		wantError(t, bls.ErrInvalidSignature, bls.Verify(alice.PublicKey(), root(1), proof))
	})
	t.Run("not made of a signature", func(t *testing.T) {
		wantError(t, bls.ErrInvalidPossession, bls.VerifyPossession(alice.PublicKey(), root(1), alice.Sign(root(1))))
	})
}

// Proofs of possession prevent this attack: the attacker registers a·G − victim as its key. The two keys
// add up to a·G, so the attacker alone signs for both.
func TestARogueKeySignsForItsVictimUnlessItMustProvePossession(t *testing.T) {
	victim, attacker := secret(t, 0xa11ce), secret(t, 0xbad)

	victimBytes, attackerBytes := victim.PublicKey().Bytes(), attacker.PublicKey().Bytes()
	sum := new(blst.P1)
	sum.FromAffine(new(blst.P1Affine).Uncompress(attackerBytes[:]))
	rogue, err := bls.ParsePublicKey(sum.Sub(new(blst.P1Affine).Uncompress(victimBytes[:])).Compress())
	wantError(t, nil, err) // the key is well formed

	keys := []*bls.PublicKey{victim.PublicKey(), rogue}
	forged := attacker.Sign(root(1))
	wantError(t, nil, bls.VerifyAggregate(keys, root(1), forged))
	wantError(t, nil, bls.NewKeySet(keys).VerifyAggregate(slices.Values([]int{0, 1}), 2, root(1), forged))

	// The attacker lacks the rogue key's secret, so nothing that it can sign or has seen is a proof.
	for name, proof := range map[string][bls.SignatureSize]byte{
		"its own proof":      attacker.ProvePossession(root(2)),
		"the victim's proof": victim.ProvePossession(root(2)),
		"their difference":   subtract(t, attacker.ProvePossession(root(2)), victim.ProvePossession(root(3))),
		"a signature":        subtract(t, attacker.Sign(root(2)), victim.Sign(root(2))),
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, bls.ErrInvalidPossession, bls.VerifyPossession(rogue, root(2), proof))
		})
	}
	// This would be a proof. So a possession root must contain the key, and nobody may sign one for another's key.
	wantError(t, nil, bls.VerifyPossession(rogue, root(2),
		subtract(t, attacker.ProvePossession(root(2)), victim.ProvePossession(root(2)))))
}

// point decodes a signature.
func point(t rapid.TB, sig [bls.SignatureSize]byte) *blst.P2Affine {
	t.Helper()
	p := new(blst.P2Affine).Uncompress(sig[:])
	if p == nil {
		t.Fatalf("expected a signature, found %x", sig)
	}
	return p
}

// subtract returns a − b.
func subtract(t rapid.TB, a, b [bls.SignatureSize]byte) [bls.SignatureSize]byte {
	t.Helper()
	sum := new(blst.P2)
	sum.FromAffine(point(t, a))
	return [bls.SignatureSize]byte(sum.Sub(point(t, b)).Compress())
}

// negate turns the sign flag of a signature or of a public key.
func negate[T [bls.SignatureSize]byte | [bls.PublicKeySize]byte](p T) T {
	switch b := any(&p).(type) {
	case *[bls.SignatureSize]byte:
		b[0] ^= 0x20
	case *[bls.PublicKeySize]byte:
		b[0] ^= 0x20
	}
	return p
}

func TestKeysThatCancelOutAreRefused(t *testing.T) {
	key := secret(t, 3).PublicKey()
	negated := negate(key.Bytes())
	opposite, err := bls.ParsePublicKey(negated[:])
	wantError(t, nil, err)
	sig := secret(t, 3).Sign(root(1))

	wantError(t, bls.ErrIdentity, bls.VerifyAggregate([]*bls.PublicKey{key, opposite}, root(1), sig))
	set := bls.NewKeySet([]*bls.PublicKey{key, opposite, secret(t, 4).PublicKey()})
	wantError(t, bls.ErrIdentity, set.VerifyAggregate(slices.Values([]int{0, 1}), 2, root(1), sig))
	_, err = bls.Aggregate(sig, negate(sig))
	wantError(t, bls.ErrIdentity, err)
}

func TestAnAggregateIsTheSumInAnyOrderAndGrouping(t *testing.T) {
	secrets, _ := voters(t, 4)
	s := signAll(secrets, root(1))
	want := secret(t, 1+2+3+4).Sign(root(1))
	for name, found := range map[string][bls.SignatureSize]byte{
		"all at once":  aggregate(t, s...),
		"reversed":     aggregate(t, s[3], s[2], s[1], s[0]),
		"in pairs":     aggregate(t, aggregate(t, s[0], s[1]), aggregate(t, s[2], s[3])),
		"one by one":   aggregate(t, aggregate(t, aggregate(t, s[0], s[1]), s[2]), s[3]),
		"one of twice": aggregate(t, s[3], s[3], s[1]), // 4 + 4 + 2
	} {
		if found != want {
			t.Errorf("%s: expected %x, found %x", name, want, found)
		}
	}
	if single := aggregate(t, s[2]); single != s[2] {
		t.Errorf("alone: expected %x, found %x", s[2], single)
	}
}

func TestAnAggregateNamesExactlyItsSigners(t *testing.T) {
	secrets, keys := voters(t, 5)
	sigs := signAll(secrets, root(1))
	sum := aggregate(t, sigs[0], sigs[1], sigs[3])
	at := func(positions ...int) (picked []*bls.PublicKey) {
		for _, i := range positions {
			picked = append(picked, keys[i])
		}
		return picked
	}
	for name, c := range map[string]struct {
		keys []*bls.PublicKey
		root [32]byte
		want error
	}{
		"its signers":        {at(0, 1, 3), root(1), nil},
		"in another order":   {at(3, 0, 1), root(1), nil},
		"another root":       {at(0, 1, 3), root(2), bls.ErrInvalidSignature},
		"one too few":        {at(0, 1), root(1), bls.ErrInvalidSignature},
		"one too many":       {at(0, 1, 2, 3), root(1), bls.ErrInvalidSignature},
		"another":            {at(0, 1, 4), root(1), bls.ErrInvalidSignature},
		"one twice":          {at(0, 1, 3, 3), root(1), bls.ErrInvalidSignature},
		"nobody":             {nil, root(1), bls.ErrEmpty},
		"a nil in between":   {[]*bls.PublicKey{keys[0], nil, keys[3]}, root(1), bls.ErrNilKey},
		"a nil at the start": {[]*bls.PublicKey{nil, keys[0]}, root(1), bls.ErrNilKey},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, c.want, bls.VerifyAggregate(c.keys, c.root, sum))
		})
	}
}

func TestErrorsSayWhichKeyAndRoot(t *testing.T) {
	err := bls.Verify(secret(t, 1).PublicKey(), root(9), secret(t, 2).Sign(root(9)))
	r := root(9)
	for _, part := range []string{generator, hex.EncodeToString(r[:])} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("expected %s in %q", part, err)
		}
	}
}

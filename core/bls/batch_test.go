package bls_test

import (
	"runtime"
	"slices"
	"testing"

	blst "github.com/supranational/blst/bindings/go"
	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/bls"
)

func TestABatchOfAnySizePasses(t *testing.T) {
	secrets, keys := voters(t, 70)
	sigs := signAll(secrets, root(1))
	for n := 1; n <= len(keys); n++ {
		wantError(t, nil, bls.VerifyBatch(keys[:n], root(1), sigs[:n]))
	}
	found, err := bls.FindInvalid(keys, root(1), sigs)
	wantError(t, nil, err)
	if found != nil {
		t.Errorf("expected nobody to be blamed, found %v", found)
	}
}

// blst takes another path through its multi-scalar multiplication on one processor.
func TestABatchPassesOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	secrets, keys := voters(t, 40)
	sigs := signAll(secrets, root(1))
	for _, n := range []int{1, 2, 3, 31, 32, 40} {
		wantError(t, nil, bls.VerifyBatch(keys[:n], root(1), sigs[:n]))
	}
	sigs[7], sigs[33] = sigs[33], sigs[7]
	found, err := bls.FindInvalid(keys, root(1), sigs)
	wantError(t, nil, err)
	if want := []int{7, 33}; !slices.Equal(found, want) {
		t.Errorf("expected %v, found %v", want, found)
	}
}

func TestABatchMayRepeatASignature(t *testing.T) {
	key := secret(t, 5)
	sig := key.Sign(root(1))
	wantError(t, nil, bls.VerifyBatch([]*bls.PublicKey{key.PublicKey(), key.PublicKey()}, root(1), [][96]byte{sig, sig}))
}

func TestABatchNeedsAKeyForEverySignature(t *testing.T) {
	secrets, keys := voters(t, 2)
	sigs := signAll(secrets, root(1))
	for name, c := range map[string]struct {
		keys []*bls.PublicKey
		sigs [][96]byte
		want error
	}{
		"nothing":              {nil, nil, bls.ErrEmpty},
		"keys only":            {keys, nil, bls.ErrEmpty},
		"signatures only":      {nil, sigs, bls.ErrMismatch},
		"one key too few":      {keys[:1], sigs, bls.ErrMismatch},
		"one key too many":     {keys, sigs[:1], bls.ErrMismatch},
		"as many as there are": {keys, sigs, nil},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, c.want, bls.VerifyBatch(c.keys, root(1), c.sigs))
			_, err := bls.FindInvalid(c.keys, root(1), c.sigs)
			wantError(t, c.want, err)
		})
	}
}

func TestABatchIsOnOneRoot(t *testing.T) {
	secrets, keys := voters(t, 3)
	sigs := signAll(secrets, root(1))
	wantError(t, bls.ErrInvalidSignature, bls.VerifyBatch(keys, root(2), sigs))
	found, err := bls.FindInvalid(keys, root(2), sigs)
	wantError(t, nil, err)
	if want := []int{0, 1, 2}; !slices.Equal(found, want) {
		t.Errorf("expected %v, found %v", want, found)
	}
}

// Two voters add δ to one signature and subtract it from the other. The sum is right, so a batch without
// random coefficients would accept both parts as valid.
func TestErrorsThatCancelOutAreCaught(t *testing.T) {
	secrets, keys := voters(t, 6)
	sigs := signAll(secrets, root(1))
	delta := secret(t, 999).Sign(root(7))
	honest := aggregate(t, sigs...)

	sigs[1], sigs[4] = aggregate(t, sigs[1], delta), subtract(t, sigs[4], delta)
	if aggregate(t, sigs...) != honest {
		t.Fatal("expected the errors to cancel out")
	}
	wantError(t, nil, bls.VerifyAggregate(keys, root(1), aggregate(t, sigs...)))

	wantError(t, bls.ErrInvalidSignature, bls.VerifyBatch(keys, root(1), sigs))
	found, err := bls.FindInvalid(keys, root(1), sigs)
	wantError(t, nil, err)
	if want := []int{1, 4}; !slices.Equal(found, want) {
		t.Errorf("expected %v, found %v", want, found)
	}
}

// Exchanged parts are the same attack: their sum does not change.
func TestExchangedSignaturesAreCaught(t *testing.T) {
	secrets, keys := voters(t, 2)
	sigs := signAll(secrets, root(1))
	sigs[0], sigs[1] = sigs[1], sigs[0]
	wantError(t, bls.ErrInvalidSignature, bls.VerifyBatch(keys, root(1), sigs))
}

// spoil makes a signature bad, in one of many ways.
var spoil = map[string]func(t rapid.TB, key *bls.SecretKey, sig [96]byte) [96]byte{
	"another root": func(_ rapid.TB, key *bls.SecretKey, _ [96]byte) [96]byte { return key.Sign(root(200)) },
	"another tag":  func(_ rapid.TB, key *bls.SecretKey, _ [96]byte) [96]byte { return key.ProvePossession(root(1)) },
	"another key":  func(t rapid.TB, _ *bls.SecretKey, _ [96]byte) [96]byte { return secret(t, 1<<40).Sign(root(1)) },
	"negated":      func(_ rapid.TB, _ *bls.SecretKey, sig [96]byte) [96]byte { return negate(sig) },
	"doubled":      func(t rapid.TB, _ *bls.SecretKey, sig [96]byte) [96]byte { return aggregate(t, sig, sig) },
	"identity":     func(rapid.TB, *bls.SecretKey, [96]byte) [96]byte { return [96]byte{0: 0xc0} },
	"garbage":      func(rapid.TB, *bls.SecretKey, [96]byte) [96]byte { return [96]byte{0: 0xff} },
	"outside the subgroup": func(t rapid.TB, _ *bls.SecretKey, _ [96]byte) [96]byte {
		return [96]byte(unhex(t, outsideG2))
	},
	"moved out of the subgroup": func(t rapid.TB, _ *bls.SecretKey, sig [96]byte) [96]byte {
		sum := new(blst.P2)
		sum.FromAffine(point(t, sig))
		sum.AddAssign(point(t, [96]byte(unhex(t, outsideG2))))
		return [96]byte(sum.Compress())
	},
}

func TestFindInvalidBlamesExactlyTheGuilty(t *testing.T) {
	secrets, keys := voters(t, 40)
	good := signAll(secrets, root(1))
	ways := make([]string, 0, len(spoil))
	for way := range spoil {
		ways = append(ways, way)
	}
	slices.Sort(ways)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, len(keys)).Draw(t, "n")
		guilty := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, min(n, 6), rapid.ID).Draw(t, "guilty")
		slices.Sort(guilty)
		sigs := slices.Clone(good[:n])
		for _, i := range guilty {
			way := rapid.SampledFrom(ways).Draw(t, "way")
			sigs[i] = spoil[way](t, secrets[i], sigs[i])
		}
		found, err := bls.FindInvalid(keys[:n], root(1), sigs)
		wantError(t, nil, err)
		if !slices.Equal(found, guilty) {
			t.Errorf("expected %v, found %v", guilty, found)
		}
		if err := bls.VerifyBatch(keys[:n], root(1), sigs); (err == nil) != (len(guilty) == 0) {
			t.Errorf("expected VerifyBatch to agree with %v, found %v", guilty, err)
		}
	})
}

func TestFindInvalidWhenAllAreGuilty(t *testing.T) {
	secrets, keys := voters(t, 9)
	sigs := signAll(secrets, root(2))
	found, err := bls.FindInvalid(keys, root(1), sigs)
	wantError(t, nil, err)
	if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8}; !slices.Equal(found, want) {
		t.Errorf("expected %v, found %v", want, found)
	}
}

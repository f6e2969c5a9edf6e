package bls_test

import (
	"testing"

	"github.com/dualchain/dualchain/core/bls"
)

// parseAll reads signatures that are well formed.
func parseAll(t *testing.T, sigs [][bls.SignatureSize]byte) []*bls.Signature {
	t.Helper()
	parsed := make([]*bls.Signature, len(sigs))
	for i, sig := range sigs {
		var err error
		if parsed[i], err = bls.ParseSignature(sig[:]); err != nil {
			t.Fatal(err)
		}
		if parsed[i].Bytes() != sig {
			t.Fatalf("expected the bytes that were read, %x, found %x", sig, parsed[i].Bytes())
		}
	}
	return parsed
}

func TestASignatureThatWasReadVerifiesAsItsBytesDo(t *testing.T) {
	secrets, keys := voters(t, 2)
	root := [32]byte{1}
	parsed := parseAll(t, signAll(secrets, root))
	wantError(t, nil, parsed[0].Verify(keys[0], root))
	wantError(t, bls.ErrInvalidSignature, parsed[1].Verify(keys[0], root))
	wantError(t, bls.ErrInvalidSignature, parsed[0].Verify(keys[0], [32]byte{2}))
	wantError(t, bls.ErrNilKey, parsed[0].Verify(nil, root))
}

func TestWhatIsNoSignatureIsNotRead(t *testing.T) {
	_, err := bls.ParseSignature(make([]byte, 95))
	wantError(t, bls.ErrLength, err)
	_, err = bls.ParseSignature(make([]byte, 96))
	wantError(t, bls.ErrEncoding, err)
	_, err = bls.ParseSignature(append([]byte{0xc0}, make([]byte, 95)...))
	wantError(t, bls.ErrIdentity, err)
}

func TestASumIsTheAggregate(t *testing.T) {
	secrets, _ := voters(t, 50)
	sigs := signAll(secrets, [32]byte{1})
	parsed := parseAll(t, sigs)
	for _, n := range []int{1, 2, 49, 50} {
		want, err := bls.Aggregate(sigs[:n]...)
		wantError(t, nil, err)
		sum, err := bls.Sum(parsed[:n])
		wantError(t, nil, err)
		if sum != want {
			t.Fatalf("sum of %d: expected %x, found %x", n, want, sum)
		}
	}
	_, err := bls.Sum(nil)
	wantError(t, bls.ErrEmpty, err)
}

func TestSignaturesThatCancelOutHaveNoSum(t *testing.T) {
	sig := secret(t, 3).Sign([32]byte{1})
	minus := sig
	minus[0] ^= 0x20 // the sign of y
	_, err := bls.Sum(parseAll(t, [][bls.SignatureSize]byte{sig, minus}))
	wantError(t, bls.ErrIdentity, err)
}

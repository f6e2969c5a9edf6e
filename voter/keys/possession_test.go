package keys

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

func TestThePossessionVerifiesForItsOperatorAndChainOnly(t *testing.T) {
	secret, address := key(t, 1), []byte{1, 2, 3}
	proof, err := Prove(secret, "test-1", "dual1operator", address)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Possession{"test-1", "dual1operator", secret.PublicKey().String(), proof.Possession}); proof != want {
		t.Errorf("expected %v, found %v", want, proof)
	}
	raw, err := hex.DecodeString(proof.Possession)
	if err != nil || len(raw) != bls.SignatureSize {
		t.Fatalf("expected %d bytes, found %d, %v", bls.SignatureSize, len(raw), err)
	}
	for name, tc := range map[string]struct {
		chain   string
		address []byte
		want    error
	}{
		"its own":          {"test-1", address, nil},
		"another chain":    {"test-2", address, bls.ErrInvalidPossession},
		"another operator": {"test-1", []byte{1, 2, 4}, bls.ErrInvalidPossession},
	} {
		root, err := ffg.Possession(ffg.Domain(tc.chain), tc.address, secret.PublicKey().Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if err := bls.VerifyPossession(secret.PublicKey(), root, [bls.SignatureSize]byte(raw)); !errors.Is(err, tc.want) {
			t.Errorf("%s: expected %v, found %v", name, tc.want, err)
		}
	}
}

func TestProveRefusesImpossibleOperators(t *testing.T) {
	for _, size := range []int{0, 256} {
		if _, err := Prove(key(t, 1), "test-1", "", make([]byte, size)); !errors.Is(err, ffg.ErrOperator) {
			t.Errorf("%d bytes: expected %v, found %v", size, ffg.ErrOperator, err)
		}
	}
	if _, err := Prove(nil, "test-1", "", []byte{1}); !errors.Is(err, ErrFormat) {
		t.Errorf("no key: expected %v, found %v", ErrFormat, err)
	}
}

package bls_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/dualchain/dualchain/core/bls"
)

// order is the number of points in the subgroup, r.
const order = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001"

func TestReadsSecretKeysBetweenOneAndTheOrder(t *testing.T) {
	for name, c := range map[string]struct {
		hex  string
		want error
	}{
		"zero":            {strings.Repeat("00", 32), bls.ErrEncoding},
		"one":             {strings.Repeat("00", 31) + "01", nil},
		"order − 1":       {order[:63] + "0", nil},
		"order":           {order, bls.ErrEncoding},
		"order + 1":       {order[:63] + "2", bls.ErrEncoding},
		"largest":         {strings.Repeat("ff", 32), bls.ErrEncoding},
		"nothing":         {"", bls.ErrLength},
		"a byte too few":  {strings.Repeat("01", 31), bls.ErrLength},
		"a byte too many": {strings.Repeat("01", 33), bls.ErrLength},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := bls.ParseSecretKey(unhex(t, c.hex))
			wantError(t, c.want, err)
			if c.want != nil {
				return
			}
			if b := key.Bytes(); hex.EncodeToString(b[:]) != c.hex {
				t.Errorf("expected %s back, found %x", c.hex, b)
			}
		})
	}
}

func TestASeedHasAtLeast32Bytes(t *testing.T) {
	for length, want := range map[int]error{0: bls.ErrLength, 31: bls.ErrLength, 32: nil, 33: nil, 64: nil} {
		_, err := bls.KeyFromSeed(make([]byte, length))
		wantError(t, want, err)
	}
}

func TestGeneratesKeysFromEntropy(t *testing.T) {
	seed := bytes.Repeat([]byte{7}, 32)
	fromSeed, err := bls.KeyFromSeed(seed)
	wantError(t, nil, err)
	fromReader, err := bls.GenerateKey(iotest.OneByteReader(bytes.NewReader(seed)))
	wantError(t, nil, err)
	if fromSeed.Bytes() != fromReader.Bytes() {
		t.Error("the same entropy gave another key")
	}
	one, err := bls.GenerateKey(rand.Reader)
	wantError(t, nil, err)
	other, err := bls.GenerateKey(rand.Reader)
	wantError(t, nil, err)
	if one.Bytes() == other.Bytes() {
		t.Error("other entropy gave the same key")
	}
}

func TestGeneratesNoKeyWithoutEnoughEntropy(t *testing.T) {
	if _, err := bls.GenerateKey(bytes.NewReader(make([]byte, 31))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("expected %v, found %v", io.ErrUnexpectedEOF, err)
	}
	if _, err := bls.GenerateKey(nil); err == nil {
		t.Error("expected an error without a source")
	}
}

// wrapper holds the key in every way in which a struct can hold it.
type wrapper struct {
	hidden  *bls.SecretKey
	value   bls.SecretKey
	Shown   *bls.SecretKey
	List    []*bls.SecretKey
	Mapping map[string]bls.SecretKey
	Any     any
}

func TestASecretKeyNeverPrintsItself(t *testing.T) {
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(0x21 + 5*i)
	}
	key, err := bls.ParseSecretKey(append(unhex(t, "2152"), raw[2:]...))
	wantError(t, nil, err)
	b := key.Bytes()
	reversed := bytes.Clone(b[:])
	for i, j := 0, 31; i < j; i, j = i+1, j-1 {
		reversed[i], reversed[j] = reversed[j], reversed[i]
	}
	w := wrapper{key, *key, key, []*bls.SecretKey{key}, map[string]bls.SecretKey{"k": *key}, *key}

	var texts []string
	for _, value := range []any{key, *key, w, &w, []wrapper{w}, fmt.Errorf("%v", key)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%p", "%T"} {
			texts = append(texts, fmt.Sprintf(verb, value))
		}
		encoded, err := json.Marshal(value)
		wantError(t, nil, err)
		texts = append(texts, string(encoded), fmt.Sprint(value))
	}
	texts = append(texts, key.String(), key.GoString())

	for _, four := range [][]byte{b[8:12], reversed[8:12]} {
		for _, form := range []string{"%x", "% x", "%X", "% X", "%v", "%#v", "%o", "%b", "%c", "%s", "%q", "%U"} {
			secret := strings.Trim(fmt.Sprintf(form, four), "[]")
			secret = strings.TrimSuffix(strings.TrimPrefix(secret, "byte{"), "}")
			secret = strings.TrimPrefix(secret, "[]byte{")
			for _, text := range texts {
				if strings.Contains(text, secret) {
					t.Errorf("found a part of the key, %q, in %q", secret, text)
				}
			}
		}
	}
	if text := fmt.Sprintf("%+v", key); text != "bls.SecretKey(redacted)" {
		t.Errorf("expected a key to say that it is hidden, found %q", text)
	}
}

func TestAZeroedOrMissingKeySignsNothing(t *testing.T) {
	zeroed := secret(t, 7)
	public := zeroed.PublicKey()
	zeroed.Zero()
	zeroed.Zero()
	for name, key := range map[string]*bls.SecretKey{"zeroed": zeroed, "nil": nil, "zero value": {}} {
		t.Run(name, func(t *testing.T) {
			if key.PublicKey() != nil {
				t.Error("expected no public key")
			}
			if key.Bytes() != ([bls.SecretKeySize]byte{}) {
				t.Error("expected zero bytes")
			}
			if key.Child(0) != nil {
				t.Error("expected no child: everybody could derive it")
			}
			wantError(t, bls.ErrIdentity, bls.Verify(public, root(1), key.Sign(root(1))))
			wantError(t, bls.ErrIdentity, bls.VerifyPossession(public, root(1), key.ProvePossession(root(1))))
			key.Zero()
		})
	}
}

package keys

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	keystorev4 "github.com/wealdtech/go-eth2-wallet-encryptor-keystorev4"

	"github.com/dualchain/dualchain/core/bls"
)

// The password and the secret of EIP-2335's test cases.
const (
	eipPassword = "𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑"
	eipSecret   = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
)

func TestThePublishedKeystoresOpen(t *testing.T) {
	for file, want := range map[string]Info{
		"scrypt": {Path: "m/12381/60/3141592653/589793238", Description: "This is a test keystore that uses scrypt to secure the secret."},
		"pbkdf2": {Path: "m/12381/60/0/0", Description: "This is a test keystore that uses PBKDF2 to secure the secret."},
	} {
		t.Run(file, func(t *testing.T) {
			content, err := os.ReadFile("testdata/eip2335-" + file + ".json")
			if err != nil {
				t.Fatal(err)
			}
			secret, err := Decode(context.Background(), content, []byte(eipPassword))
			if err != nil || hexOf(secret) != eipSecret {
				t.Fatalf("expected %s, found %v", eipSecret, err)
			}
			want.PubKey = secret.PublicKey().String()
			if info, err := Inspect(content); err != nil || info != want {
				t.Errorf("expected %v, found %v, %v", want, info, err)
			}
			if _, err := Decode(context.Background(), content, []byte("testpassword")); !errors.Is(err, ErrPassword) {
				t.Errorf("without the key sign: expected %v, found %v", ErrPassword, err)
			}
		})
	}
}

// From wealdtech's TestDecrypt/GoodNorm: the umlaut is two characters in NFKD.
func TestAPublishedKeystoreWithAnUmlautOpens(t *testing.T) {
	const crypto = `{"checksum":{"function":"sha256","message":"3e1d45e3e47bcb2406ab25b6119225c85e7b2276b0834c7203a125bd7b6ca34f","params":{}},` +
		`"cipher":{"function":"aes-128-ctr","message":"0ed64a392274f7fcc76f8cf4d22f86057c42e6c6b726cc19dc64e80ebab5d1dd","params":{"iv":"ff6cc499ff4bbfca0125700b29cfa4dc"}},` +
		`"kdf":{"function":"pbkdf2","message":"","params":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"70f3ebd9776781f46c2ead400a3a9ed7ad2880871fe9422a734303d1492f2477"}}}`
	const want = "3fa3c2a1c9f5e6b35b223b8e84ccb394837720a712bbd1dcddcfeb78a298d063"
	public, err := bls.ParseSecretKey(unhexed(t, want))
	if err != nil {
		t.Fatal(err)
	}
	secret, err := Decode(context.Background(), theirs(t, json.RawMessage(crypto), public), []byte("testpasswordü"))
	if err != nil || hexOf(secret) != want {
		t.Errorf("expected %s, found %v", want, err)
	}
}

// Keystores pass both ways between this package and the library that Vouch, Dirk and ethdo use.
func TestKeystoresPassBetweenToolsBothWays(t *testing.T) {
	for _, kdf := range []KDF{Scrypt, PBKDF2} {
		for _, text := range []string{"a plain password", eipPassword, "Pässwörter ﬁ Ⅷ", "with\ttab and\x7f delete"} {
			t.Run(fmt.Sprintf("%s %q", kdf, text), func(t *testing.T) {
				secret := key(t, 1)
				raw := secret.Bytes()
				library := keystorev4.New(keystorev4.WithCipher(string(kdf)), keystorev4.WithCost(t, 12))

				crypto, err := library.Encrypt(raw[:], text)
				if err != nil {
					t.Fatal(err)
				}
				if opened, err := Decode(context.Background(), theirs(t, crypto, secret), []byte(text)); err != nil || opened.Bytes() != raw {
					t.Errorf("expected theirs to open here, found %v", err)
				}

				content, err := Encode(context.Background(), secret, []byte(text), SaveOptions{KDF: kdf, Cost: Light})
				if err != nil {
					t.Fatal(err)
				}
				var file struct{ Crypto map[string]any }
				if err := json.Unmarshal(content, &file); err != nil {
					t.Fatal(err)
				}
				if opened, err := library.Decrypt(file.Crypto, text); err != nil || [32]byte(opened) != raw {
					t.Errorf("expected ours to open there, found %v", err)
				}
			})
		}
	}
}

// theirs returns another tool's keystore around its crypto section.
func theirs(t *testing.T, crypto any, secret *bls.SecretKey) []byte {
	t.Helper()
	content, err := json.Marshal(map[string]any{
		"crypto": crypto, "pubkey": secret.PublicKey().String(), "path": "", "uuid": "1d85ae20-35c5-4611-98e8-aa14a633906f", "version": 4, "name": "theirs",
	})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func unhexed(t *testing.T, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

package bls_test

import (
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"slices"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
)

type vectors struct {
	Sign []struct {
		Name, Privkey, Message string
		Output                 *string
	}
	Verify []struct {
		Name, Pubkey, Message, Signature string
		Output                           bool
	}
	Aggregate []struct {
		Name   string
		Input  []string
		Output *string
	}
	FastAggregateVerify []struct {
		Name               string
		Pubkeys            []string
		Message, Signature string
		Output             bool
	} `json:"fast_aggregate_verify"`
	DeserializationG1 []deserialization `json:"deserialization_G1"`
	DeserializationG2 []deserialization `json:"deserialization_G2"`
}

type deserialization struct {
	Name, Input string
	Output      bool
}

// stricter names the vectors that accept the identity, which this package refuses.
var stricter = []string{"aggregate_infinity_signature", "deserialization_succeeds_infinity_with_true_b_flag"}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	readJSON(t, "testdata/ethereum.json", &v)
	counts := []int{len(v.Sign), len(v.Verify), len(v.Aggregate), len(v.FastAggregateVerify), len(v.DeserializationG1), len(v.DeserializationG2)}
	if want := []int{10, 29, 6, 12, 13, 15}; !slices.Equal(counts, want) {
		t.Fatalf("expected %d vectors, found %d", want, counts)
	}
	return v
}

func TestSignsLikeTheVectors(t *testing.T) {
	for _, v := range readVectors(t).Sign {
		t.Run(v.Name, func(t *testing.T) {
			key, err := bls.ParseSecretKey(unhex(t, v.Privkey))
			if v.Output == nil {
				wantError(t, bls.ErrEncoding, err)
				return
			}
			wantError(t, nil, err)
			sig := key.Sign([32]byte(unhex(t, v.Message)))
			if found := hex.EncodeToString(sig[:]); found != *v.Output {
				t.Errorf("expected %s, found %s", *v.Output, found)
			}
		})
	}
}

func TestVerifiesLikeTheVectors(t *testing.T) {
	for _, v := range readVectors(t).Verify {
		t.Run(v.Name, func(t *testing.T) {
			key, err := bls.ParsePublicKey(unhex(t, v.Pubkey))
			if err == nil {
				err = bls.Verify(key, [32]byte(unhex(t, v.Message)), [bls.SignatureSize]byte(unhex(t, v.Signature)))
			}
			if (err == nil) != v.Output {
				t.Errorf("expected %t, found: %v", v.Output, err)
			}
		})
	}
}

func TestAggregatesLikeTheVectors(t *testing.T) {
	for _, v := range readVectors(t).Aggregate {
		t.Run(v.Name, func(t *testing.T) {
			sigs := make([][bls.SignatureSize]byte, len(v.Input))
			for i, s := range v.Input {
				sigs[i] = [bls.SignatureSize]byte(unhex(t, s))
			}
			sum, err := bls.Aggregate(sigs...)
			switch {
			case slices.Contains(stricter, v.Name):
				wantError(t, bls.ErrIdentity, err)
			case v.Output == nil:
				wantError(t, bls.ErrEmpty, err)
			case hex.EncodeToString(sum[:]) != *v.Output:
				t.Errorf("expected %s, found %x and error %v", *v.Output, sum, err)
			}
		})
	}
}

func TestVerifiesAggregatesLikeTheVectors(t *testing.T) {
	for _, v := range readVectors(t).FastAggregateVerify {
		t.Run(v.Name, func(t *testing.T) {
			var keys []*bls.PublicKey
			for _, s := range v.Pubkeys {
				key, err := bls.ParsePublicKey(unhex(t, s))
				if err != nil {
					if v.Output {
						t.Errorf("expected a key, found: %v", err)
					}
					return
				}
				keys = append(keys, key)
			}
			err := bls.VerifyAggregate(keys, [32]byte(unhex(t, v.Message)), [bls.SignatureSize]byte(unhex(t, v.Signature)))
			if (err == nil) != v.Output {
				t.Errorf("expected %t, found: %v", v.Output, err)
			}
		})
	}
}

func TestDecodesLikeTheVectors(t *testing.T) {
	v := readVectors(t)
	parsePublicKey := func(b []byte) error { _, err := bls.ParsePublicKey(b); return err }
	for group, cases := range map[string][]deserialization{"G1": v.DeserializationG1, "G2": v.DeserializationG2} {
		check := map[string]func([]byte) error{"G1": parsePublicKey, "G2": bls.CheckSignature}[group]
		for _, c := range cases {
			t.Run(group+"/"+c.Name, func(t *testing.T) {
				err := check(unhex(t, c.Input))
				if slices.Contains(stricter, c.Name) {
					wantError(t, bls.ErrIdentity, err)
				} else if (err == nil) != c.Output {
					t.Errorf("expected %t, found: %v", c.Output, err)
				}
			})
		}
	}
}

func TestDerivesKeysLikeTheVectors(t *testing.T) {
	var cases []struct {
		Seed       string
		MasterSK   string `json:"master_SK"`
		ChildIndex uint32 `json:"child_index"`
		ChildSK    string `json:"child_SK"`
	}
	readJSON(t, "testdata/keygen.json", &cases)
	if len(cases) != 4 {
		t.Fatalf("expected 4 vectors, found %d", len(cases))
	}
	for _, c := range cases {
		key, err := bls.KeyFromSeed(unhex(t, c.Seed))
		wantError(t, nil, err)
		if found := decimal(key); found != c.MasterSK {
			t.Errorf("seed %s: expected %s, found %s", c.Seed, c.MasterSK, found)
		}
		if found := decimal(key.Child(c.ChildIndex)); found != c.ChildSK {
			t.Errorf("seed %s, child %d: expected %s, found %s", c.Seed, c.ChildIndex, c.ChildSK, found)
		}
	}
}

// decimal reads a secret key as EIP-2333 writes it.
func decimal(key *bls.SecretKey) string {
	b := key.Bytes()
	return new(big.Int).SetBytes(b[:]).String()
}

package keys

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
)

func TestAKeystoreHasTheFieldsOfTheStandard(t *testing.T) {
	for kdf, params := range map[KDF]string{
		Scrypt: `{"dklen":32,"n":4096,"p":1,"r":8,"salt":`,
		PBKDF2: `{"dklen":32,"c":4096,"prf":"hmac-sha256","salt":`,
	} {
		var file keystore
		if err := json.Unmarshal(encode(t, key(t, 1), kdf), &file); err != nil {
			t.Fatal(err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, file.Crypto.KDF.Params); err != nil {
			t.Fatal(err)
		}
		if file.Version != 4 || file.PubKey != key(t, 1).PublicKey().String() || file.Crypto.KDF.Function != string(kdf) ||
			!strings.HasPrefix(compact.String(), params) || file.Crypto.KDF.Message != "" ||
			file.Crypto.Checksum.Function != "sha256" || string(file.Crypto.Checksum.Params) != "{}" ||
			file.Crypto.Cipher.Function != "aes-128-ctr" || file.UUID[14] != '4' || !strings.ContainsRune("89ab", rune(file.UUID[19])) {
			t.Errorf("%s: expected an EIP-2335 keystore with %s, found %+v", kdf, params, file)
		}
	}
}

func TestStandardCostIsThatOfTheStandard(t *testing.T) {
	for name, want := range map[KDF]string{
		"":     `{"dklen":32,"n":262144,"p":1,"r":8,"salt":`,
		Scrypt: `{"dklen":32,"n":262144,"p":1,"r":8,"salt":`,
		PBKDF2: `{"dklen":32,"c":262144,"prf":"hmac-sha256","salt":`,
	} {
		kdf, err := newKDF(name, Standard)
		if err != nil {
			t.Fatal(err)
		}
		if params, err := json.Marshal(kdf); err != nil || !strings.HasPrefix(string(params), want) || kdf.check() != nil {
			t.Errorf("%q: expected %s, found %s, %v, %v", name, want, params, err, kdf.check())
		}
	}
}

func TestNoTwoKeystoresAreAlike(t *testing.T) {
	var first, second map[string]any
	for _, into := range []*map[string]any{&first, &second} {
		if err := json.Unmarshal(encode(t, key(t, 1), Scrypt), into); err != nil {
			t.Fatal(err)
		}
	}
	for _, field := range []string{"uuid", "crypto.kdf.params.salt", "crypto.cipher.params.iv", "crypto.cipher.message", "crypto.checksum.message"} {
		if a, b := at(first, field), at(second, field); a == b {
			t.Errorf("%s: expected another value for each keystore, found %v twice", field, a)
		}
	}
}

func TestOtherOptionsAreRefused(t *testing.T) {
	for name, options := range map[string]SaveOptions{"kdf": {KDF: "argon2"}, "negative cost": {Cost: -1}, "cost": {Cost: 2}} {
		if _, err := Encode(context.Background(), key(t, 1), []byte(password), options); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: expected %v, found %v", name, ErrFormat, err)
		}
	}
}

func TestANewPasswordHasEightCharacters(t *testing.T) {
	for text, want := range map[string]error{
		"": ErrNoPassword, "1234567": ErrNoPassword, "12345678": nil, "ääääääää": nil,
		"1234567\n": ErrNoPassword, // a control code is not a character
	} {
		_, err := Encode(context.Background(), key(t, 1), []byte(text), light)
		if checked := CheckNew([]byte(text)); !errors.Is(err, want) || !errors.Is(checked, want) {
			t.Errorf("%q: expected %v, found %v and %v", text, want, err, checked)
		}
		if text != "" {
			wantSilent(t, err, text)
		}
	}
}

func TestOnlyItsPasswordOpensAKeystore(t *testing.T) {
	for _, kdf := range []KDF{Scrypt, PBKDF2} {
		content := encode(t, key(t, 1), kdf)
		for text, want := range map[string]error{
			password: nil, password + "\n": nil, "\x00" + password: nil,
			"": ErrPassword, "Correct horse": ErrPassword, password + " ": ErrPassword, "\xff": ErrPassword,
		} {
			secret, err := Decode(context.Background(), content, []byte(text))
			if !errors.Is(err, want) || (secret != nil) != (want == nil) || errors.Is(err, ErrFormat) {
				t.Errorf("%s, %q: expected %v, found %v", kdf, text, want, err)
			}
			wantSilent(t, err, password, hexOf(key(t, 1)))
		}
	}
}

func TestADamagedMessageIsAWrongPassword(t *testing.T) {
	for _, field := range []string{"crypto.cipher.message", "crypto.checksum.message", "crypto.kdf.params.salt"} {
		content := change(t, encode(t, key(t, 1), PBKDF2), field, func(old any) any {
			return flip(old.(string))
		})
		if _, err := Decode(context.Background(), content, []byte(password)); !errors.Is(err, ErrPassword) {
			t.Errorf("%s: expected %v, found %v", field, ErrPassword, err)
		}
	}
}

// The checksum does not cover the IV, so a changed IV gives another secret or an invalid one.
func TestADamagedIVGivesNoKey(t *testing.T) {
	content := change(t, encode(t, key(t, 1), PBKDF2), "crypto.cipher.params.iv", func(old any) any { return flip(old.(string)) })
	secret, err := Decode(context.Background(), content, []byte(password))
	if !errors.Is(err, ErrFormat) || secret != nil {
		t.Errorf("expected %v and no key, found %v", ErrFormat, err)
	}
}

func TestTheSecretMustBeAKey(t *testing.T) {
	for name, digits := range map[string]string{
		"zero":        strings.Repeat("00", 32),
		"above order": strings.Repeat("ff", 32),
	} {
		content := sealRaw(t, [bls.SecretKeySize]byte(unhexed(t, digits)))
		if secret, err := Decode(context.Background(), content, []byte(password)); !errors.Is(err, ErrFormat) || secret != nil {
			t.Errorf("%s: expected %v, found %v", name, ErrFormat, err)
		}
	}
}

func TestMalformedKeystoresAreRefused(t *testing.T) {
	digits := func(n int) string { return strings.Repeat("0a", n) }
	set := func(v any) func(any) any { return func(any) any { return v } }
	for name, tc := range map[string]struct {
		field string
		to    any // nil removes the field
		kdf   KDF
		want  string // in the error; "" for none
	}{
		"as written":               {"version", 4, Scrypt, ""},
		"unknown field":            {"name", "of another tool", Scrypt, ""},
		"no description":           {"description", nil, Scrypt, ""},
		"no path":                  {"path", nil, Scrypt, ""},
		"path is a number":         {"path", 1, Scrypt, "path"},
		"description is a list":    {"description", []int{}, Scrypt, "description"},
		"older version":            {"version", 3, Scrypt, "version: expected 4, found 3"},
		"newer version":            {"version", 5, Scrypt, "version: expected 4, found 5"},
		"version is a text":        {"version", "4", Scrypt, "version"},
		"no version":               {"version", nil, Scrypt, "version: expected 4, found 0"},
		"no uuid":                  {"uuid", nil, Scrypt, "uuid: expected a UUID"},
		"uuid":                     {"uuid", "1d85ae20-35c5-4611-98e8-aa14a633906", Scrypt, "uuid: expected a UUID"},
		"no pubkey":                {"pubkey", nil, Scrypt, ""},
		"pubkey with 0x":           {"pubkey", "0x" + key(t, 1).PublicKey().String(), Scrypt, ""},
		"short pubkey":             {"pubkey", digits(47), Scrypt, "pubkey: expected 96 hexadecimal digits, found 94"},
		"long pubkey":              {"pubkey", digits(49), Scrypt, "pubkey: expected 96 hexadecimal digits, found 98"},
		"pubkey is no key":         {"pubkey", digits(48), Scrypt, "pubkey: "},
		"another's pubkey":         {"pubkey", key(t, 2).PublicKey().String(), Scrypt, "pubkey: expected the public key " + key(t, 1).PublicKey().String()},
		"no crypto":                {"crypto", nil, Scrypt, "crypto.kdf: function: expected"},
		"crypto is a text":         {"crypto", "", Scrypt, "crypto"},
		"other kdf":                {"crypto.kdf.function", "argon2id", Scrypt, `crypto.kdf: function: expected "scrypt" or "pbkdf2", found "argon2id"`},
		"long name of a kdf":       {"crypto.kdf.function", strings.Repeat("x", 1000), Scrypt, strings.Repeat("x", 64) + `"`},
		"no kdf params":            {"crypto.kdf.params", nil, Scrypt, "crypto.kdf: params: expected an object"},
		"kdf params are null":      {"crypto.kdf.params", json.RawMessage("null"), Scrypt, "crypto.kdf: params: expected an object"},
		"n is a text":              {"crypto.kdf.params.n", "4096", Scrypt, "crypto.kdf: params: "},
		"n is negative":            {"crypto.kdf.params.n", -2, Scrypt, "crypto.kdf: params: "},
		"n is a fraction":          {"crypto.kdf.params.n", 4096.5, Scrypt, "crypto.kdf: params: "},
		"n below the bound":        {"crypto.kdf.params.n", 1, Scrypt, "crypto.kdf: params: n: expected a power of two, at least 2, found 1"},
		"n is no power of two":     {"crypto.kdf.params.n", 4095, Scrypt, "crypto.kdf: params: n: expected a power of two"},
		"no n":                     {"crypto.kdf.params.n", nil, Scrypt, "crypto.kdf: params: n: expected"},
		"no r":                     {"crypto.kdf.params.r", nil, Scrypt, "r: expected 1 to 32, found 0"},
		"no p":                     {"crypto.kdf.params.p", nil, Scrypt, "p: expected 1 to 16, found 0"},
		"no c":                     {"crypto.kdf.params.c", nil, PBKDF2, "c: expected 1 to 16777216, found 0"},
		"other prf":                {"crypto.kdf.params.prf", "hmac-sha512", PBKDF2, `prf: expected "hmac-sha256", found "hmac-sha512"`},
		"dklen too small":          {"crypto.kdf.params.dklen", 31, PBKDF2, "dklen: expected 32 to 64, found 31"},
		"dklen too large":          {"crypto.kdf.params.dklen", 65, Scrypt, "dklen: expected 32 to 64, found 65"},
		"no salt":                  {"crypto.kdf.params.salt", nil, Scrypt, "salt: expected 1 to 1024 bytes, found 0"},
		"salt of half a byte":      {"crypto.kdf.params.salt", "0", Scrypt, "salt: expected hexadecimal digits"},
		"salt of other digits":     {"crypto.kdf.params.salt", "zz", Scrypt, "salt: expected hexadecimal digits"},
		"long salt":                {"crypto.kdf.params.salt", digits(1025), Scrypt, "salt: expected 1 to 1024 bytes, found 1025"},
		"other checksum":           {"crypto.checksum.function", "keccak256", Scrypt, `crypto.checksum: function: expected "sha256", found "keccak256"`},
		"no checksum params":       {"crypto.checksum.params", nil, Scrypt, "crypto.checksum: params: expected an object"},
		"short checksum":           {"crypto.checksum.message", digits(31), Scrypt, "crypto.checksum: message: expected 64 hexadecimal digits, found 62"},
		"other cipher":             {"crypto.cipher.function", "aes-256-ctr", Scrypt, `crypto.cipher: function: expected "aes-128-ctr", found "aes-256-ctr"`},
		"no cipher params":         {"crypto.cipher.params", nil, Scrypt, "crypto.cipher: params: expected an object"},
		"no iv":                    {"crypto.cipher.params.iv", nil, Scrypt, "crypto.cipher: params.iv: expected 32 hexadecimal digits, found 0"},
		"short iv":                 {"crypto.cipher.params.iv", digits(15), Scrypt, "crypto.cipher: params.iv: expected 32 hexadecimal digits, found 30"},
		"iv of other digits":       {"crypto.cipher.params.iv", strings.Repeat("zz", 16), Scrypt, "crypto.cipher: params.iv: expected hexadecimal digits"},
		"short secret":             {"crypto.cipher.message", digits(31), Scrypt, "crypto.cipher: message: expected 64 hexadecimal digits, found 62"},
		"long secret":              {"crypto.cipher.message", digits(33), Scrypt, "crypto.cipher: message: expected 64 hexadecimal digits, found 66"},
		"message is not a text":    {"crypto.cipher.message", 1, Scrypt, "message"},
		"larger than any keystore": {"name", strings.Repeat("x", maxKeystore), Scrypt, "expected at most 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			content := change(t, encode(t, key(t, 1), tc.kdf), tc.field, set(tc.to))
			secret, err := Decode(context.Background(), content, []byte(password))
			if tc.want == "" {
				if err != nil {
					t.Fatalf("expected a key, found %v", err)
				}
				return
			}
			if !errors.Is(err, ErrFormat) || !strings.Contains(fmt.Sprint(err), tc.want) || secret != nil {
				t.Errorf("expected %v with %q, found %v", ErrFormat, tc.want, err)
			}
			wantSilent(t, err, password, hexOf(key(t, 1)))
		})
	}
}

func TestWhatIsNotOneObjectIsRefused(t *testing.T) {
	content := encode(t, key(t, 1), Scrypt)
	for name, content := range map[string][]byte{
		"empty": nil, "null": []byte("null"), "a list": []byte("[]"), "a word": []byte("abandon"),
		"cut short": content[:len(content)-3], "two": append(bytes.Clone(content), content...),
	} {
		if _, err := Decode(context.Background(), content, []byte(password)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: expected %v, found %v", name, ErrFormat, err)
		}
		if _, err := Inspect(content); !errors.Is(err, ErrFormat) {
			t.Errorf("inspect %s: expected %v, found %v", name, ErrFormat, err)
		}
	}
}

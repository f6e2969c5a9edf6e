package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/ffg"
)

func key(t testing.TB, seed byte) *bls.SecretKey {
	t.Helper()
	secret, err := bls.KeyFromSeed(bytes.Repeat([]byte{seed}, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestAKeySurvivesItsFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "keys")
	for name, seed := range map[string]byte{"b": 2, "a": 1} {
		if err := Save(folder, name, key(t, seed)); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := Load(folder, "a")
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Bytes() != key(t, 1).Bytes() {
		t.Error("expected the key that was saved, found another one")
	}
	infos, err := List(folder)
	want := []Info{{"a", key(t, 1).PublicKey().String()}, {"b", key(t, 2).PublicKey().String()}}
	if err != nil || fmt.Sprint(infos) != fmt.Sprint(want) {
		t.Errorf("expected %v, found %v, %v", want, infos, err)
	}
	for path, mode := range map[string]fs.FileMode{folder: 0o700, filepath.Join(folder, "a.key.json"): 0o600} {
		if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != mode {
			t.Errorf("%s: expected mode %#o, found %v, %v", path, mode, stat.Mode(), err)
		}
	}
}

func TestNoKeysInNoFolder(t *testing.T) {
	if infos, err := List(filepath.Join(t.TempDir(), "none")); err != nil || len(infos) != 0 {
		t.Errorf("expected none, found %v, %v", infos, err)
	}
}

func TestSaveReplacesNothing(t *testing.T) {
	folder := t.TempDir()
	if err := Save(folder, "a", key(t, 1)); err != nil {
		t.Fatal(err)
	}
	if err := Save(folder, "a", key(t, 2)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("expected %v, found %v", fs.ErrExist, err)
	}
	if info, err := Show(folder, "a"); err != nil || info.PubKey != key(t, 1).PublicKey().String() {
		t.Errorf("expected the first key, found %v, %v", info, err)
	}
}

func TestSaveRefusesNoKey(t *testing.T) {
	zeroed := key(t, 1)
	zeroed.Zero()
	for name, secret := range map[string]*bls.SecretKey{"nil": nil, "zeroed": zeroed} {
		if err := Save(t.TempDir(), "a", secret); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: expected %v, found %v", name, ErrFormat, err)
		}
	}
}

func TestNames(t *testing.T) {
	for name, valid := range map[string]bool{
		"a": true, "voter-0_b": true, strings.Repeat("a", 63): true,
		"": false, strings.Repeat("a", 64): false, "../a": false, "a/b": false, "-a": false, "A": false, "a.b": false, "ä": false,
	} {
		if err := Save(t.TempDir(), name, key(t, 1)); errors.Is(err, ErrName) == valid {
			t.Errorf("%q: expected valid %t, found %v", name, valid, err)
		}
		if _, err := Load(t.TempDir(), name); errors.Is(err, ErrName) == valid {
			t.Errorf("load %q: expected valid %t, found %v", name, valid, err)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	secret, public := hexOf(key(t, 1)), key(t, 1).PublicKey().String()
	content := func(version int, public, secret string) string {
		return fmt.Sprintf(`{"version": %d, "pub_key": %q, "secret_key": %q}`, version, public, secret)
	}
	for name, tc := range map[string]struct {
		content string
		mode    fs.FileMode
		want    error
	}{
		"as written":           {content(1, public, secret), 0o600, nil},
		"readable by a group":  {content(1, public, secret), 0o640, ErrMode},
		"readable by others":   {content(1, public, secret), 0o604, ErrMode},
		"read-only":            {content(1, public, secret), 0o400, nil},
		"older version":        {content(0, public, secret), 0o600, ErrFormat},
		"newer version":        {content(2, public, secret), 0o600, ErrFormat},
		"other public key":     {content(1, key(t, 2).PublicKey().String(), secret), 0o600, ErrFormat},
		"short public key":     {content(1, public[2:], secret), 0o600, ErrFormat},
		"short secret key":     {content(1, public, secret[2:]), 0o600, ErrFormat},
		"long secret key":      {content(1, public, secret+"00"), 0o600, ErrFormat},
		"zero secret key":      {content(1, public, strings.Repeat("0", 64)), 0o600, ErrFormat},
		"secret above order":   {content(1, public, strings.Repeat("f", 64)), 0o600, ErrFormat},
		"no hexadecimal digit": {content(1, public, "z"+secret[1:]), 0o600, ErrFormat},
		"unknown field":        {strings.Replace(content(1, public, secret), "{", `{"path": "",`, 1), 0o600, ErrFormat},
		"two objects":          {content(1, public, secret) + "{}", 0o600, ErrFormat},
		"no secret key":        {fmt.Sprintf(`{"version": 1, "pub_key": %q}`, public), 0o600, ErrFormat},
		"empty":                {"", 0o600, ErrFormat},
		"cut short":            {content(1, public, secret)[:200], 0o600, ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "a.key.json")
			if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tc.mode); err != nil {
				t.Fatal(err)
			}
			_, err := Load(folder, "a")
			if !errors.Is(err, tc.want) {
				t.Fatalf("expected %v, found %v", tc.want, err)
			}
			if err != nil && (strings.Contains(err.Error(), secret[8:24]) || !strings.Contains(err.Error(), path)) {
				t.Errorf("expected the path and no secret in the error, found %v", err)
			}
		})
	}
}

func hexOf(secret *bls.SecretKey) string {
	raw := secret.Bytes()
	return hex.EncodeToString(raw[:])
}

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

func TestInfoShowsNoSecret(t *testing.T) {
	folder := t.TempDir()
	if err := Save(folder, "a", key(t, 1)); err != nil {
		t.Fatal(err)
	}
	info, err := Show(folder, "a")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal(info)
	if err != nil || strings.Contains(string(shown), hexOf(key(t, 1))) {
		t.Errorf("expected no secret, found %s, %v", shown, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(`{"version": 1, "pub_key": %q, "secret_key": %q}`, key(f, 1).PublicKey(), hexOf(key(f, 1)))))
	f.Add([]byte(`{"version": 1}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		secret, err := decode(content)
		if err != nil {
			if secret != nil || !errors.Is(err, ErrFormat) {
				t.Errorf("expected no key and %v, found %v", ErrFormat, err)
			}
			return
		}
		folder := t.TempDir()
		if err := Save(folder, "a", secret); err != nil {
			t.Fatal(err)
		}
		if again, err := Load(folder, "a"); err != nil || again.Bytes() != secret.Bytes() {
			t.Errorf("expected the same key, found %v", err)
		}
	})
}

package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
)

func save(t *testing.T, folder, name string, seed byte) Info {
	t.Helper()
	info, err := Save(context.Background(), folder, name, key(t, seed), []byte(password), light)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestAKeySurvivesItsFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "keys")
	for i, kdf := range []KDF{Scrypt, PBKDF2} {
		secret := key(t, byte(i+1))
		options := SaveOptions{KDF: kdf, Cost: Light, Path: "m/1/2", Description: "of " + string(kdf)}
		saved, err := Save(context.Background(), folder, string(kdf), secret, []byte(password), options)
		if want := (Info{string(kdf), secret.PublicKey().String(), "m/1/2", options.Description}); err != nil || saved != want {
			t.Fatalf("expected %v, found %v, %v", want, saved, err)
		}
		loaded, err := Load(context.Background(), folder, string(kdf), []byte(password))
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Bytes() != secret.Bytes() {
			t.Errorf("%s: expected the key that was saved, found another one", kdf)
		}
		if shown, err := Show(folder, string(kdf)); err != nil || shown != saved {
			t.Errorf("expected %v, found %v, %v", saved, shown, err)
		}
	}
	for path, mode := range map[string]fs.FileMode{folder: 0o700, filepath.Join(folder, "scrypt.json"): 0o600} {
		if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != mode {
			t.Errorf("%s: expected mode %#o, found %v, %v", path, mode, stat.Mode(), err)
		}
	}
}

func TestKeysAreListedByName(t *testing.T) {
	folder := t.TempDir()
	b, a := save(t, folder, "b", 2), save(t, folder, "a", 1)
	if err := os.WriteFile(filepath.Join(folder, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	infos, err := List(folder)
	if want := []Info{a, b}; err != nil || fmt.Sprint(infos) != fmt.Sprint(want) {
		t.Errorf("expected %v, found %v, %v", want, infos, err)
	}
	if infos, err := List(filepath.Join(folder, "none")); err != nil || len(infos) != 0 {
		t.Errorf("expected no keys in no folder, found %v, %v", infos, err)
	}
}

func TestAListMissesNoKey(t *testing.T) {
	for file, want := range map[string]error{"voter.key.json": ErrName, "broken.json": ErrFormat} {
		folder := t.TempDir()
		save(t, folder, "a", 1)
		if err := os.WriteFile(filepath.Join(folder, file), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		if infos, err := List(folder); !errors.Is(err, want) || infos != nil {
			t.Errorf("%s: expected %v and no keys, found %v, %v", file, want, err, infos)
		}
	}
}

func TestSaveReplacesNothing(t *testing.T) {
	folder := t.TempDir()
	first := save(t, folder, "a", 1)
	if _, err := Save(context.Background(), folder, "a", key(t, 2), []byte(password), light); !errors.Is(err, fs.ErrExist) {
		t.Errorf("expected %v, found %v", fs.ErrExist, err)
	}
	if info, err := Show(folder, "a"); err != nil || info != first {
		t.Errorf("expected the first key, found %v, %v", info, err)
	}
}

func TestAKeyHasOneFile(t *testing.T) {
	folder := t.TempDir()
	save(t, folder, "a", 1)
	if _, err := Save(context.Background(), folder, "b", key(t, 1), []byte(password), light); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "as a.json") {
		t.Errorf("expected %v naming a.json, found %v", fs.ErrExist, err)
	}
	if infos, err := List(folder); err != nil || len(infos) != 1 {
		t.Errorf("expected one key, found %v, %v", infos, err)
	}
}

func TestADeletedKeyIsGone(t *testing.T) {
	folder := t.TempDir()
	save(t, folder, "a", 1)
	b := save(t, folder, "b", 2)
	if err := Delete(folder, "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(context.Background(), folder, "a", []byte(password)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("expected %v, found %v", fs.ErrNotExist, err)
	}
	if err := Delete(folder, "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleted twice: expected %v, found %v", fs.ErrNotExist, err)
	}
	if infos, err := List(folder); err != nil || len(infos) != 1 || infos[0] != b {
		t.Errorf("expected %v to be left, found %v, %v", b, infos, err)
	}
}

func TestNames(t *testing.T) {
	empty := t.TempDir()
	for name, valid := range map[string]bool{
		"a": true, "voter-0_b": true, strings.Repeat("a", 63): true,
		"": false, strings.Repeat("a", 64): false, "../a": false, "a/b": false, "-a": false, "A": false, "a.b": false, "ä": false,
	} {
		_, saveErr := Save(context.Background(), t.TempDir(), name, key(t, 1), []byte(password), light)
		_, loadErr := Load(context.Background(), empty, name, []byte(password))
		_, showErr := Show(empty, name)
		for _, err := range []error{saveErr, loadErr, showErr, Delete(empty, name)} {
			if errors.Is(err, ErrName) == valid {
				t.Errorf("%q: expected valid %t, found %v", name, valid, err)
			}
		}
	}
}

func TestOnlyTheOwnerMayReadAKey(t *testing.T) {
	for mode, want := range map[fs.FileMode]error{0o600: nil, 0o400: nil, 0o640: ErrMode, 0o604: ErrMode, 0o610: ErrMode} {
		folder := t.TempDir()
		save(t, folder, "a", 1)
		path := filepath.Join(folder, "a.json")
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, loadErr := Load(context.Background(), folder, "a", []byte(password))
		_, showErr := Show(folder, "a")
		_, listErr := List(folder)
		for _, err := range []error{loadErr, showErr, listErr} {
			if !errors.Is(err, want) || err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("%#o: expected %v with the path, found %v", mode, want, err)
			}
		}
	}
}

func TestNoKeystoreHasMoreThan64KiB(t *testing.T) {
	folder := t.TempDir()
	save(t, folder, "a", 1)
	path := filepath.Join(folder, "a.json")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]error{maxKeystore: nil, maxKeystore + 1: ErrSize} {
		padded := append(content, strings.Repeat(" ", size-len(content))...)
		if err := os.WriteFile(path, padded, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Show(folder, "a"); !errors.Is(err, want) {
			t.Errorf("%d bytes: expected %v, found %v", size, want, err)
		}
	}
}

func TestErrorsNameTheFileAndNoSecret(t *testing.T) {
	folder := t.TempDir()
	save(t, folder, "a", 1)
	path := filepath.Join(folder, "a.json")
	_, err := Load(context.Background(), folder, "a", []byte("another password"))
	if !errors.Is(err, ErrPassword) || !strings.Contains(err.Error(), path) {
		t.Errorf("expected %v with the path, found %v", ErrPassword, err)
	}
	wantSilent(t, err, "another password", hexOf(key(t, 1))[8:24])
}

func TestAnInfoShowsNoSecret(t *testing.T) {
	shown, err := json.Marshal(save(t, t.TempDir(), "a", 1))
	if err != nil || strings.Contains(string(shown), hexOf(key(t, 1))) {
		t.Errorf("expected no secret, found %s, %v", shown, err)
	}
}

func TestNoKeyIsSealed(t *testing.T) {
	zeroed := key(t, 1)
	zeroed.Zero()
	for name, secret := range map[string]*bls.SecretKey{"nil": nil, "zeroed": zeroed} {
		if _, err := Save(context.Background(), t.TempDir(), "a", secret, []byte(password), light); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: expected %v, found %v", name, ErrFormat, err)
		}
	}
}

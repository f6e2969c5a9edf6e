package home_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

const password = "correct horse"

// newHome has keys with these names.
func newHome(t *testing.T, names ...string) home.Dir {
	t.Helper()
	dir := home.Dir(t.TempDir())
	for i, name := range names {
		save(t, dir, name, byte(i), password)
	}
	return dir
}

func save(t *testing.T, dir home.Dir, name string, seed byte, password string) {
	t.Helper()
	secret, err := bls.KeyFromSeed(slices.Repeat([]byte{seed}, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Save(context.Background(), dir.Keys(), name, secret, []byte(password), keys.SaveOptions{Cost: keys.Light}); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// load loads keys with the right password, and returns the names in the order of opening.
func load(dir home.Dir, names ...string) (secrets []*bls.SecretKey, odd []keys.Odd, opened []string, err error) {
	find := func() ([]byte, error) { return []byte(password), nil }
	secrets, odd, err = dir.LoadKeys(context.Background(), names, find, func(name string, number, all int) {
		opened = append(opened, strings.Repeat("+", number)+name+strings.Repeat("-", all-number))
	})
	return secrets, odd, opened, err
}

func TestKeysAreOpenedOneAfterAnotherAndTold(t *testing.T) {
	secrets, odd, opened, err := load(newHome(t, "a", "b", "c"))
	if err != nil || len(secrets) != 3 || odd != nil || !slices.Equal(opened, []string{"+a--", "++b-", "+++c"}) {
		t.Errorf("expected three keys in order, found %d, %v, %v, %v", len(secrets), odd, opened, err)
	}
}

func TestAForeignFileStopsNoOtherKey(t *testing.T) {
	dir := newHome(t, "a", "b")
	put(t, filepath.Join(dir.Keys(), "deposit_data.json"), "[]")
	save(t, dir, "theirs", 9, "another password")
	secrets, odd, _, err := load(dir)
	if err != nil || len(secrets) != 2 || len(odd) != 2 {
		t.Fatalf("expected the two keys, found %d, %v, %v", len(secrets), odd, err)
	}
	if odd[0].Name != "deposit_data" || !errors.Is(odd[0].Err, keys.ErrFormat) || odd[1].Name != "theirs" || !errors.Is(odd[1].Err, keys.ErrPassword) {
		t.Errorf("expected the others with their reasons, found %v", odd)
	}
	infos, public, err := dir.PublicKeys(nil)
	if err != nil || len(infos) != 3 || len(public) != 3 {
		t.Errorf("expected the keystores, found %v, %v", infos, err)
	}
	if _, _, _, err := load(dir, "a", "theirs"); !errors.Is(err, keys.ErrPassword) {
		t.Errorf("a key that is named: expected %v, found %v", keys.ErrPassword, err)
	}
	if secrets, _, _, err := load(dir, "b"); err != nil || len(secrets) != 1 {
		t.Errorf("only a key that is named: expected it, found %d, %v", len(secrets), err)
	}
}

func TestAHomeOfWhichNoKeyOpensIsAnError(t *testing.T) {
	dir := newHome(t)
	if _, _, _, err := load(dir); err == nil || !strings.Contains(err.Error(), "found none: make one") {
		t.Errorf("no key: expected an error that says so, found %v", err)
	}
	save(t, dir, "theirs", 9, "another password")
	put(t, filepath.Join(dir.Keys(), "deposit_data.json"), "[]")
	if _, _, _, err := load(dir); !errors.Is(err, keys.ErrPassword) || !errors.Is(err, keys.ErrFormat) {
		t.Errorf("expected both reasons, found %v", err)
	}
}

func TestAConfigurationIsReadAsEditorsOfAllSystemsWriteIt(t *testing.T) {
	for name, text := range map[string]string{"a byte order mark": "\ufeffchain_id = 'a-1'\n", "CRLF": "chain_id = 'a-1'\r\n\r\n"} {
		dir := home.Dir(t.TempDir())
		put(t, dir.Path(home.ConfigFile), text)
		if config, err := dir.LoadConfig(); err != nil || config.ChainID != "a-1" {
			t.Errorf("%s: expected the setting, found %q, %v", name, config.ChainID, err)
		}
	}
	dir := home.Dir(t.TempDir())
	put(t, dir.Path(home.ConfigFile), "\xff\xfec\x00")
	if _, err := dir.LoadConfig(); !errors.Is(err, home.ErrConfig) || !strings.Contains(err.Error(), "found UTF-16") {
		t.Errorf("UTF-16: expected a refusal that names it, found %v", err)
	}
}

func TestAnAddressIsRefusedWithoutItsPassword(t *testing.T) {
	for _, node := range []home.NodeConfig{
		{GRPC: "alice:secret@node:9090", RPC: "tcp://node:26657"},
		{GRPC: "secret@node:9090", RPC: "tcp://node:26657"},
		{GRPC: "node:9090", RPC: "ftp://alice:secret@node"},
		{GRPC: "node:9090", RPC: "http://alice:se cret@node/secret"},
	} {
		config := home.DefaultConfig()
		config.ChainID, config.Nodes = "a-1", []home.NodeConfig{node}
		if err := config.Validate(); !errors.Is(err, home.ErrConfig) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "cret@") {
			t.Errorf("%+v: expected a refusal without the password, found %v", node, err)
		}
	}
}

func TestOpeningKeysEndsAtOnce(t *testing.T) {
	dir := newHome(t, "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	var opened []string
	secrets, _, err := dir.LoadKeys(ctx, nil, func() ([]byte, error) { return []byte(password), nil }, func(name string, _, _ int) {
		if opened = append(opened, name); name == "b" {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || secrets != nil || len(opened) != 2 {
		t.Errorf("expected %v at the second key, found %d keys after %v, %v", context.Canceled, len(secrets), opened, err)
	}
	secret, err := bls.KeyFromSeed(slices.Repeat([]byte{9}, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	empty := home.Dir(t.TempDir())
	if _, err := empty.AddKey(ctx, "c", secret, []byte(password), keys.SaveOptions{Cost: keys.Light}); !errors.Is(err, context.Canceled) {
		t.Errorf("expected %v, found %v", context.Canceled, err)
	}
	if entries, err := os.ReadDir(string(empty)); err != nil || len(entries) > 0 {
		t.Errorf("expected nothing, found %v, %v", entries, err)
	}
}

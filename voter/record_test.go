package voter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// unrecorded is a home with keys named a, b, ... and no slashing protection.
func unrecorded(t *testing.T, count int) (home.Dir, home.Config, []keys.Info) {
	t.Helper()
	t.Setenv(keys.PasswordEnv, "correct horse")
	dir, config := home.Dir(t.TempDir()), home.DefaultConfig()
	config.ChainID = "test-1"
	var infos []keys.Info
	for i := range count {
		secret, err := bls.KeyFromSeed(bytes.Repeat([]byte{byte(i + 1)}, bls.MinSeedSize))
		if err != nil {
			t.Fatal(err)
		}
		info, err := keys.Save(context.Background(), dir.Keys(), string(rune('a'+i)), secret, []byte("correct horse"), keys.SaveOptions{Cost: keys.Light})
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
	}
	return dir, config, infos
}

func start(t *testing.T, dir home.Dir, config home.Config) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // if it starts, which it must not
	defer cancel()
	return voter.Start(ctx, dir, config, voter.Options{}, slog.New(slog.DiscardHandler))
}

func TestAPromiseIsForTheKeyThatItNames(t *testing.T) {
	dir, config, infos := unrecorded(t, 2)
	a, b := infos[0].PubKey, infos[1].PubKey
	for _, claimed := range [][]string{nil, {"a"}, {a[:90]}} {
		if _, err := dir.BeginRecords(nil, claimed); !errors.Is(err, home.ErrConfig) || !strings.Contains(err.Error(), home.NeverVotedFlag) {
			t.Errorf("%q: expected %v naming the flag, found %v", claimed, home.ErrConfig, err)
		}
	}
	if _, err := os.Stat(filepath.Join(string(dir), guard.FileName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("expected no record yet, found %v", err)
	}
	if begun, err := dir.BeginRecords(nil, []string{a}); err != nil || !slices.Equal(begun, []string{a}) {
		t.Errorf("expected a record of %s, found %v, %v", a, begun, err)
	}
	if err := start(t, dir, config); !errors.Is(err, guard.ErrMissing) || !strings.Contains(err.Error(), "no record of key "+b) {
		t.Errorf("expected no record of the other key, found %v", err)
	}
	if begun, err := dir.BeginRecords([]string{"b"}, nil); err != nil || !slices.Equal(begun, []string{b}) {
		t.Errorf("the only one of keys: expected a record of %s, found %v, %v", b, begun, err)
	}
	if begun, err := dir.BeginRecords(nil, []string{a, b}); err != nil || len(begun) != 0 {
		t.Errorf("again: expected nothing to begin, found %v, %v", begun, err)
	}
}

// A copy of the journal is the wrong thing nearly always, so no error says more of it than when it isn't.
func TestWithoutARecordNobodyIsToldToRestoreACopy(t *testing.T) {
	dir, config, _ := unrecorded(t, 1)
	says := func(when string) {
		t.Helper()
		err := start(t, dir, config)
		text := fmt.Sprint(err)
		if !errors.Is(err, guard.ErrMissing) || !strings.Contains(text, "a copy is no good unless nothing was signed since it was made: see 'A lost journal' in docs/operations.md") {
			t.Errorf("%s: expected %v and what to do, found %v", when, guard.ErrMissing, err)
		}
		if !strings.Contains(text, home.NeverVotedFlag) {
			t.Errorf("%s: expected the flag, found %v", when, err)
		}
	}
	says("no journal")
	path := filepath.Join(string(dir), guard.FileName)
	if err := guard.Create(path); err != nil {
		t.Fatal(err)
	}
	says("a journal of other keys")
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := start(t, dir, config); !errors.Is(err, guard.ErrDamaged) || !strings.Contains(err.Error(), "see 'A lost journal'") {
		t.Errorf("expected %v and what to do, found %v", guard.ErrDamaged, err)
	}
}

func TestAMisspelledChainIsNoReasonForAPromise(t *testing.T) {
	dir, config, infos := unrecorded(t, 1)
	path := filepath.Join(string(dir), guard.FileName)
	if err := guard.Create(path); err != nil {
		t.Fatal(err)
	}
	g, err := guard.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var key ffg.PublicKey
	if err := key.UnmarshalText([]byte(infos[0].PubKey)); err != nil {
		t.Fatal(err)
	}
	empty := fmt.Sprintf(`{"metadata":{"interchange_format_version":"5","genesis_validators_root":"0x%s"},"data":[]}`, ffg.Domain("test-1"))
	if _, err := g.Receive(ffg.Domain("test-1"), []byte(empty), []ffg.PublicKey{key}); errors.Join(err, g.Close()) != nil {
		t.Fatal(err)
	}
	config.ChainID = "tset-1"
	refused := func() {
		t.Helper()
		err := start(t, dir, config)
		if !errors.Is(err, guard.ErrMissing) || strings.Contains(err.Error(), home.NeverVotedFlag) {
			t.Errorf("expected %v without the flag, found %v", guard.ErrMissing, err)
		}
		for _, part := range []string{"check chain_id first", ffg.Domain("tset-1").String(), ffg.Domain("test-1").String(), infos[0].PubKey} {
			if !strings.Contains(fmt.Sprint(err), part) {
				t.Errorf("expected %q in it, found %v", part, err)
			}
		}
	}
	refused()
	if begun, err := dir.BeginRecords(nil, nil); err != nil || len(begun) != 0 {
		t.Errorf("expected no record for a key that has one elsewhere, found %v, %v", begun, err)
	}
	refused()
}

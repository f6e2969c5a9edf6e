package daemon_test

import (
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/core/light/lighttest"
	"github.com/dualchain/dualchain/light/daemon"
	"github.com/dualchain/dualchain/light/store"
)

func TestTheLogForgetsWhatNobodyIsHeldToAccountFor(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			chain := rotating(2)
			start := time.UnixMilli(int64(chain.Checkpoints[2].Time))
			at := func(elapsed time.Duration) func() time.Time { return func() time.Time { return start.Add(elapsed) } }
			folder := t.TempDir()
			settings := store.Settings{ChainID: chainID, Following: following, UnbondingTime: store.Duration(20 * time.Second)}
			kept, err := store.Create(folder, settings, chain.Trust(2))
			if err != nil {
				t.Fatal(err)
			}
			var bases []uint64
			for i := range 8 { // blocks are a second apart, so each round takes 8 s
				rotate(chain, uint64(10+2*i))
				rotate(chain, uint64(11+2*i))
				chain.Empty(2)
				client := daemon.New(kept, []light.Provider{lighttest.NewNode("a", chain)}, slog.New(slog.DiscardHandler))
				daemon.SetClock(client, at(time.Duration(i+1)*8*time.Second))
				if _, err := client.Update(t.Context()); err != nil {
					t.Fatal(err)
				}
				if kept, err = store.Open(folder); err != nil {
					t.Fatal(err)
				}
				if trust := kept.Trust().Checkpoint; trust != chain.Checkpoints[chain.Head()-1] {
					t.Fatalf("expected trust in epoch %d, found %d", chain.Head()-1, trust.Epoch)
				}
				base := kept.Record().Base.Checkpoint
				if age := at(time.Duration(i+1) * 8 * time.Second)().Sub(time.UnixMilli(int64(base.Time))); age > 30*time.Second {
					t.Errorf("expected a base of at most 30 s, found %s", age)
				}
				bases = append(bases, base.Epoch)
				handOvers, err := kept.Log()
				if err != nil {
					t.Fatal(err)
				}
				options := cert.Options{Mode: kept.Settings().Mode(), Now: time.UnixMilli(int64(base.Time)), ClockDrift: time.Minute}
				if reached, _, err := cert.VerifyChain(chain.Domain(), kept.Record().Base, handOvers, options); err != nil || reached.Checkpoint != kept.Trust().Checkpoint {
					t.Errorf("expected a log from the base to the trust, found %v", err)
				}
			}
			if bases[0] != 2 || bases[7] == 2 || !slices.IsSorted(bases) {
				t.Errorf("expected the base to move on from epoch 2, found %v", bases)
			}
		})
	}
}

func TestAStoreSurvivesACrashBetweenItsWrites(t *testing.T) {
	chain := rotating(2)
	s := begin(t, true, chain, 0, lighttest.NewNode("a", chain))
	trusted, err := os.ReadFile(filepath.Join(s.folder, "trust"))
	if err != nil {
		t.Fatal(err)
	}
	s.expect(chain.Head() - 1)
	// The log was written, the trust was not.
	if err := os.WriteFile(filepath.Join(s.folder, "trust"), trusted, 0o600); err != nil {
		t.Fatal(err)
	}
	rotate(chain, 50)
	s.reopened().expect(chain.Head() - 1)
	s.reopened().expect(chain.Head() - 1)
}

func TestADamagedStoreIsRefused(t *testing.T) {
	for file, damage := range map[string]func([]byte) []byte{
		"hand-overs":    func(b []byte) []byte { return b[:len(b)-1] },
		"trust":         func(b []byte) []byte { return append(b, 0) },
		"base":          func(b []byte) []byte { b[100] ^= 1; return b },
		"settings.json": func([]byte) []byte { return []byte("{") },
	} {
		chain := rotating(2)
		s := begin(t, false, chain, 0, lighttest.NewNode("a", chain))
		s.expect(chain.Head() - 1)
		path := filepath.Join(s.folder, file)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, damage(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(s.folder); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: expected %v that names it, found %v", file, store.ErrDamaged, err)
		}
	}
	if _, err := store.Open(t.TempDir()); !errors.Is(err, store.ErrNoTrust) {
		t.Errorf("empty folder: expected %v, found %v", store.ErrNoTrust, err)
	}
}

func TestAStoreSurvivesACrashWhileItMovesItsBase(t *testing.T) {
	chain := rotating(4)
	s := begin(t, true, chain, 0, lighttest.NewNode("a", chain))
	s.expect(chain.Head() - 1)
	encoded, err := chain.Trust(5).Encode()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(encoded) // the crash came after Rebase's first write
	if err := os.WriteFile(filepath.Join(s.folder, "base"), append(sum[:], encoded...), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		kept, err := store.Open(s.folder)
		if err != nil {
			t.Fatal(err)
		}
		handOvers, err := kept.Log()
		if err != nil || kept.Trust().Checkpoint != chain.Checkpoints[chain.Head()-1] || len(handOvers) == 0 || handOvers[0].Certificate.First != chain.Checkpoints[5] {
			t.Errorf("expected the newest trust and a log from epoch 5, found epoch %d and %d hand-overs, %v", kept.Trust().Checkpoint.Epoch, len(handOvers), err)
		}
	}
	rotate(chain, 50)
	s.reopened().expect(chain.Head() - 1)
}

func TestAFailedWriteOfTheTrustCostsNoLog(t *testing.T) {
	chain := rotating(2)
	s := begin(t, true, chain, 0, lighttest.NewNode("a", chain))
	s.expect(chain.Head() - 1)
	path := filepath.Join(s.folder, "trust")
	if err := errors.Join(os.Rename(path, path+".handOvers"), os.MkdirAll(filepath.Join(path, "in the way"), 0o700)); err != nil {
		t.Fatal(err)
	}
	rotate(chain, 50)
	if _, err := s.update(); err == nil {
		t.Fatal("expected an error, found none")
	}
	if err := errors.Join(os.RemoveAll(path), os.Rename(path+".handOvers", path)); err != nil {
		t.Fatal(err)
	}
	rotate(chain, 51)
	s.expect(chain.Head() - 1)
	s.reopened().expect(chain.Head() - 1)
	kept, err := store.Open(s.folder)
	if err != nil {
		t.Fatal(err)
	}
	handOvers, err := kept.Log()
	if err != nil {
		t.Fatal(err)
	}
	options := cert.Options{Mode: cert.Following, Now: time.UnixMilli(certtest.Genesis), ClockDrift: time.Minute}
	if reached, _, err := cert.VerifyChain(chain.Domain(), kept.Record().Base, handOvers, options); err != nil || reached.Checkpoint != kept.Trust().Checkpoint {
		t.Errorf("expected a log that leads to the trust, found %v", err)
	}
}

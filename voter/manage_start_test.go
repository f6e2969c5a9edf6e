package voter_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/freeport"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keymanager"
	"github.com/dualchain/dualchain/voter/keys"
)

// interrupted are the ways in which an import or a delete that was interrupted leaves a second key, and why it can't vote.
var interrupted = map[string]struct {
	leave func(*fixture) ffg.PublicKey
	why   error
}{
	"an import": {(*fixture).unprotectedKey, guard.ErrMissing},
	"a delete": {func(f *fixture) ffg.PublicKey {
		key := f.secondKey()
		f.onGuard(func(g *guard.Guard) error { return g.Retire(key) })
		return key
	}, guard.ErrRetired},
}

// unprotectedKey adds a keystore of which slashing protection knows nothing.
func (f *fixture) unprotectedKey() ffg.PublicKey {
	f.t.Helper()
	secret, err := bls.KeyFromSeed([]byte(strings.Repeat("u", bls.MinSeedSize)))
	f.require("another key", err, nil)
	_, err = keys.Save(f.dir.Keys(), "unprotected", secret, []byte(password), keys.SaveOptions{Cost: keys.Light})
	f.require("save it", err, nil)
	return secret.PublicKey().Bytes()
}

func TestAnInterruptedImportOrDeleteStopsNoOtherManagedKey(t *testing.T) {
	for name, tc := range interrupted {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 1)
			key := tc.leave(f)
			f.start()
			if err := f.end(); !errors.Is(err, tc.why) {
				t.Errorf("without the API: expected %v, found %v", tc.why, err)
			}
			f.config.Keymanager.Listen = "127.0.0.1:0"
			f.start().said(event.KeyLeftOut.String(), key.String(), tc.why.Error())
			_, rest, _ := strings.Cut(f.said(event.KeymanagerStarted.String()), "address=")
			address, _, _ := strings.Cut(rest, " ")
			f.said(event.Listening.String())
			f.votesFor(1)
			if gone := f.manager(address)(http.MethodDelete, map[string]any{"pubkeys": []string{key.String()}}); !strings.HasPrefix(gone, keymanager.Deleted) {
				t.Errorf("what the alarm says: expected %s, found %s", keymanager.Deleted, gone)
			}
			f.stop()
			f.config.Keymanager.Listen = ""
			f.listening()
			f.votesFor(2)
			f.stop()
		})
	}
}

func TestAnInterruptedImportOrDeleteOfTheOnlyManagedKeyLeavesNone(t *testing.T) {
	f := newFixture(t, 1)
	infos, err := keys.List(f.dir.Keys())
	f.require("list keys", err, nil)
	f.onGuard(func(g *guard.Guard) error {
		var key ffg.PublicKey
		return errors.Join(key.UnmarshalText([]byte(infos[0].PubKey)), g.Retire(key))
	})
	f.config.Keymanager.Listen = "127.0.0.1:0"
	f.start().said(event.KeyLeftOut.String(), infos[0].PubKey)
	f.said(event.Listening.String())
	f.node.Grow()
	f.stop()
	if left := len(f.node.Votes()); left != 0 {
		t.Errorf("expected no vote, found %d", left)
	}
}

func TestALostOrDamagedRecordStopsManagedKeysToo(t *testing.T) {
	f := newFixture(t, 1)
	f.config.Keymanager.Listen = "127.0.0.1:0"
	journal := filepath.Join(string(f.dir), guard.FileName)
	f.require("damage", os.WriteFile(journal, []byte("damaged"), 0o600), nil)
	f.start()
	f.require("damaged", f.end(), guard.ErrDamaged)
	f.require("lose it", os.Remove(journal), nil)
	f.start()
	f.require("lost", f.end(), guard.ErrMissing)
}

func TestAnInterruptedImportOrDeleteStopsNoOtherKeyOfASigner(t *testing.T) {
	for name, tc := range interrupted {
		t.Run(name, func(t *testing.T) {
			r := newRemote(t)
			tc.leave(r.fixture)
			address, err := freeport.Address()
			r.require("find a port", err, nil)
			r.signer.Keymanager.Listen = address
			r.serve()
			f := r.voter("a", r.node).listening()
			f.votesFor(1)
			f.stop()
		})
	}
}

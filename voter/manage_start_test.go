package voter_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/duration"
	"github.com/dualchain/dualchain/internal/freeport"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keymanager"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/monitor"
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
	_, err = keys.Save(context.Background(), f.dir.Keys(), "unprotected", secret, []byte(password), keys.SaveOptions{Cost: keys.Light})
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
	address := f.monitored()
	f.node.Grow()
	f.said(event.AlarmPrefix+monitor.NoKey.Message, "code="+monitor.NoKey.Code)
	code, body := get(t, address+"/healthz")
	if code != http.StatusServiceUnavailable || !strings.Contains(body, `"code":"no_key"`) || !strings.Contains(body, `"code":"guard_retired"`) || !strings.Contains(body, infos[0].PubKey) {
		t.Errorf("expected 503 with both alarms and the key, found %d %s", code, body)
	}
	if _, metrics := get(t, address+"/metrics"); !strings.Contains(metrics, "\ndualchain_voter_healthy 0\n") || !strings.Contains(metrics, `alarms{reason="guard_retired"} 1`) {
		t.Errorf("expected the same in metrics, found\n%s", metrics)
	}
	f.stop()
	if left := len(f.node.Votes()); left != 0 {
		t.Errorf("expected no vote, found %d", left)
	}
}

func TestAForeignFileIsAnAlarmUntilItIsGone(t *testing.T) {
	f := newFixture(t, 1)
	foreign := filepath.Join(f.dir.Keys(), "deposit_data.json")
	f.require("write", os.WriteFile(foreign, []byte("[]"), 0o600), nil)
	f.config.Monitor.Listen = "127.0.0.1:0"
	f.start().said(event.KeyLeftOut.String(), event.AlarmPrefix+"a file in keys/ is left out", "file=deposit_data", keys.ErrFormat.Error())
	_, address, _ := strings.Cut(f.said(event.MonitorStarted.String()), "address=")
	f.said(event.Listening.String())
	f.votesFor(1)
	if code, body := get(t, "http://"+address+"/healthz"); code != http.StatusServiceUnavailable || !strings.Contains(body, `"code":"keystore_unusable","alarm":true`) {
		t.Errorf("expected 503 with the alarm, found %d %s", code, body)
	}
	f.require("remove", os.Remove(foreign), nil)
	if code, body := get(t, "http://"+address+"/healthz"); code != http.StatusOK {
		t.Errorf("expected 200, found %d %s", code, body)
	}
	f.stop()
}

func TestAVoterShowsNoCredentialsOfItsNode(t *testing.T) {
	f := newFixture(t, 1)
	f.config.Nodes[0].RPC = strings.Replace(f.config.Nodes[0].RPC, "://", "://alice:secret@", 1)
	f.config.PollInterval = duration.Text(100 * time.Millisecond)
	f.config.Monitor.Listen = "127.0.0.1:0"
	f.start()
	var seen []string
	see := func(word string) string {
		for deadline := time.After(30 * time.Second); ; {
			select {
			case line := <-f.log:
				if seen = append(seen, line); strings.Contains(line, word) {
					return line
				}
			case <-deadline:
				t.Fatalf("expected %q, found\n%s", word, strings.Join(seen, "\n"))
			}
		}
	}
	_, address, _ := strings.Cut(see(event.MonitorStarted.String()), "address=")
	see(event.Listening.String())
	f.votesFor(1)
	f.node.Stop()
	see(event.EventsLost.String())
	see(event.Unhealthy.String())
	_, status := get(t, "http://"+address+"/status")
	if text := strings.Join(append(seen, status), "\n"); strings.Contains(text, "secret") || strings.Contains(text, "alice") {
		t.Errorf("expected no credentials, found\n%s", text)
	}
	f.stop()
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

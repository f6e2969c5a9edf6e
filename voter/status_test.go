package voter_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/overview"
)

// overview is what `voter status` tells of the only key.
func (f *fixture) overview() (overview.Overview, overview.Voter) {
	f.t.Helper()
	found, err := voter.Overview(f.t.Context(), f.dir, f.config)
	if err != nil || len(found.Voters) != 1 {
		f.t.Fatalf("expected one voter, found %+v, %v", found, err)
	}
	return found, found.Voters[0]
}

func TestTheOverviewAsksTheRunningClientElseSlashingProtection(t *testing.T) {
	f := newFixture(t, 1)
	f.config.Monitor.Listen = strings.TrimPrefix(f.monitored(), "http://") // where it listens
	f.votesFor(1)
	f.said(event.Voted.String())
	found, v := f.overview()
	if found.Client == nil || v.Client == nil || v.Client.Last.Epoch != 1 || v.Protection != nil || v.Name != home.DefaultKey {
		t.Errorf("running: expected the client's answer, found %+v, %+v", found, v)
	}
	f.stop()
	found, v = f.overview()
	if found.Client != nil || v.Client != nil || v.Protection == nil || v.Protection.Latest != 1 || v.Protection.Retired {
		t.Errorf("stopped: expected what slashing protection remembers, found %+v, %+v", found, v)
	}
	f.require("moving out", f.moveOut(filepath.Join(t.TempDir(), "file"), false), nil)
	if _, v := f.overview(); v.Protection == nil || !v.Protection.Retired {
		t.Errorf("moved: expected the key retired, found %+v", v.Protection)
	}
}

func TestTheOverviewNeedsNoPasswordAndNoGuard(t *testing.T) {
	f := newFixture(t, 1)
	f.require("lose the password", os.Remove(filepath.Join(string(f.dir), f.config.PasswordFile)), nil)
	f.require("lose the guard", os.Remove(filepath.Join(string(f.dir), guard.FileName)), nil)
	if _, v := f.overview(); v.Protection != nil {
		t.Errorf("expected no answer about slashing protection, found %+v", v.Protection)
	}
	f.config.ChainID = ""
	_, err := voter.Overview(t.Context(), f.dir, f.config)
	f.require("without a chain", err, home.ErrConfig)
}

func TestTheOverviewAsksTheSigner(t *testing.T) {
	r := newRemote(t).serve()
	f := r.voter("a", r.node).listening()
	f.votesFor(1)
	f.stop()
	if _, v := f.overview(); v.Protection == nil || v.Protection.Latest != 1 {
		t.Errorf("expected what the signer remembers, found %+v", v.Protection)
	}
	r.end()
	if _, err := voter.Overview(t.Context(), f.dir, f.config); err == nil {
		t.Error("expected an error without the signer, found none")
	}
}

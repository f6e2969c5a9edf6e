package voter_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/move"
)

func theirPassword() ([]byte, error) { return []byte(password), nil }

// elsewhere returns a fixture like f on another machine, whose home has no more than the password.
func (f *fixture) elsewhere() *fixture {
	f.t.Helper()
	other := *f
	other.dir = home.Dir(f.t.TempDir())
	if err := os.WriteFile(filepath.Join(string(other.dir), f.config.PasswordFile), []byte(password), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return &other
}

func (f *fixture) moveOut(file string, alone bool) error {
	_, err := move.Out(f.dir, file, f.config, alone)
	return err
}

func (f *fixture) moveIn(file string, alone bool) error {
	config, err := f.dir.LoadConfig()
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = move.In(context.Background(), f.dir, file, config, theirPassword, alone)
	return err
}

func (f *fixture) require(what string, err, want error) {
	f.t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		f.t.Fatalf("%s: expected %v, found %v", what, want, err)
	}
}

// votesFor grows the chain by an epoch and waits for its vote.
func (f *fixture) votesFor(epoch uint64) ffg.Vote {
	f.t.Helper()
	f.node.Grow()
	vote := f.vote().Vote
	for vote.Target.Epoch < epoch {
		vote = f.vote().Vote
	}
	if vote != f.node.Duty() || vote.Target.Epoch != epoch {
		f.t.Fatalf("expected a vote for epoch %d, found %v", epoch, vote)
	}
	return vote
}

// protects requires that slashing protection of the home knows a vote.
func (f *fixture) protects(vote ffg.Vote) {
	f.t.Helper()
	g, err := guard.Open(filepath.Join(string(f.dir), guard.FileName))
	f.require("open guard", err, nil)
	defer g.Close()
	infos, err := keys.List(f.dir.Keys())
	f.require("list keys", err, nil)
	var key ffg.PublicKey
	f.require("parse key", key.UnmarshalText([]byte(infos[0].PubKey)), nil)
	record, found, err := g.Lookup(ffg.Domain(chainID), key, vote.Target.Epoch)
	if err != nil || !found || record.Root != vote.SigningRoot(ffg.Domain(chainID)) {
		f.t.Errorf("expected a record of %v, found %+v %t %v", vote, record, found, err)
	}
}

func TestAVoterMovesAndMovesBack(t *testing.T) {
	here := newFixture(t, 1)
	there, files := here.elsewhere(), t.TempDir()
	first, second := filepath.Join(files, "first"), filepath.Join(files, "second")

	here.listening()
	voted := here.votesFor(1)
	here.require("moving while the client runs", here.moveOut(first, false), guard.ErrInUse)
	here.votesFor(2)
	here.stop()
	here.require("moving out", here.moveOut(first, false), nil)
	if stat, err := os.Stat(first); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("expected a private file, found %v, %v", stat, err)
	}
	here.start()
	if err := here.end(); !errors.Is(err, guard.ErrRetired) || !strings.Contains(err.Error(), "voter move --from") {
		t.Errorf("expected %v and what to do, found %v", guard.ErrRetired, err)
	}

	there.require("moving in", there.moveIn(first, false), nil)
	there.require("again", there.moveIn(first, false), nil)
	there.protects(voted)
	config, err := there.dir.LoadConfig()
	if err != nil || config.ChainID != chainID {
		t.Errorf("expected a configuration for %s, found %+v, %v", chainID, config, err)
	}
	there.listening()
	voted = there.votesFor(3)
	there.stop()

	here.require("taking the own file back", here.moveIn(first, false), move.ErrNothingNew)
	there.require("moving out again", there.moveOut(second, false), nil)
	here.require("moving back", here.moveIn(second, false), nil)
	here.protects(voted)
	here.listening()
	here.votesFor(4)
	here.stop()
	there.require("an old file", there.moveIn(second, false), move.ErrNothingNew)
}

func TestAMoveFileThatIsLostIsMadeAgainByWhoeverIsSure(t *testing.T) {
	f, files := newFixture(t, 1), t.TempDir()
	lost, again := filepath.Join(files, "lost"), filepath.Join(files, "again")
	f.require("moving out", f.moveOut(lost, false), nil)
	f.require("again", f.moveOut(again, false), move.ErrMoved)
	f.require("again, sure", f.moveOut(again, true), nil)
	f.require("taking it back", f.moveIn(again, false), move.ErrNothingNew)
	f.require("taking it back, sure", f.moveIn(again, true), nil)
	f.listening()
	f.votesFor(1)
	f.stop()
}

func TestAMoveThatFailsDisablesNothing(t *testing.T) {
	files := t.TempDir()
	taken := filepath.Join(files, "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, 1)
	f.require("onto a file", f.moveOut(taken, false), fs.ErrExist)
	if err := f.moveOut(filepath.Join(taken, "below a file"), false); err == nil {
		t.Error("expected an error, found none")
	}
	empty := f.elsewhere()
	if err := empty.moveOut(filepath.Join(files, "new"), false); err == nil || !strings.Contains(err.Error(), "expected at least one, found none") {
		t.Errorf("without keys: expected an error, found %v", err)
	}
	f.config.ChainID = ""
	f.require("without a chain", f.moveOut(filepath.Join(files, "new"), false), home.ErrConfig)
	f.config.ChainID, f.config.Signer.Address = chainID, "127.0.0.1:1"
	f.require("without keys of its own", f.moveOut(filepath.Join(files, "new"), false), home.ErrConfig)
	f.config.Signer.Address = ""
	f.listening()
	f.votesFor(1)
	f.stop()
	if entries, err := os.ReadDir(files); err != nil || len(entries) != 1 {
		t.Errorf("expected no other file, found %v, %v", entries, err)
	}
}

// edit changes a move file.
func edit(t *testing.T, file string, change func(map[string]any)) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(content, &fields); err != nil {
		t.Fatal(err)
	}
	change(fields)
	if content, err = json.Marshal(fields); err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "changed")
	if err := os.WriteFile(changed, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return changed
}

func TestMoveFilesThatAreRefusedChangeNothing(t *testing.T) {
	f := newFixture(t, 1).listening()
	f.votesFor(1)
	f.stop()
	file := filepath.Join(t.TempDir(), "file")
	f.require("moving out", f.moveOut(file, false), nil)
	firstKey := func(m map[string]any) map[string]any { return m["keys"].([]any)[0].(map[string]any) }
	protection := func(m map[string]any) map[string]any { return m["slashing_protection"].(map[string]any) }
	for name, tc := range map[string]struct {
		change   func(map[string]any)
		config   func(*home.Config)
		password string
		want     error
		says     string
	}{
		"another format": {change: func(m map[string]any) { m["format"] = "x/2" }, want: move.ErrFile, says: `expected "dualchain-voter-move/1", found "x/2"`},
		"no chain":       {change: func(m map[string]any) { m["chain_id"] = "" }, want: move.ErrFile, says: "chain_id"},
		"no keys":        {change: func(m map[string]any) { m["keys"] = []any{} }, want: move.ErrFile, says: "keys: expected at least one"},
		"a key twice":    {change: func(m map[string]any) { m["keys"] = append(m["keys"].([]any), firstKey(m)) }, want: move.ErrFile, says: "again"},
		"no keystore":    {change: func(m map[string]any) { firstKey(m)["keystore"] = map[string]any{} }, want: keys.ErrFormat},
		"no protection":  {change: func(m map[string]any) { protection(m)["data"] = []any{} }, want: move.ErrFile, says: "found nothing of it"},
		"odd protection": {change: func(m map[string]any) {
			protection(m)["data"].([]any)[0].(map[string]any)["signed_attestations"].([]any)[0].(map[string]any)["source_epoch"] = "x"
		}, want: guard.ErrInterchange},
		"protection of another chain": {change: func(m map[string]any) { m["chain_id"] = "other-1" }, want: guard.ErrDomain},
		"another chain here":          {change: func(map[string]any) {}, config: func(c *home.Config) { c.ChainID = "other-1" }, want: home.ErrConfig, says: `expected "test-1" as in the file, found "other-1"`},
		"another password":            {change: func(map[string]any) {}, password: "wrong horse", want: keys.ErrPassword},
	} {
		dir, config, given := home.Dir(t.TempDir()), home.DefaultConfig(), password
		if tc.config != nil {
			tc.config(&config)
		}
		if tc.password != "" {
			given = tc.password
		}
		_, err := move.In(context.Background(), dir, edit(t, file, tc.change), config, func() ([]byte, error) { return []byte(given), nil }, false)
		if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: expected %v with %q, found %v", name, tc.want, tc.says, err)
		}
		if made, err := os.ReadDir(string(dir)); err != nil || len(made) != 0 {
			t.Errorf("%s: expected nothing made, found %v, %v", name, made, err)
		}
	}
	if _, err := move.In(context.Background(), home.Dir(t.TempDir()), f.dir.Keys(), f.config, theirPassword, false); err == nil {
		t.Error("expected a folder to be refused")
	}
}

func TestKeysMoveIntoAHomeThatHasOthers(t *testing.T) {
	f := newFixture(t, 1).listening()
	f.votesFor(1)
	f.stop()
	file := filepath.Join(t.TempDir(), "file")
	f.require("moving out", f.moveOut(file, false), nil)
	there := f.elsewhere()
	other, err := bls.KeyFromSeed([]byte(strings.Repeat("o", bls.MinSeedSize)))
	there.require("another key", err, nil)
	there.addKey(home.DefaultKey, other)
	there.require("moving in", there.moveIn(file, false), nil)
	infos, err := keys.List(there.dir.Keys())
	if err != nil || len(infos) != 2 || infos[0].PubKey == infos[1].PubKey {
		t.Fatalf("expected both keys, found %v, %v", infos, err)
	}
	there.listening()
	there.votesFor(2)
	there.stop()

	odd := f.elsewhere()
	odd.require("a name that is no name", odd.moveIn(edit(t, file, func(m map[string]any) { m["keys"].([]any)[0].(map[string]any)["name"] = "../x" }), false), nil)
	if infos, err := keys.List(odd.dir.Keys()); err != nil || infos[0].Name != infos[0].PubKey[:16] {
		t.Errorf("expected a name made of the key, found %v, %v", infos, err)
	}

	lost := f.elsewhere()
	lost.addKey(home.DefaultKey, other)
	lost.require("lose the guard", os.Remove(filepath.Join(string(lost.dir), guard.FileName)), nil)
	lost.require("a home whose keys have lost their protection", lost.moveIn(file, false), guard.ErrMissing)
}

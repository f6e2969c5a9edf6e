package voter_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/move"
)

// secondKey adds another key to the home.
func (f *fixture) secondKey() ffg.PublicKey {
	f.t.Helper()
	secret, err := bls.KeyFromSeed([]byte(strings.Repeat("o", bls.MinSeedSize)))
	f.require("another key", err, nil)
	key := ffg.PublicKey(secret.PublicKey().Bytes())
	f.addKey("second", secret)
	return key
}

// onGuard opens slashing protection of the home.
func (f *fixture) onGuard(do func(*guard.Guard) error) {
	f.t.Helper()
	g, err := guard.Open(filepath.Join(string(f.dir), guard.FileName))
	f.require("open guard", err, nil)
	f.require("on guard", errors.Join(do(g), g.Close()), nil)
}

// withoutStorage does something while the guard can't store anything.
func (f *fixture) withoutStorage(do func()) {
	f.t.Helper()
	obstacle := filepath.Join(string(f.dir), guard.FileName+".new")
	f.require("obstacle", os.Mkdir(obstacle, 0o700), nil)
	do()
	f.require("remove it", os.Remove(obstacle), nil)
}

func TestAnOldFileRestoresNoneOfItsKeys(t *testing.T) {
	here := newFixture(t, 1)
	moved := here.secondKey()
	file := filepath.Join(t.TempDir(), "file")
	here.require("moving out", here.moveOut(file, false), nil)
	there := here.elsewhere()
	there.require("moving in", there.moveIn(file, false), nil)
	there.onGuard(func(g *guard.Guard) error { return g.Retire(moved) }) // as the keymanager's DELETE does
	there.require("the old file, of which one key is gone", there.moveIn(file, false), move.ErrNothingNew)
	there.onGuard(func(g *guard.Guard) error {
		if !g.Retired(moved) {
			t.Error("expected the key that moved away to stay retired, found it restored")
		}
		return nil
	})
}

// keystoresOf saves the keystores of a move file in the home, and nothing else.
func (f *fixture) keystoresOf(file string) {
	f.t.Helper()
	content, err := os.ReadFile(file)
	f.require("read the file", err, nil)
	var moved struct {
		Keys []struct {
			Name     string
			Keystore json.RawMessage
		}
	}
	f.require("decode it", json.Unmarshal(content, &moved), nil)
	for _, k := range moved.Keys {
		_, err := keys.SaveKeystore(f.dir.Keys(), k.Name, k.Keystore)
		f.require("save a keystore", err, nil)
	}
}

func TestAnInterruptedMoveBackIsRepeated(t *testing.T) {
	here := newFixture(t, 1).listening()
	here.votesFor(1)
	here.stop()
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
	here.require("moving out", here.moveOut(first, false), nil)
	there := here.elsewhere()
	there.withoutStorage(func() { there.require("without storage", there.moveIn(first, false), guard.ErrStorage) })
	if entries, err := os.ReadDir(there.dir.Keys()); err != nil || len(entries) != 0 {
		t.Errorf("a move that failed: expected no keystore left, found %v, %v", entries, err)
	}
	there.keystoresOf(first) // which is all that a crash before the record leaves
	there.start()
	if err := there.end(); !errors.Is(err, guard.ErrMissing) {
		t.Errorf("starting after an interrupted move: expected %v, found %v", guard.ErrMissing, err)
	}
	there.require("repeated", there.moveIn(first, false), nil)
	there.listening()
	voted := there.votesFor(2)
	there.stop()
	there.require("moving out again", there.moveOut(second, false), nil)
	here.withoutStorage(func() { here.require("interrupted", here.moveIn(second, false), guard.ErrStorage) })
	here.start()
	if err := here.end(); !errors.Is(err, guard.ErrRetired) {
		t.Errorf("starting after an interrupted move: expected %v, found %v", guard.ErrRetired, err)
	}
	here.require("repeated", here.moveIn(second, false), nil)
	here.protects(voted)
}

func TestMovingStraightBackNeedsSomebodyWhoIsSure(t *testing.T) {
	here, files := newFixture(t, 1), t.TempDir()
	first, second := filepath.Join(files, "first"), filepath.Join(files, "second")
	here.require("moving out", here.moveOut(first, false), nil)
	there := here.elsewhere()
	there.require("moving in", there.moveIn(first, false), nil)
	there.require("moving out again", there.moveOut(second, false), nil)
	err := here.moveIn(second, false)
	if !errors.Is(err, move.ErrNothingNew) || !strings.Contains(err.Error(), "nothing was signed elsewhere") || !strings.Contains(err.Error(), "--"+move.NoOtherMachineFlag) {
		t.Errorf("expected %v, why, and what to do, found %v", move.ErrNothingNew, err)
	}
	here.require("moving back, sure", here.moveIn(second, true), nil)
}

func TestAMoveThatCannotDisableTheKeysLeavesNoFile(t *testing.T) {
	f, files := newFixture(t, 1), t.TempDir()
	file := filepath.Join(files, "file")
	f.withoutStorage(func() {
		err := f.moveOut(file, false)
		if !errors.Is(err, guard.ErrStorage) || !strings.Contains(err.Error(), "--"+move.NoOtherMachineFlag) {
			t.Errorf("expected %v, and what to do, found %v", guard.ErrStorage, err)
		}
	})
	if entries, err := os.ReadDir(files); err != nil || len(entries) != 0 {
		t.Errorf("expected no file, found %v, %v", entries, err)
	}
	f.require("again", f.moveOut(file, false), nil)
}

func TestAMoveIntoAFolderThatIsNotThereIsRefused(t *testing.T) {
	f := newFixture(t, 1)
	typo := filepath.Join(t.TempDir(), "typo")
	f.require("moving out", f.moveOut(filepath.Join(typo, "file"), false), fs.ErrNotExist)
	if _, err := os.Stat(typo); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("expected no folder, found %v", err)
	}
	f.listening()
	f.votesFor(1)
	f.stop()
}

func TestAFileThatIsNotFinishedIsNotTaken(t *testing.T) {
	f := newFixture(t, 1)
	file := filepath.Join(t.TempDir(), "file")
	f.require("moving out", f.moveOut(file, false), nil)
	f.require("rename", os.Rename(file, file+".unfinished"), nil)
	there := f.elsewhere()
	err := there.moveIn(file+".unfinished", false)
	if !errors.Is(err, move.ErrFile) || !strings.Contains(err.Error(), "may still vote") {
		t.Errorf("expected %v and why, found %v", move.ErrFile, err)
	}
}

func TestAKeyWithoutARecordIsNamedWithItsWaysOut(t *testing.T) {
	f := newFixture(t, 1)
	key := f.secondKey()
	journal := filepath.Join(string(f.dir), guard.FileName)
	f.require("lose the record", os.Remove(journal), nil)
	f.require("begin another", guard.Create(journal), nil)
	err := f.moveOut(filepath.Join(t.TempDir(), "file"), false)
	for _, part := range []string{key.String(), "second.json", "voter guard import", "--" + home.NeverVotedFlag, "out of the folder"} {
		if !errors.Is(err, guard.ErrMissing) || !strings.Contains(err.Error(), part) {
			t.Errorf("expected %v with %q, found %v", guard.ErrMissing, part, err)
		}
	}
}

// raiseLatest makes the target of the latest vote one that an earlier version took: of an only key, and its only vote.
func (f *fixture) raiseLatest(target uint64) {
	f.t.Helper()
	const header, body, slot = 64, 129, 162 // as in guard/journal.go
	path := filepath.Join(string(f.dir), guard.FileName)
	content, err := os.ReadFile(path)
	f.require("read journal", err, nil)
	admitted, vote := content[header:header+slot], content[header+slot:header+2*slot]
	binary.BigEndian.PutUint64(vote[89:], target)
	sum := sha256.Sum256(append(slices.Clone(admitted[body:slot-1]), vote[:body]...))
	copy(vote[body:], sum[:])
	f.require("write journal", os.WriteFile(path, content, 0o600), nil)
}

func TestKeysStayWhereTheyAreIfNobodyCouldTakeTheirFile(t *testing.T) {
	const most = 1 << 48 // as an import takes
	for target, want := range map[uint64]error{most: nil, most + 1: move.ErrFile} {
		f, files := newFixture(t, 1).listening(), t.TempDir()
		f.votesFor(1)
		f.stop()
		f.raiseLatest(target)
		file := filepath.Join(files, "file")
		err := f.moveOut(file, false)
		if !errors.Is(err, want) || want != nil && (!errors.Is(err, guard.ErrInterchange) || !strings.Contains(err.Error(), "nothing is moved")) {
			t.Errorf("epoch %d: expected %v and that nothing is moved, found %v", target, want, err)
		}
		if want == nil {
			there := f.elsewhere()
			there.require("moving in", there.moveIn(file, false), nil)
			continue
		}
		if names, err := os.ReadDir(files); err != nil || len(names) != 0 {
			t.Errorf("expected no file, found %v, %v", names, err)
		}
		f.listening() // its key isn't disabled
		f.stop()
	}
}

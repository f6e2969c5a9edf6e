package guard

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// An operator who finds the lock in the way deletes it, and starts a second process.
func TestAJournalThatWasTakenAwayApprovesNothingMore(t *testing.T) {
	for name, take := range map[string]func(t *testing.T, path string) error{
		"the lock deleted": func(_ *testing.T, path string) error { return os.Remove(lockOf(path)) },
		"the lock made again": func(_ *testing.T, path string) error {
			return errors.Join(os.Remove(lockOf(path)), os.WriteFile(lockOf(path), nil, 0o600))
		},
		"the journal deleted": func(_ *testing.T, path string) error { return os.Remove(path) },
		"the journal moved":   func(_ *testing.T, path string) error { return os.Rename(path, path+".old") },
		"a copy in its place": func(t *testing.T, path string) error {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return errors.Join(os.WriteFile(path+".copy", content, 0o600), os.Rename(path+".copy", path))
		},
	} {
		for _, written := range []bool{true, false} { // or only opened, and to be replaced by the first vote
			g, path := openNew(t)
			approveAll(t, g, link(0, 1))
			if !written {
				if err := g.Close(); err != nil {
					t.Fatal(err)
				}
				g = reopen(t, path)
			}
			if err := take(t, path); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := g.Approve(chainA, alice, link(1, 2)); !errors.Is(err, ErrLost) || !errors.Is(err, ErrStorage) {
					t.Errorf("%s, written before %t: expected %v, found %v", name, written, ErrLost, err)
				}
			}
			if err := g.Prune(1); !errors.Is(err, ErrLost) {
				t.Errorf("%s: pruning: expected %v, found %v", name, ErrLost, err)
			}
		}
	}
}

func lockOf(journal string) string { return filepath.Join(filepath.Dir(journal), "guard.lock") }

func TestOfTwoProcessesWithOneJournalOneApproves(t *testing.T) {
	first, path := openNew(t)
	approveAll(t, first, link(0, 1))
	if err := os.Remove(lockOf(path)); err != nil {
		t.Fatal(err)
	}
	second := reopen(t, path)
	if err := first.Approve(chainA, alice, link(1, 2, 'a')); !errors.Is(err, ErrLost) {
		t.Errorf("expected %v, found %v", ErrLost, err)
	}
	if err := second.Approve(chainA, alice, link(1, 2, 'b')); err != nil {
		t.Errorf("expected the process with the lock to approve, found %v", err)
	}
	if err := first.Approve(chainA, alice, link(1, 2, 'a')); err == nil {
		t.Error("a double vote: expected a refusal, found none")
	}
}

// When the lock is lost, no vote under way is acknowledged, and none afterwards.
func TestALockThatGoesAtAnyStep(t *testing.T) {
	deeds := story(t)
	for at := range steps(t) {
		d := newDisk(t)
		d.plan = func(step int) fault {
			d.taken = d.taken || step == at+1
			return none
		}
		g, err := openOn(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, next := range deeds {
			err := next.do(g)
			if d.taken != errors.Is(err, ErrLost) || !d.taken && err != nil {
				t.Fatalf("the lock gone %t at step %d: %s: found %v", d.taken, at+1, next.name, err)
			}
		}
	}
}

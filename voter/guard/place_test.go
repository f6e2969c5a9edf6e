package guard

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// copyOf copies the folder of a journal as `cp -a` does, and returns the copy's path.
func copyOf(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if out, err := exec.Command("cp", "-a", filepath.Dir(path), to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(to, filepath.Base(path))
}

// closed closes a guard.
func closed(t *testing.T, g *Guard) {
	t.Helper()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestACopyOfAJournalThatVotedIsRefused(t *testing.T) {
	g, path := openNew(t, ToVote())
	closed(t, g)
	copied := copyOf(t, path)
	for name, options := range map[string][]Option{"to vote": {ToVote()}, "to read": nil, "to keep few": {Keep(Minimal)}} {
		if _, err := Open(copied, options...); !errors.Is(err, ErrCopied) || !strings.Contains(err.Error(), "voter guard adopt --"+NoOtherMachineFlag) {
			t.Errorf("%s: expected a refusal that says what to do, found %v", name, err)
		}
	}
	closed(t, reopen(t, path, ToVote())) // the original goes on

	closed(t, reopen(t, copied, Adopt()))
	closed(t, reopen(t, copied, ToVote()))
	if _, err := Open(copyOf(t, copied), ToVote()); !errors.Is(err, ErrCopied) {
		t.Errorf("a copy of an adopted copy: expected %v, found %v", ErrCopied, err)
	}
}

func TestAJournalThatNeverVotedMayBeCopied(t *testing.T) {
	g, path := openNew(t)
	closed(t, g)
	copied := copyOf(t, path)
	closed(t, reopen(t, copied, ToVote()))
	closed(t, reopen(t, path, ToVote()))
}

func TestAJournalThatIsRenamedIsNoCopy(t *testing.T) {
	g, path := openNew(t, ToVote())
	closed(t, g)
	to := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(filepath.Dir(path), to); err != nil {
		t.Skip(err) // on another file system
	}
	closed(t, reopen(t, filepath.Join(to, FileName), ToVote()))
}

func TestALockThatSaysNothingOfItsPlaceIsTakenForTheOriginal(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "cut": "inode=12", "cut in a number": "inode=12 born=34", "other": "pid 7\n"} {
		g, path := openNew(t)
		closed(t, g)
		if err := os.WriteFile(lockOf(path), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		closed(t, reopen(t, path, ToVote()))
		if _, err := Open(copyOf(t, path), ToVote()); !errors.Is(err, ErrCopied) {
			t.Errorf("%s: expected it recorded now, found %v", name, err)
		}
	}
}

func TestPlacesDiffer(t *testing.T) {
	for _, tc := range []struct {
		now, before place
		want        bool
	}{
		{place{1, 2}, place{1, 2}, false},
		{place{2, 2}, place{1, 2}, true},
		{place{1, 3}, place{1, 2}, true},
		{place{1, 0}, place{1, 2}, false}, // a kernel that doesn't say
		{place{1, 2}, place{1, 0}, false},
		{place{2, 0}, place{1, 0}, true},
	} {
		if found := tc.now.differs(tc.before); found != tc.want {
			t.Errorf("%v and %v: expected %t, found %t", tc.now, tc.before, tc.want, found)
		}
	}
}

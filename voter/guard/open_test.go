package guard

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesThatAreRefused(t *testing.T) {
	write := func(content string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		make func(*testing.T, string)
		want error
	}{
		"no file":      {func(*testing.T, string) {}, ErrMissing},
		"empty file":   {write(""), ErrDamaged},
		"another file": {write(strings.Repeat("vote ", 10_000)), ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), FileName)
			tc.make(t, path)
			for range 2 { // looking at a file doesn't mend it
				if _, err := Open(path); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("expected %v naming %s, found %v", tc.want, path, err)
				}
			}
		})
	}
}

func TestCreateReplacesNothing(t *testing.T) {
	g, path := openNew(t)
	if err := g.Approve(chainA, alice, link(0, 1)); err != nil {
		t.Fatal(err)
	}
	if err := Create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("expected %v, found %v", fs.ErrExist, err)
	}
	if err := g.Approve(chainA, alice, link(0, 1, 9)); err == nil {
		t.Error("expected a refusal, found none")
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 2 {
		t.Errorf("expected the file and its lock, found %v, %v", entries, err)
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("expected mode 0600, found %v, %v", stat.Mode(), err)
	}
}

func TestAnOldDatabaseIsNamed(t *testing.T) {
	folder := t.TempDir()
	old := filepath.Join(folder, "guard.db")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(folder, FileName)); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), old) {
		t.Errorf("expected %v naming %s, found %v", ErrMissing, old, err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("expected nothing made, found %v, %v", entries, err)
	}
}

func TestDamageSaysWhatToDo(t *testing.T) {
	g, path := openNew(t)
	approveAll(t, g, link(0, 1))
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[headerSize+1] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the lock is free again after a refusal
		_, err = Open(path)
		for _, part := range []string{path, "entry 1", "restore the file", "only if nothing was signed after"} {
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), part) {
				t.Errorf("expected %v with %q, found %v", ErrDamaged, part, err)
			}
		}
	}
}

// A file that was being made when the power was lost, under its other name, is in nobody's way.
func TestAnUnfinishedFileIsReplaced(t *testing.T) {
	g, path := openNew(t)
	if err := os.WriteFile(path+".new", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.Prune(1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("expected %v, found %v", fs.ErrNotExist, err)
	}
}

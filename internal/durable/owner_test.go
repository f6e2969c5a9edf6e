package durable_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/dualchain/dualchain/internal/durable"
)

const service = 4711

// serviceFolder is a folder of another user. The test needs root.
func serviceFolder(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	folder := t.TempDir()
	if err := os.Chown(folder, service, service); err != nil {
		t.Fatal(err)
	}
	return folder
}

func owner(t *testing.T, path string) uint32 {
	t.Helper()
	stat, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return stat.Sys().(*syscall.Stat_t).Uid
}

func TestWhatRootWritesBelongsToTheFoldersOwner(t *testing.T) {
	folder := serviceFolder(t)
	if err := durable.Write(filepath.Join(folder, "new", "deep", "file"), nil); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(filepath.Join(folder, "replaced"), nil); err != nil {
		t.Fatal(err)
	}
	lock, err := durable.Lock(filepath.Join(folder, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	err = filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if found := owner(t, path); found != service {
			t.Errorf("%s: expected owner %d, found %d", path, service, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatOthersWroteAsRootIsGivenBack(t *testing.T) {
	folder := serviceFolder(t)
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	for _, path := range []string{filepath.Join(folder, "file"), elsewhere} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(elsewhere, filepath.Join(folder, "linked")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(folder, "symlink")); err != nil {
		t.Fatal(err)
	}
	if err := durable.InheritAll(folder); err != nil {
		t.Fatal(err)
	}
	if found := owner(t, filepath.Join(folder, "file")); found != service {
		t.Errorf("expected owner %d, found %d", service, found)
	}
	if found := owner(t, elsewhere); found != 0 {
		t.Errorf("a file with a name elsewhere: expected owner 0, found %d", found)
	}
	if err := durable.InheritAll(filepath.Join(folder, "missing")); err != nil {
		t.Errorf("expected no error, found %v", err)
	}
}

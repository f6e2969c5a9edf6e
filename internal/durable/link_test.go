package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestAFileSystemWithoutHardLinks(t *testing.T) {
	t.Cleanup(func() { link = os.Link })
	for _, code := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.ENOSYS} {
		link = func(from, to string) error { return &os.LinkError{Op: "link", Old: from, New: to, Err: code} }
		folder := t.TempDir()
		path := filepath.Join(folder, "file")
		if err := Write(path, []byte("first")); err != nil {
			t.Fatalf("%v: expected the file, found %v", code, err)
		}
		if err := Write(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%v: expected %v, found %v", code, fs.ErrExist, err)
		}
		content, err := os.ReadFile(path)
		if err != nil || string(content) != "first" {
			t.Errorf("%v: expected the first content, found %q, %v", code, content, err)
		}
		if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != 0o600 {
			t.Errorf("%v: expected a private file, found %v, %v", code, stat, err)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
			t.Errorf("%v: expected the file alone, found %v, %v", code, entries, err)
		}
	}
	link = func(string, string) error { return syscall.ENOSPC }
	path := filepath.Join(t.TempDir(), "file")
	if err := Write(path, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("another failure: expected %v, found %v", syscall.ENOSPC, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another failure: expected no file, found %v", err)
	}
}

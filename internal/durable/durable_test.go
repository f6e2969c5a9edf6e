package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/dualchain/dualchain/internal/durable"
)

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func TestWriteMakesAPrivateFileOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	path := filepath.Join(folder, "file")
	if err := durable.Write(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := durable.Write(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("expected %v, found %v", fs.ErrExist, err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "first" {
		t.Errorf("expected the first content, found %q, %v", content, err)
	}
	for path, mode := range map[string]fs.FileMode{path: 0o600, folder: 0o700} {
		if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != mode {
			t.Errorf("%s: expected mode %#o, found %v, %v", path, mode, stat.Mode(), err)
		}
	}
	if found := names(t, folder); len(found) != 1 {
		t.Errorf("expected the file alone, found %v", found)
	}
}

func TestAFileThatCannotHaveItsNameIsNotThere(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "taken")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(string, []byte) error{"Write": durable.Write, "Replace": durable.Replace} {
		if err := write(path, []byte("content")); err == nil {
			t.Errorf("%s: expected an error, found none", name)
		}
		if found := names(t, folder); len(found) != 1 {
			t.Errorf("%s: expected nothing left, found %v", name, found)
		}
	}
}

func TestAFolderThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := durable.Write(file, nil); err != nil {
		t.Fatal(err)
	}
	if err := durable.Write(filepath.Join(file, "inside"), nil); err == nil {
		t.Error("expected an error, found none")
	}
}

func TestReplaceMakesAndReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "file")
	for _, content := range []string{"first", "second"} {
		if err := durable.Replace(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if found, err := os.ReadFile(path); err != nil || string(found) != content {
			t.Errorf("expected %q, found %q, %v", content, found, err)
		}
	}
	if found := names(t, filepath.Dir(path)); len(found) != 1 {
		t.Errorf("expected the file alone, found %v", found)
	}
	if err := durable.Replace(filepath.Dir(path), nil); err == nil {
		t.Error("in the place of a folder: expected an error, found none")
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "second" {
		t.Errorf("after the error: expected the content as it was, found %q, %v", content, err)
	}
}

func TestOneHasALockAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := durable.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := durable.Lock(path); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("expected %v, found %v", durable.ErrLocked, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := durable.Lock(path)
	if err != nil {
		t.Fatalf("after the first: expected the lock, found %v", err)
	}
	defer second.Close()
	if _, err := durable.Lock(filepath.Join(filepath.Dir(path), "none", "lock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a folder: expected %v, found %v", fs.ErrNotExist, err)
	}
}

package move

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestAMoveFileHasItsNameWhenItIsFinished(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	if err := os.WriteFile(path+unfinished, []byte("of a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := draft(path, []byte("keys")); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || len(content) != 0 {
		t.Errorf("before: expected its name kept by an empty file, found %q, %v", content, err)
	}
	if err := draft(path, []byte("other keys")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("of another move: expected %v, found %v", fs.ErrExist, err)
	}
	if err := finish(path); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "keys" {
		t.Errorf("expected the content, found %q, %v", content, err)
	}
	if names := namesIn(t, folder); len(names) != 1 {
		t.Errorf("expected no other file, found %q", names)
	}
}

// The keys are disabled by then: what is complete must stay.
func TestAMoveFileThatCannotBeFinishedIsNotLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := draft(path, []byte("keys")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := finish(path); err == nil {
		t.Error("onto a folder: expected an error, found none")
	}
	if content, err := os.ReadFile(path + unfinished); err != nil || string(content) != "keys" {
		t.Errorf("expected the content under the other name, found %q, %v", content, err)
	}
}

func TestAMoveFileThatCannotBeDraftedIsNotThere(t *testing.T) {
	folder := t.TempDir()
	if err := draft(filepath.Join(folder, "typo", "file"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that isn't there: expected %v, found %v", fs.ErrNotExist, err)
	}
	path := filepath.Join(folder, "file")
	if err := os.Mkdir(path+unfinished, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := draft(path, nil); err == nil {
		t.Error("no place for it: expected an error, found none")
	}
	if names := namesIn(t, folder); len(names) != 0 {
		t.Errorf("expected nothing left, found %q", names)
	}
}

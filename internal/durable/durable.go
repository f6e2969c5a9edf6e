// Package durable writes files that exist whole or not at all, even after a loss of power. What root writes belongs to the owner of its folder.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write makes a new file with this content, readable by its owner only. It makes the folder, for the owner only, if it
// is missing. It never replaces a file: if the file exists, the error wraps fs.ErrExist.
func Write(path string, content []byte) error {
	return put(path, content, func(draft string) error {
		err := nameNew(draft, path)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("expected no such file: %w", fs.ErrExist)
		}
		return err
	})
}

// Replace is Write for a file that may exist: after a crash the file is the old one or the new one.
func Replace(path string, content []byte) error {
	return put(path, content, func(draft string) error { return os.Rename(draft, path) })
}

// put writes a draft beside the file and renames it once it is on disk.
func put(path string, content []byte, name func(draft string) error) error {
	folder := filepath.Dir(path)
	if err := MakeFolder(folder); err != nil {
		return fmt.Errorf("make the folder of %s: %w", path, err)
	}
	draft, err := os.CreateTemp(folder, filepath.Base(path)+".*.new") // mode 0600
	if err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	defer os.Remove(draft.Name()) //nolint:errcheck // a leftover draft harms nobody
	_, err = draft.Write(content)
	if err == nil {
		err = Inherit(draft)
	}
	if err == nil {
		err = draft.Sync()
	}
	err = errors.Join(err, draft.Close())
	if err == nil {
		err = name(draft.Name())
	}
	if err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	return SyncFolder(folder)
}

// SyncFolder makes the names in a folder durable.
func SyncFolder(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("sync %s: %w", folder, err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", folder, err)
	}
	return nil
}

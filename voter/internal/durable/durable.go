// Package durable makes files that are there whole or not at all, also after a loss of power.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write makes a new file with this content, readable by its owner only. Its folder is made if it is missing, for
// the owner only. It never replaces a file: the error then wraps fs.ErrExist.
func Write(path string, content []byte) error {
	return Make(path, func(file *os.File) error {
		if _, err := file.Write(content); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		return nil
	})
}

// Make makes a new file that fill gives its content; see Write. Until fill is done the file has another name.
func Make(path string, fill func(*os.File) error) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of %s: %w", path, err)
	}
	file, err := os.CreateTemp(folder, filepath.Base(path)+".*.new") // mode 0600
	if err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // a leftover under the other name harms nobody
	err = fill(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	// A link, unlike a rename, refuses to replace what is there.
	if err := os.Link(file.Name(), path); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make %s: expected no such file: %w", path, fs.ErrExist)
	} else if err != nil {
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

package move

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dualchain/dualchain/internal/durable"
)

// unfinished ends the name that a move file has while the keys in it may still vote where they are.
const unfinished = ".unfinished"

// draft puts everything on disk that finish needs: the file under its other name, and an empty one that keeps its name. It
// wraps fs.ErrExist and fs.ErrNotExist, for the folder: a path with a typing error is no place for keys.
func draft(path string, content []byte) error {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("expected the folder of %s: %w", path, err)
	}
	reserved, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("expected no file %s (an empty one is of a move that was interrupted: delete it): %w", path, fs.ErrExist)
	}
	if err != nil {
		return err
	}
	err = errors.Join(durable.Inherit(reserved), reserved.Close())
	if err == nil {
		err = durable.Replace(path+unfinished, content)
	}
	if err != nil {
		return errors.Join(err, discard(path))
	}
	return nil
}

// finish gives the file its name. It renames, because not every file system that a file is carried on has links.
func finish(path string) error {
	if err := os.Rename(path+unfinished, path); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(path))
}

// discard removes what draft made.
func discard(path string) error {
	err := os.Remove(path + unfinished)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(os.Remove(path), err)
}

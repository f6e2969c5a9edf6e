package guard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dualchain/dualchain/internal/durable"
)

// disk is all the I/O that a journal does, so that tests can stop it at every step. Names are paths in one folder.
type disk interface {
	read(name string) ([]byte, error)
	create(name string) (file, error) // an empty file to write, in the place of what has the name
	rename(from, to string) error
	syncFolder() error // makes names durable
}

// file is one that is being written.
type file interface {
	writeAt(b []byte, offset int64) error
	sync() error // makes the content durable
	close() error
}

// folder is the disk of the operating system.
type folder string

func (f folder) read(name string) ([]byte, error) { return os.ReadFile(name) }

func (f folder) create(name string) (file, error) {
	opened, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	return osFile{opened}, err
}

func (f folder) rename(from, to string) error { return os.Rename(from, to) }

func (f folder) syncFolder() error { return durable.SyncFolder(string(f)) }

type osFile struct{ *os.File }

func (f osFile) writeAt(b []byte, offset int64) error {
	_, err := f.WriteAt(b, offset)
	return err
}

func (f osFile) sync() error  { return f.Sync() }
func (f osFile) close() error { return f.Close() }

// lock takes the lock beside a journal, which has a file of its own because the journal is replaced. Errors: ErrInUse,
// ErrStorage, fs.ErrNotExist for a folder that is missing.
func lock(journal string) (*os.File, error) {
	path := strings.TrimSuffix(journal, filepath.Ext(journal)) + ".lock"
	file, err := durable.Lock(path)
	switch {
	case errors.Is(err, durable.ErrLocked):
		return nil, fmt.Errorf("%w: expected %s to be unlocked, found %s locked: stop the other process first", ErrInUse, journal, path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return file, err
}

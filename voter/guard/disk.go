package guard

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dualchain/dualchain/internal/durable"
)

// disk is all the I/O that a journal does, so that tests can stop it at every step. Names are paths in one folder.
type disk interface {
	read(name string) ([]byte, file, error) // the file stays open until it is closed
	holds(name string, f file) error        // ErrLost unless the name stands for this file, and the lock is ours
	create(name string) (file, error)       // an empty file to write, in the place of what has the name
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
type folder struct {
	path string
	lock *os.File
}

func (f folder) read(name string) ([]byte, file, error) {
	opened, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	content, err := io.ReadAll(opened)
	if err != nil {
		return nil, nil, errors.Join(err, opened.Close())
	}
	return content, osFile{opened}, nil
}

// holds looks at the lock first: as long as it has its name nobody else reads the journal, and whoever takes it later reads
// what was synced before.
func (f folder) holds(name string, held file) error {
	if err := standsFor(f.lock.Name(), f.lock); err != nil {
		return err
	}
	return standsFor(name, held.(osFile).File)
}

// standsFor compares an open file, whose inode therefore has no successor.
func standsFor(name string, opened *os.File) error {
	found, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: expected %s, which is locked or written, to stay, found it deleted or moved: another process may have opened the journal: stop all, then start one",
			ErrLost, name)
	}
	if err != nil {
		return err
	}
	ours, err := opened.Stat()
	if err == nil && !os.SameFile(found, ours) {
		err = fmt.Errorf("%w: expected %s to be the file that this process opened, found another: another process may have opened the journal: stop all, then start one",
			ErrLost, name)
	}
	return err
}

func (f folder) create(name string) (file, error) {
	opened, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	return osFile{opened}, err
}

func (f folder) rename(from, to string) error { return os.Rename(from, to) }

func (f folder) syncFolder() error { return durable.SyncFolder(f.path) }

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
		return nil, fmt.Errorf("%w: expected %s to be unlocked, found %s locked: stop the other process first, and don't delete the file", ErrInUse, journal, path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return file, err
}

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

// disk is the I/O of a journal. Tests replace it to fail at every step. Names are paths in one folder.
type disk interface {
	read(name string) ([]byte, file, error) // the file stays open until it is closed
	holds(name string, f file) error        // ErrLost unless the name refers to this file, and this process has the lock
	create(name string) (file, error)       // an empty file to write; it replaces a file with the name
	rename(from, to string) error
	syncFolder() error // makes names durable
}

// file is a file of a disk that is open for writing.
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

// holds checks the lock first. While the lock file has its name, no other process reads the journal, and a process that takes the
// lock later reads everything that was synced before.
func (f folder) holds(name string, held file) error {
	if err := standsFor(f.lock.Name(), f.lock); err != nil {
		return err
	}
	return standsFor(name, held.(osFile).File)
}

// standsFor returns ErrLost unless the name refers to the open file. An open file's inode isn't reused, so the comparison is safe.
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
	if err == nil {
		err = durable.Inherit(opened)
	}
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

// lock takes the lock of a journal. The lock is a file of its own, because the journal's file is replaced. Errors: ErrInUse,
// ErrStorage, fs.ErrNotExist if the folder is missing.
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

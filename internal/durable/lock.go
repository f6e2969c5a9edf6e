package durable

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrLocked means that another process, or another part of this one, has the lock.
var ErrLocked = errors.New("locked")

// Lock locks a file, which it makes if it is missing. The lock lasts until the file is closed or the process ends,
// even by a crash. Lock does not wait: if another process has the lock, the error wraps ErrLocked.
func Lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // NFS locks only what is open for writing
	if errors.Is(err, syscall.EROFS) {
		file, err = os.Open(path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := Inherit(file); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return file, nil
}

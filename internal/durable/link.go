package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// link is os.Link; tests replace it by that of a file system without hard links.
var link = os.Link

// nameNew gives a draft a name that must be free: a link, unlike a rename, refuses to replace what is there. A file system without hard
// links gets an empty file first, which reserves the name, and then a rename. A crash between the two leaves the empty file.
func nameNew(draft, path string) error {
	err := link(draft, path)
	if err == nil || errors.Is(err, fs.ErrExist) || !hasNoLinks(err) {
		return err
	}
	reserved, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(reserved.Close(), os.Rename(draft, path)); err != nil {
		return fmt.Errorf("rename: %w", errors.Join(err, os.Remove(path)))
	}
	return nil
}

// hasNoLinks reports whether an error is what file systems without hard links answer: vfat, exFAT, some of FUSE and SMB.
func hasNoLinks(err error) bool {
	for _, code := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.EMLINK} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

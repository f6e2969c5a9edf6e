package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// A command that an administrator runs as root in a service's home must leave no file there that the service can't use. So what
// root makes belongs to the owner of its folder, like what the service makes itself.

// Foreign returns the owner of a folder if this process is root and the owner is not.
func Foreign(folder string) (uid int, foreign bool) {
	stat, err := os.Stat(folder)
	if err != nil || os.Geteuid() != 0 {
		return 0, false
	}
	owner, ok := stat.Sys().(*syscall.Stat_t)
	return int(owner.Uid), ok && owner.Uid != 0
}

// Inherit gives an open file or folder that root owns to the owner of the folder that it is in. It leaves alone what has other names as
// well, because it may belong elsewhere. Unless the process is root, it does nothing.
func Inherit(file *os.File) error {
	folder := filepath.Dir(file.Name())
	if _, foreign := Foreign(folder); !foreign {
		return nil
	}
	above, err := os.Stat(folder)
	if err != nil {
		return fmt.Errorf("give %s its folder's owner: %w", file.Name(), err)
	}
	stat, err := file.Stat()
	if err != nil {
		return fmt.Errorf("give %s its folder's owner: %w", file.Name(), err)
	}
	to, known := above.Sys().(*syscall.Stat_t)
	from, ok := stat.Sys().(*syscall.Stat_t)
	if !known || !ok || from.Uid != 0 || !stat.IsDir() && (!stat.Mode().IsRegular() || from.Nlink != 1) {
		return nil
	}
	if err := file.Chown(int(to.Uid), int(to.Gid)); err != nil {
		return fmt.Errorf("give %s its folder's owner: %w", file.Name(), err)
	}
	return nil
}

// MakeFolder makes a folder, for the owner only, and those above it that are missing. Each has the owner of the folder that it is in.
func MakeFolder(path string) error {
	if stat, err := os.Stat(path); err == nil && stat.IsDir() {
		return nil
	}
	if above := filepath.Dir(path); above != path {
		if err := MakeFolder(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return inherit(path)
}

// InheritAll is Inherit for a folder and all that is in it. A folder that is missing is no error.
func InheritAll(folder string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !entry.IsDir() && !entry.Type().IsRegular() {
			return nil
		}
		if err != nil {
			return err
		}
		return inherit(path)
	})
}

func inherit(path string) error {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(Inherit(file), file.Close())
}

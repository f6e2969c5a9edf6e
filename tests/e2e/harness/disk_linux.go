package harness

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Disk is a small file system in memory.
type Disk struct {
	Path string

	net *Net
}

// SmallDisk mounts a file system of 1 MB until the end of the test. It skips the test if it may not mount.
func (n *Net) SmallDisk(name string) Disk {
	n.Helper()
	d := Disk{Path: n.Beside(name), net: n}
	if err := os.Mkdir(d.Path, 0o700); err != nil {
		n.Fatal(err)
	}
	if err := unix.Mount("e2e", d.Path, "tmpfs", 0, "size=1m"); err != nil {
		n.Skipf("mount a small disk: %v", err)
	}
	n.Cleanup(func() {
		if err := unix.Unmount(d.Path, 0); err != nil {
			n.Error(err)
		}
	})
	return d
}

// Fill fills the file system. Empty frees the space.
func (d Disk) Fill() {
	d.net.Helper()
	ballast, err := os.Create(d.ballast())
	if err != nil {
		d.net.Fatal(err)
	}
	defer ballast.Close()
	for err == nil {
		_, err = ballast.Write(make([]byte, 4096))
	}
}

// Empty undoes Fill.
func (d Disk) Empty() {
	d.net.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		d.net.Fatal(err)
	}
}

func (d Disk) ballast() string { return filepath.Join(d.Path, "ballast") }

// ReadOnly makes the file system read-only, or writable again. No file may be open for writing.
func (d Disk) ReadOnly(readOnly bool) {
	d.net.Helper()
	flags := uintptr(unix.MS_REMOUNT)
	if readOnly {
		flags |= unix.MS_RDONLY
	}
	if err := unix.Mount("e2e", d.Path, "tmpfs", flags, "size=1m"); err != nil {
		d.net.Fatalf("remount: %v", err)
	}
}

// WritesFail makes every write of a running process to a file fail, or lets writes succeed again.
func (p *Process) WritesFail(fail bool) {
	p.net.Helper()
	limit := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if fail {
		limit.Cur = 0
	}
	if err := unix.Prlimit(p.PID(), unix.RLIMIT_FSIZE, &limit, nil); err != nil {
		p.net.Fatalf("limit what %s writes: %v", p.name, err)
	}
}

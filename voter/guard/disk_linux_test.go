package guard

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Once a vote was approved, the slots for the next ones are on the disk: a disk that fills up stops nobody at once.
func TestADiskThatFillsUpLater(t *testing.T) {
	disk := mountTmpfs(t)
	path := filepath.Join(disk, FileName)
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	g := reopen(t, path)
	g.journal.spare = 3
	if err := g.Admit(alice); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(disk, "filler")
	if err := fill(filler); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("expected %v, found %v", syscall.ENOSPC, err)
	}
	approveAll(t, g, link(0, 1), link(1, 2), link(2, 3))
	if err := g.Approve(chainA, alice, link(3, 4)); !errors.Is(err, ErrStorage) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("no free slots: expected %v because of %v, found %v", ErrStorage, syscall.ENOSPC, err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	approveAll(t, g, link(3, 4), link(4, 5))
}

func TestAReadOnlyDisk(t *testing.T) {
	disk := mountTmpfs(t)
	path := filepath.Join(disk, FileName)
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	g := reopen(t, path)
	if err := g.Admit(alice); err != nil {
		t.Fatal(err)
	}
	approveAll(t, g, link(0, 1))
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	remount := func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	g = reopen(t, path)
	if err := g.Approve(chainA, alice, link(1, 2)); !errors.Is(err, ErrStorage) || !errors.Is(err, syscall.EROFS) {
		t.Errorf("expected %v because of %v, found %v", ErrStorage, syscall.EROFS, err)
	}
	if content, err := g.Export(chainA, nil, false); err != nil || !strings.Contains(string(content), alice.String()) {
		t.Errorf("expected an export from a read-only disk, found %s, %v", content, err)
	}
	remount(0)
	approveAll(t, g, link(1, 2))
}

// mountTmpfs makes a small disk, if the test may.
func mountTmpfs(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mount a disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// fill writes to a file until the disk is full.
func fill(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		if _, err := file.Write(make([]byte, 4096)); err != nil {
			return err
		}
	}
}

package guard

import (
	"os"

	"golang.org/x/sys/unix"
)

// born returns when the file system made a file, 0 if it doesn't say.
func born(f *os.File) uint64 {
	var found unix.Statx_t
	err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &found) //nolint:gosec // a file descriptor is small
	if err != nil || found.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return uint64(found.Btime.Sec)*1e9 + uint64(found.Btime.Nsec) //nolint:gosec // after 1970
}

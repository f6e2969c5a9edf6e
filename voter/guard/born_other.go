//go:build !linux

package guard

import "os"

// born returns 0: the inode has to do.
func born(*os.File) uint64 { return 0 }

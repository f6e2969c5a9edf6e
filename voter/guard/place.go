package guard

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"syscall"
)

// place tells a lock file from a copy of it. The lock file of a journal is never replaced, so a home whose lock file is another one than
// when its keys could vote last is a copy, and the original may vote. A copy of a whole disk has the same place: nothing here finds it.
type place struct {
	inode uint64 // the number that the file system gave the file
	born  uint64 // when it made the file, in nanoseconds since 1970; 0 if it doesn't say
}

// maxPlace bounds the content of a lock file in bytes.
const maxPlace = 256

const placeFormat = "inode=%d born=%d end\n"

func (p place) String() string { return fmt.Sprintf("file %d, made at %d ns", p.inode, p.born) }

// differs reports whether another place is certainly another file.
func (p place) differs(from place) bool {
	return p.inode != from.inode || p.born != 0 && from.born != 0 && p.born != from.born
}

// placeOf returns where a file is.
func placeOf(f *os.File) (place, error) {
	stat, err := f.Stat()
	if err != nil {
		return place{}, err
	}
	system, ok := stat.Sys().(*syscall.Stat_t)
	if !ok {
		return place{}, fmt.Errorf("expected the number of %s, found %T", f.Name(), stat.Sys())
	}
	return place{inode: system.Ino, born: born(f)}, nil
}

// recordedPlace returns what record wrote. A lock file that nobody voted with is empty, and a crash may have left a part.
func recordedPlace(f *os.File) (found place, recorded bool, err error) {
	content, err := io.ReadAll(io.NewSectionReader(f, 0, maxPlace))
	if err != nil {
		return place{}, false, err
	}
	if _, err := fmt.Sscanf(string(content), placeFormat, &found.inode, &found.born); err != nil {
		return place{}, false, nil
	}
	return found, bytes.HasSuffix(content, []byte("end\n")), nil
}

// checkPlace returns ErrCopied if the lock file is a copy.
func checkPlace(f *os.File) error {
	before, recorded, err := recordedPlace(f)
	if err != nil || !recorded {
		return err
	}
	now, err := placeOf(f)
	if err != nil {
		return err
	}
	if now.differs(before) {
		return fmt.Errorf("%w: expected %s to be %s, found %s: the home was copied or restored, and the original may vote: if it can't, and nothing was signed since the copy was made, run 'voter guard adopt --%s'",
			ErrCopied, f.Name(), before, now, NoOtherMachineFlag)
	}
	return nil
}

// recordPlace writes where the lock file is, unless it says so already.
func recordPlace(f *os.File) error {
	now, err := placeOf(f)
	if err != nil {
		return err
	}
	if before, recorded, err := recordedPlace(f); err != nil || recorded && before == now {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	if _, err := f.WriteAt(fmt.Appendf(nil, placeFormat, now.inode, now.born), 0); err != nil {
		return err
	}
	return f.Sync()
}

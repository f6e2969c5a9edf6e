package keys

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// systemd, Docker and Kubernetes hand secrets over in files that nobody may write, often behind links. 0440 is also the mode of a
// credential of systemd 252 that a service of another user reads through an access list.
func TestAFileThatNobodyMayWriteIsPrivateEnough(t *testing.T) {
	for mode, want := range map[os.FileMode]error{
		0o600: nil, 0o400: nil, 0o700: nil, 0o440: nil, 0o444: nil, 0o404: nil, 0o640: ErrMode, 0o644: ErrMode, 0o604: ErrMode, 0o460: ErrMode, 0o446: ErrMode, 0o666: ErrMode,
	} {
		folder := t.TempDir() // as a volume of Kubernetes has it: password → ..data/password, ..data → ..1
		path, inside := filepath.Join(folder, "password"), filepath.Join(folder, "..1")
		err := errors.Join(os.Mkdir(inside, 0o700), os.WriteFile(filepath.Join(inside, "password"), []byte("correct horse"), 0o600),
			os.Chmod(filepath.Join(inside, "password"), mode), os.Symlink("..1", filepath.Join(folder, "..data")), os.Symlink("..data/password", path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := FindPassword(path, nil)(); !errors.Is(err, want) {
			t.Errorf("mode %#o: expected %v, found %v", mode, want, err)
		}
	}
}

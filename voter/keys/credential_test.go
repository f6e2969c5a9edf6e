package keys

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// systemd 252 gives a service of another user a file that root owns, with an access list. The mode of such a file is 0440.
func TestACredentialOfSystemdIsPrivate(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "password")
	write := func(mode os.FileMode) {
		t.Helper()
		os.Remove(path)
		if err := os.WriteFile(path, []byte("correct horse"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		mode   os.FileMode
		folder string // of the credentials
		want   error
	}{
		{0o440, folder, nil},
		{0o440, folder + "/", nil},
		{0o444, folder, ErrMode},
		{0o440, filepath.Dir(folder), ErrMode},
		{0o440, "", ErrMode},
	} {
		write(tc.mode)
		t.Setenv("CREDENTIALS_DIRECTORY", tc.folder)
		if _, err := FindPassword(path, nil)(); !errors.Is(err, tc.want) {
			t.Errorf("mode %#o, credentials in %q: expected %v, found %v", tc.mode, tc.folder, tc.want, err)
		}
	}
}

package move

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMoveFilesAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for size, says := range map[int]string{maxFile: "format: expected", maxFile + 1: "expected at most 83886080 bytes, found more"} {
		content := append([]byte("{}"), bytes.Repeat([]byte(" "), size-2)...)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(path); !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), says) {
			t.Errorf("%d bytes, read: expected %v with %q, found %v", size, ErrFile, says, err)
		}
		if _, err := decode(content); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%d bytes, before they are written: expected %q, found %v", size, says, err)
		}
	}
}

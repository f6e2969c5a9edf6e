package repo

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var sourceFile = regexp.MustCompile("`([a-z0-9_/]+/[a-z0-9_]+\\.[a-z]+)`")

func TestTheFilesThatTheArchitectureNamesExist(t *testing.T) {
	const document = "docs/architecture.md"
	named := sourceFile.FindAllStringSubmatch(read(t, document), -1)
	if len(named) < 15 {
		t.Fatalf("expected %s to name at least 15 files, found %d", document, len(named))
	}
	for _, match := range named {
		if match[1] == "types/expected.go" { // of each module
			continue
		}
		if _, err := os.Stat(filepath.Join(root, match[1])); err != nil {
			t.Errorf("%s names %s: %v", document, match[1], err)
		}
	}
}

package history_test

import (
	"os/exec"
	"strings"
	"testing"
)

// history imports only transparency-dev/merkle and the standard library (docs/architecture.md), so that
// certificates and the light client can import it.
func TestDependsOnMerkleOnly(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatalf("list the dependencies: %v", err)
	}
	const self, merkle = "github.com/dualchain/dualchain/core/history", "github.com/transparency-dev/merkle"
	found := strings.Fields(string(out))
	if len(found) < 2 {
		t.Fatalf("expected at least this package and %s, found %v", merkle, found)
	}
	for _, path := range found {
		if path != self && path != merkle && !strings.HasPrefix(path, merkle+"/") {
			t.Errorf("forbidden import: %s", path)
		}
	}
}

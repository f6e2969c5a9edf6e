package bls_test

import (
	"os/exec"
	"strings"
	"testing"
)

// bls imports only blst and the standard library (docs/architecture.md), so that every other package, the
// light client included, can import it.
func TestDependsOnBlstOnly(t *testing.T) {
	allowed := []string{"github.com/dualchain/dualchain/core/bls", "github.com/supranational/blst/bindings/go"}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatalf("list the dependencies: %v", err)
	}
	found := strings.Fields(string(out))
	if len(found) != len(allowed) {
		t.Errorf("expected %v, found %v", allowed, found)
	}
	for _, path := range found {
		if path != allowed[0] && path != allowed[1] {
			t.Errorf("forbidden import: %s", path)
		}
	}
}

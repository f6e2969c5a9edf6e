package light_test

import (
	"os/exec"
	"strings"
	"testing"
)

// An IBC client and a wallet import this package: it must bring neither a network nor files along, nor the layers that it verifies.
func TestDependsOnCertificatesAlone(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("list the imports: %v\n%s", err, out)
	}
	found := strings.Fields(string(out))
	if len(found) < 5 {
		t.Fatalf("expected at least 5 imports, found %v", found)
	}
	for _, path := range found {
		switch {
		case path == "os", path == "net", strings.HasPrefix(path, "net/"):
			t.Errorf("forbidden import: %s", path)
		case path == "github.com/dualchain/dualchain/core/cert", path == "github.com/dualchain/dualchain/core/ffg":
		case strings.Contains(path, "."):
			t.Errorf("forbidden import: %s", path)
		}
	}
}

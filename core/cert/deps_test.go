package cert_test

import (
	"os/exec"
	"strings"
	"testing"
)

// A verifier needs neither the Cosmos SDK nor CometBFT (protocol §13). ICS-23 brings gogoproto, protobuf and hash
// functions along, nothing that knows a chain.
func TestDependsOnNoChain(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatalf("list the dependencies: %v", err)
	}
	allowed := []string{
		"github.com/dualchain/dualchain/core/cert", "github.com/dualchain/dualchain/core/ffg", "github.com/dualchain/dualchain/core/bls",
		"github.com/dualchain/dualchain/core/history", "github.com/supranational/blst/", "github.com/transparency-dev/merkle",
		"github.com/cosmos/ics23/go", "github.com/cosmos/gogoproto/proto", "github.com/google/go-cmp/",
		"google.golang.org/protobuf/", "golang.org/x/crypto/", "golang.org/x/sys/cpu",
	}
	found := strings.Fields(string(out))
	if len(found) < len(allowed) {
		t.Fatalf("expected at least %d packages, found %v", len(allowed), found)
	}
	for _, path := range found {
		if !allows(allowed, path) {
			t.Errorf("forbidden import: %s", path)
		}
	}
}

func allows(allowed []string, path string) bool {
	for _, prefix := range allowed {
		if path == prefix || strings.HasPrefix(path, strings.TrimSuffix(prefix, "/")+"/") && !strings.Contains(path, "/dualchain/cert/") {
			return true
		}
	}
	return false
}

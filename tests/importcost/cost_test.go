package importcost

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// modules are all that a verifier may cost its importer, beside core itself.
var modules = []string{
	"github.com/cosmos/gogoproto",        // ICS-23's messages
	"github.com/cosmos/ics23/go",         // proofs of state
	"github.com/google/go-cmp",           // gogoproto
	"github.com/supranational/blst",      // BLS12-381
	"github.com/transparency-dev/merkle", // RFC 6962
	"golang.org/x/crypto",                // ICS-23's hash functions
	"golang.org/x/sys",                   // x/crypto
	"google.golang.org/protobuf",         // gogoproto, and transactions' results
}

func TestTheVerifierBringsEightModulesAlong(t *testing.T) {
	const core = "github.com/dualchain/dualchain/core"
	for _, imported := range []string{core + "/cert", core + "/light", "."} {
		out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", imported).CombinedOutput()
		if err != nil {
			t.Fatalf("list the dependencies of %s: %v\n%s", imported, err, out)
		}
		found := strings.Fields(string(out))
		slices.Sort(found)
		found = slices.DeleteFunc(slices.Compact(found), func(path string) bool { return path == core })
		if !slices.Equal(found, modules) {
			t.Errorf("%s: expected exactly the modules %v beside core, found %v", imported, modules, found)
		}
	}
}

// A module that core requires for its tests, or for nothing, would be in every importer's module graph.
func TestCoreRequiresNoMore(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Path}}", "all").CombinedOutput()
	if err != nil {
		t.Fatalf("list the modules: %v\n%s", err, out)
	}
	for _, path := range strings.Fields(string(out)) {
		for _, heavy := range []string{"github.com/cosmos/cosmos-sdk", "github.com/cometbft/", "cosmossdk.io/"} {
			if strings.HasPrefix(path, heavy) {
				t.Errorf("core requires %s", path)
			}
		}
	}
}

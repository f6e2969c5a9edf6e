package daemon_test

import (
	"os/exec"
	"strings"
	"testing"
)

// A light client that linked the software of the layers that it verifies would inherit their mistakes.
func TestImportsNeitherLayer(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".", "../provider", "../store").CombinedOutput()
	if err != nil {
		t.Fatalf("list the dependencies: %v\n%s", err, out)
	}
	for _, dep := range strings.Fields(string(out)) {
		for _, forbidden := range []string{"github.com/cosmos/cosmos-sdk", "github.com/cometbft", "cosmossdk.io", "github.com/dualchain/dualchain/x/", "github.com/dualchain/dualchain/app"} {
			if strings.HasPrefix(dep, forbidden) {
				t.Errorf("light depends on %s", dep)
			}
		}
	}
}

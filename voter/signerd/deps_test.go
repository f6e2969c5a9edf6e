package signerd

import (
	"os/exec"
	"strings"
	"testing"
)

// A signer depends on neither the SDK nor CometBFT, though its program does.
func TestASignerDependsOnLittle(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range strings.Fields(string(out)) {
		for _, foreign := range []string{"github.com/cosmos/cosmos-sdk", "cosmossdk.io/", "github.com/cometbft/", "github.com/cosmos/gogoproto"} {
			if strings.HasPrefix(dep, foreign) {
				t.Errorf("the signer depends on %s", dep)
			}
		}
	}
}

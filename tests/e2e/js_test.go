package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/dualchain/dualchain/localnet"
	"github.com/dualchain/dualchain/tests/e2e/harness"
)

// javaScript builds clients/js, and returns its folder.
func javaScript(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("../../clients/js")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"ci", "--no-audit", "--no-fund"}, {"run", "build"}} {
		cmd := exec.CommandContext(t.Context(), "npm", command...)
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm %v, which takes Node 20 or later: %v\n%s", command, err, out)
		}
	}
	return folder
}

func TestJavaScriptWaitsForTheFinalityOfATransaction(t *testing.T) {
	folder := javaScript(t)
	n := harness.Start(t, bin, "--validators", "1", "--voters", "3", "--interval", "2", "--set-period", "2", "--block-time", "400ms", "--unbonding-time", "1h")
	node, process := n.Node("validator-0"), n.Process("validator-0")
	// Power changes on the way, so that there are hand-overs between the trusted checkpoint and the transaction.
	n.Tx(node, "bob", "finality", "delegate", n.Process("voter-0").Operator, "3000000udual")
	node.AwaitFinalized(node.MustHeads().Head.Epoch+6, time.Minute)
	trust := trustIn(t, node, 0)

	for name, tc := range map[string]struct {
		amount string
		code   int
	}{"one that succeeds": {"1000", 0}, "one that fails": {"999999999999999", 5}} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, "node", "dist/examples/wait-finality.js", process.RPC, process.REST, n.Status().ChainID, trust, "3600", n.Address("bob"), tc.amount)
		cmd.Dir, cmd.Env = folder, append(os.Environ(), "MNEMONIC="+localnet.Mnemonic(localnet.Alice))
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		out, err := cmd.Output()
		cancel()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, complaints.String())
		}
		var outcome struct {
			Hash   string
			Height uint64 `json:",string"`
			Code   int
		}
		if err := json.Unmarshal(out, &outcome); err != nil || outcome.Code != tc.code {
			t.Errorf("%s: expected code %d, found %s, %v", name, tc.code, out, err)
		}
		if final := node.MustHeads().Finalized.Height; outcome.Height == 0 || outcome.Height > final {
			t.Errorf("%s: expected a block up to %d, which is final, found %d", name, final, outcome.Height)
		}
	}
}

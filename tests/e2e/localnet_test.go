package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/localnet"
	"github.com/dualchain/dualchain/tests/e2e/harness"
)

// A newcomer sees a banner and progress in a terminal. After Ctrl-C, nothing is left running.
func TestLocalnetInTheForegroundEndsEverythingOnCtrlC(t *testing.T) {
	t.Parallel()
	n := harness.New(t, bin)
	foreground := n.Spawn("foreground", "localnet", "start", "--home", n.Home, "--random-ports",
		"--validators", "2", "--voters", "2", "--interval", "2", "--block-time", "500ms")
	n.Await("a line with a finalized checkpoint", time.Minute, func(context.Context) (bool, error) {
		return strings.Contains(foreground.Printed(), "finalized 1 ("), nil
	})
	for _, want := range []string{"RPC ", "REST ", "gRPC ", "OpenAPI ", "alice ", localnet.Mnemonic(localnet.Alice), localnet.Mnemonic(localnet.Bob), "localnet faucet"} {
		if !strings.Contains(foreground.Printed(), want) {
			t.Errorf("expected %q in what is printed, found %s", want, foreground.Printed())
		}
	}

	if _, err := n.Command(t.Context(), "localnet", "start", "--home", n.Home); err == nil || !strings.Contains(err.Error(), "running already") {
		t.Errorf("expected a second start to be refused, found %v", err)
	}
	if _, err := n.Command(t.Context(), "localnet", "start", "--home", n.Home, "--voters", "5"); err == nil || !strings.Contains(err.Error(), "voters: asked for 5, found 2") {
		t.Errorf("expected another shape to be refused, found %v", err)
	}

	before := n.Status()
	n.Localnet("kill", "voter-1")
	if state := n.Process("voter-1").State; state != localnet.Stopped {
		t.Errorf("expected voter-1 stopped, found %s", state)
	}
	n.Await("the line to name who is down", 10*time.Second, func(context.Context) (bool, error) {
		return strings.Contains(foreground.Printed(), "voter-1 stopped"), nil
	})
	if err := foreground.Interrupt(time.Minute); err != nil {
		t.Errorf("expected a clean end, found %v", err)
	}
	for _, p := range n.Status().Processes {
		if p.State != localnet.Stopped {
			t.Errorf("%s is %s after Ctrl-C", p.Name, p.State)
		}
	}

	// The chain continues where it stopped.
	n.Run("localnet", "start", "--detach", "--home", n.Home)
	n.Node("validator-1").AwaitFinalized(before.Heads.Finalized.Epoch+2, time.Minute)
	n.Localnet("faucet", n.Address("bob"), "5udual")
	n.Localnet("stop")
	n.Localnet("reset")
	if _, err := localnet.Open(n.Home); err == nil {
		t.Error("expected nothing after reset")
	}
}

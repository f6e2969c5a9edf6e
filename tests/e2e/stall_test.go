package e2e

import (
	"testing"
	"time"

	checkpointapi "github.com/dualchain/dualchain/api/dualchain/checkpoint/v1"
	"github.com/dualchain/dualchain/tests/e2e/harness"
)

// The powers are 33, 33 and 34 of 100: 67 is a quorum, 66 is not. The era is long, so nobody is jailed for absence.
func TestFinalityStallsWithoutAThirdAndCatchesUpByItself(t *testing.T) {
	t.Parallel()
	n := harness.Start(t, bin, "--validators", "1", "--voters", "3", "--voter-power", "33,33,34",
		"--interval", "2", "--block-time", "500ms", "--era-length", "10000")
	node := n.Node("validator-0")
	node.AwaitFinalized(2, time.Minute)

	// If just under a third stops, nothing changes.
	n.Localnet("kill", "voter-0")
	finalized := node.MustHeads().Finalized.Epoch
	node.AwaitFinalized(finalized+4, time.Minute)
	n.Localnet("restart", "voter-0")
	node.AwaitFinalized(node.MustHeads().Head.Epoch, time.Minute)

	// If just over a third stops, blocks continue and both heads stay. Votes that were on their way may still arrive.
	n.Localnet("kill", "voter-2")
	await := func(epochs uint64) *checkpointapi.QueryStatusResponse {
		t.Helper()
		from := node.MustHeads()
		node.AwaitHeads("blocks without finality", time.Minute, func(h *checkpointapi.QueryStatusResponse) bool {
			return h.Head.Epoch >= from.Head.Epoch+epochs
		})
		return node.MustHeads()
	}
	stalled := await(2)
	epochs := uint64(20)
	if testing.Short() {
		epochs = 5
	}
	later := await(epochs)
	if later.Justified.Epoch != stalled.Justified.Epoch || later.Finalized.Epoch != stalled.Finalized.Epoch {
		t.Fatalf("a head moved without a quorum: %v, then %v", stalled, later)
	}
	if later.Finalized.Lag.Epochs < epochs {
		t.Fatalf("expected the lag to be reported, found %v", later.Finalized.Lag)
	}

	// After a restart, finality resumes without a manual step.
	n.Localnet("restart", "voter-2")
	node.AwaitFinalized(later.Head.Epoch+1, time.Minute)
}

package e2e

import (
	"testing"
	"time"

	"github.com/dualchain/dualchain/tests/e2e/harness"
)

// This is the main case: the network that `make localnet` starts for a newcomer.
func TestCheckpointsAreFinalWithinAMinuteAndStayClose(t *testing.T) {
	const interval = 5
	started := time.Now()
	n := harness.Start(t, bin)
	node := n.Node("validator-0")
	node.AwaitFinalized(1, time.Minute-time.Since(started))

	checkpoints := uint64(8)
	if testing.Short() {
		checkpoints = 4
	}
	first := node.MustHeads()
	node.AwaitFinalized(first.Finalized.Epoch+checkpoints, time.Duration(checkpoints+2)*interval*3*time.Second)
	head := int64(node.MustHeads().Height)
	for height, final := range node.FinalizedHeights(1, head) {
		if height < int64(first.Height) {
			continue // before the first final checkpoint
		}
		if lag := height - final; lag > 2*interval+2 {
			t.Errorf("block %d: finality is %d blocks behind, expected at most %d", height, lag, 2*interval+2)
		}
	}
}

// Interval 1 gives the fastest finality: the next block has the votes for a block, and the votes for that block finalize it.
func TestAtIntervalOneFinalityIsTwoBlocksBehind(t *testing.T) {
	n := harness.Start(t, bin, "--interval", "1")
	node := n.Node("validator-0")
	node.AwaitFinalized(3, time.Minute)

	blocks := int64(100)
	if testing.Short() {
		blocks = 30
	}
	from := int64(node.MustHeads().Height)
	to := from + blocks - 1
	node.AwaitHeight(uint64(to), time.Duration(blocks)*3*time.Second)
	exact := 0
	heights := node.FinalizedHeights(1, to)
	for height := from; height <= to; height++ {
		switch lag := height - heights[height]; {
		case lag == 2:
			exact++
		case lag < 2:
			t.Errorf("block %d: block %d is final before anybody can have voted for it", height, heights[height])
		default:
			t.Logf("block %d: finality is %d blocks behind", height, lag)
		}
	}
	if exact*100 < int(blocks)*95 {
		t.Errorf("finality is exactly two blocks behind for %d of %d heads, expected 95 %%", exact, blocks)
	}
}

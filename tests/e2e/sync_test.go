package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	checkpointapi "github.com/dualchain/dualchain/api/dualchain/checkpoint/v1"
	"github.com/dualchain/dualchain/tests/e2e/harness"
)

// Every process has its own map seeds. These nodes also execute blocks in another way and use another mempool.
func TestNodesThatSyncFromGenesisReachTheSameState(t *testing.T) {
	t.Parallel()
	n := harness.Start(t, bin, "--validators", "2", "--interval", "2", "--block-time", "500ms", "--set-period", "1")
	first := n.Node("validator-0")
	first.AwaitFinalized(2, time.Minute)
	// The blocks contain transfers and changes of the voter sets.
	n.Tx(first, "alice", "bank", "send", n.Address("alice"), n.Address("bob"), "1000000udual")
	n.Tx(first, "bob", "finality", "delegate", n.Address("voter-1"), "7000000udual")
	n.Tx(first, "bob", "finality", "undelegate", n.Address("voter-1"), "3000000udual")

	n.Localnet("add-node", "--block-executor", "block-stm", "--mempool-max-txs", "0")
	n.Localnet("add-node", "--mempool-max-txs", "1000")
	nodes := []*harness.Node{first, n.Node("validator-1"), n.Node("node-0"), n.Node("node-1")}

	height := first.MustHeads().Height + 5
	finalized := first.MustHeads().Finalized.Epoch + 3
	for _, node := range nodes {
		node.AwaitHeight(height+1, time.Minute) // the header after a block has its app hash
		node.AwaitFinalized(finalized, time.Minute)
	}
	appHash := func(node *harness.Node) string {
		next := int64(height) + 1
		block, err := node.RPC.Block(t.Context(), &next)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(block.Block.AppHash)
	}
	// Compare the node's own results, not the others' headers.
	status := func(node *harness.Node) string {
		answer, err := node.Checkpoints.Status(harness.At(t.Context(), int64(height)), &checkpointapi.QueryStatusRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Finalized.String() + answer.Justified.String()
	}
	for _, node := range nodes[1:] {
		if want, got := appHash(first), appHash(node); got != want {
			t.Errorf("%s: expected app hash %s after block %d, found %s", node.Name, want, height, got)
		}
		if want, got := status(first), status(node); got != want {
			t.Errorf("%s: expected heads %s after block %d, found %s", node.Name, want, height, got)
		}
		compare(t, first.Roots(finalized), node.Roots(finalized), node.Name)
	}
	// A node on a fork would fall behind.
	n.Await("all nodes to go on", time.Minute, func(ctx context.Context) (bool, error) {
		for _, node := range nodes {
			heads, err := node.Heads(ctx)
			if err != nil || heads.Height < height+6 {
				return false, err
			}
		}
		return true, nil
	})
}

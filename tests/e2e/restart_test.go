package e2e

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	cmtcrypto "github.com/cometbft/cometbft/crypto/ed25519"

	"github.com/dualchain/dualchain/localnet"
	"github.com/dualchain/dualchain/tests/e2e/harness"
)

func TestRestartsAndKillsLoseNoFinalizedCheckpoint(t *testing.T) {
	t.Parallel()
	n := harness.Start(t, bin, "--interval", "2", "--block-time", "500ms", "--era-length", "10000")
	nodes := validators(n)
	nodes[0].AwaitFinalized(3, time.Minute)
	before := nodes[0].MustHeads().Finalized.Epoch
	roots := nodes[0].Roots(before)

	// All at once.
	n.Localnet("stop")
	n.Run("localnet", "start", "--detach", "--home", n.Home)
	nodes = validators(n)
	for _, node := range nodes {
		node.AwaitFinalized(before+3, time.Minute)
		compare(t, roots, node.Roots(before), node.Name)
	}

	// A proposer is killed, as by a power cut. The voter that follows it can't vote; the other three continue.
	proposer := proposerOf(n, nodes[0])
	n.Localnet("kill", proposer.Name)
	survivor := nodes[0]
	if proposer.Name == survivor.Name {
		survivor = nodes[1]
	}
	killed := survivor.MustHeads().Finalized.Epoch
	survivor.AwaitFinalized(killed+3, 2*time.Minute)
	n.Localnet("restart", proposer.Name)
	after := survivor.MustHeads().Finalized.Epoch + 2
	for _, node := range nodes {
		node.AwaitFinalized(after, time.Minute)
	}
	final := survivor.Roots(after)
	compare(t, roots, final, survivor.Name)
	for _, node := range nodes {
		compare(t, final, node.Roots(after), node.Name)
	}
}

// validators connects to all validators.
func validators(n *harness.Net) []*harness.Node {
	n.Helper()
	var nodes []*harness.Node
	for _, p := range n.Status().Processes {
		if p.Kind == localnet.KindValidator {
			nodes = append(nodes, n.Node(p.Name))
		}
	}
	return nodes
}

// compare fails for every epoch of want whose root differs or is missing on another node.
func compare(t *testing.T, want, got map[uint64]string, node string) {
	t.Helper()
	for epoch, root := range want {
		if got[epoch] != root {
			t.Errorf("epoch %d: expected %s to have the finalized root %s, found %q", epoch, node, root, got[epoch])
		}
	}
}

// proposerOf finds the proposer of the latest block.
func proposerOf(n *harness.Net, node *harness.Node) localnet.ProcessStatus {
	n.Helper()
	block, err := node.RPC.Block(n.Context(), nil)
	if err != nil {
		n.Fatal(err)
	}
	for _, p := range n.Status().Processes {
		if p.Kind != localnet.KindValidator {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(p.PubKey)
		if err != nil {
			n.Fatal(err)
		}
		if strings.EqualFold(fmt.Sprint(cmtcrypto.PubKey(key).Address()), fmt.Sprint(block.Block.ProposerAddress)) {
			return p
		}
	}
	n.Fatalf("no validator has address %s", block.Block.ProposerAddress)
	return localnet.ProcessStatus{}
}

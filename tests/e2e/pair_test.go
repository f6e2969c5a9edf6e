package e2e

import (
	"testing"
	"time"

	"github.com/dualchain/dualchain/tests/e2e/harness"
)

// This is high availability: two voters on two machines with one signer. If either is killed, the other continues, and a
// vote that both request is signed once.
func TestTwoClientsOfOneSignerKilledInTurnsVoteAsOne(t *testing.T) {
	t.Parallel()
	kills := 20
	if testing.Short() {
		kills = 6
	}
	const down = 3 // epochs
	n := harness.Start(t, bin, fastChain...)
	node := n.Node("validator-0")
	node.AwaitFinalized(2, time.Minute)
	voter := n.Process("voter-3")
	n.Localnet("kill", voter.Name)
	signer := n.Signer(voter.Home, "first", "second")
	var clients []*harness.Process
	for _, name := range []string{"first", "second"} {
		client := n.Spawn(name, "voter", "start", "--home", signer.Client(name))
		client.Says("voted", "took")
		clients = append(clients, client)
	}

	from := node.MustHeads().Head.Epoch
	for kill := range kills {
		victim := clients[kill%2]
		victim.Kill()
		head := node.MustHeads().Head.Epoch
		node.AwaitFinalized(head+down, time.Minute)
		victim.Start()
		victim.Says("voted", "took")
	}
	to := node.MustHeads().Head.Epoch

	everythingIsFinal(n, node, from, to)
	noEquivocation(n, node)
	missed := 0
	for epoch := from; epoch <= to; epoch++ {
		if _, signed, err := place(t.Context(), node, epoch, voter.PubKey); err != nil {
			t.Fatal(err)
		} else if !signed {
			t.Logf("epoch %d: no vote", epoch)
			missed++
		}
	}
	epochs := int(to - from + 1)
	t.Logf("%d kills, %d of %d epochs missed", kills, missed, epochs)
	if missed > kills || missed*20 > epochs {
		t.Errorf("expected at most one epoch missed a kill and 5 %% of %d in all, found %d after %d kills", epochs, missed, kills)
	}
}

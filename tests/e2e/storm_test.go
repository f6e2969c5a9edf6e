package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/localnet"
	"github.com/dualchain/dualchain/tests/e2e/harness"
)

// stormSeed makes a storm's random choices repeatable. The timing between them is not.
const stormSeed = 3

// This test provokes equivocation: the voter is killed 200 times, half of them within milliseconds of signing, while its node
// gives it contradictory duties. The other three of four equal voters hold a quorum without it.
func TestAStormOfKillsLeadsToNoEquivocation(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*harness.Net, localnet.ProcessStatus, *harness.TwoFaced) []*harness.Process{
		"a voter with its own keys":    withKeys,
		"a signer and its two clients": withSigner,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kills := 200
			if testing.Short() {
				kills = 20
			}
			n := harness.Start(t, bin, fastChain...)
			node := n.Node("validator-0")
			node.AwaitFinalized(2, time.Minute)
			voter := n.Process("voter-3")
			n.Localnet("kill", voter.Name)
			faces := n.TwoFaced("validator-0", stormSeed)
			victims := start(n, voter, faces)
			faces.AwaitVote()

			from := node.MustHeads().Head.Epoch
			faces.Lie(true)
			storm(t, kills, faces, victims)
			faces.Lie(false)
			to := node.MustHeads().Head.Epoch

			provoked(t, faces, kills)
			everythingIsFinal(n, node, from, to)
			noEquivocation(n, node)
			awaitSignedAfter(n, node, to, voter.PubKey)
		})
	}
}

func withKeys(n *harness.Net, voter localnet.ProcessStatus, faces *harness.TwoFaced) []*harness.Process {
	return []*harness.Process{n.Spawn("client", "voter", "start", "--home", voter.Home, "--grpc", faces.Address)}
}

func withSigner(n *harness.Net, voter localnet.ProcessStatus, faces *harness.TwoFaced) []*harness.Process {
	signer := n.Signer(voter.Home, "first", "second")
	victims := []*harness.Process{signer.Process}
	for _, name := range []string{"first", "second"} {
		victims = append(victims, n.Spawn(name, "voter", "start", "--home", signer.Client(name), "--grpc", faces.Address))
	}
	return victims
}

// fastChain has a checkpoint in every block and jails nobody for absence.
var fastChain = []string{"--validators", "1", "--voters", "4", "--interval", "1", "--block-time", "500ms", "--era-length", "10000"}

// storm kills random processes and restarts each at once. Every second kill comes at a random moment, after a sleep. The
// others come around the moment at which a client records, signs and sends a vote.
func storm(t *testing.T, kills int, faces *harness.TwoFaced, victims []*harness.Process) {
	t.Helper()
	started := time.Now()
	random := rand.New(rand.NewPCG(stormSeed, 1))
	upTo := func(most time.Duration) time.Duration { return time.Duration(random.Int64N(int64(most))) }
	for kill := range kills {
		if kill%2 == 0 {
			time.Sleep(upTo(1500 * time.Millisecond))
		} else {
			faces.AwaitVote() // after every kill, they vote again
			faces.AwaitDuty()
			time.Sleep(upTo(15 * time.Millisecond))
		}
		victim := victims[random.IntN(len(victims))]
		victim.Kill()
		victim.Start()
	}
	t.Logf("%d kills in %s, seed %d", kills, time.Since(started).Round(time.Second), stormSeed)
}

// provoked fails unless the clients had reasons to equivocate, voted, and did not equivocate.
func provoked(t *testing.T, faces *harness.TwoFaced, kills int) {
	t.Helper()
	votes, bait := faces.Votes()
	t.Logf("%d votes let go, %d duties told that conflict with one of them", len(votes), bait)
	if len(votes) < kills/10 || bait < kills/10 {
		t.Errorf("expected at least %d votes and conflicting duties, found %d and %d", kills/10, len(votes), bait)
	}
	for i, vote := range votes {
		for _, before := range votes[:i] {
			if err := ffg.Slashable(before, vote); err != nil {
				t.Errorf("the clients signed both: %v", err)
			}
		}
	}
}

// noEquivocation fails if the chain has evidence of equivocation.
func noEquivocation(n *harness.Net, node *harness.Node) {
	n.Helper()
	evidence, err := node.Finality.AllEvidence(n.Context(), &finalityapi.QueryAllEvidenceRequest{})
	if err != nil {
		n.Fatal(err)
	}
	if len(evidence.Records) > 0 {
		n.Errorf("expected no evidence, found %v", evidence.Records)
	}
	voters, err := node.Finality.Voters(n.Context(), &finalityapi.QueryVotersRequest{})
	if err != nil {
		n.Fatal(err)
	}
	for _, voter := range voters.Voters {
		if voter.Tombstoned {
			n.Errorf("expected no tombstone, found voter %d with one", voter.Index)
		}
	}
}

// everythingIsFinal fails if any epoch missed its quorum or is not final in time.
func everythingIsFinal(n *harness.Net, node *harness.Node, from, to uint64) {
	n.Helper()
	node.AwaitFinalized(to, time.Minute)
	for epoch := from; epoch <= to; epoch++ {
		votes, err := node.Finality.Votes(n.Context(), &finalityapi.QueryVotesRequest{Epoch: fmt.Sprint(epoch), AggregateOnly: true})
		if err != nil {
			n.Fatal(err)
		}
		if !votes.Justified {
			n.Errorf("epoch %d: expected a quorum, found %s of %s", epoch, votes.CurrentSigned, votes.CurrentTotal)
		}
	}
	n.Logf("epochs %d to %d are final", from, to)
}

// awaitSignedAfter waits until a key has signed an epoch after this one.
func awaitSignedAfter(n *harness.Net, node *harness.Node, epoch uint64, key string) {
	n.Helper()
	n.Await("a vote of the killed voter", time.Minute, func(ctx context.Context) (bool, error) {
		heads, err := node.Heads(ctx)
		for later := epoch + 1; err == nil && later <= heads.Head.Epoch; later++ {
			var signed bool
			if _, signed, err = place(ctx, node, later, key); signed {
				return true, nil
			}
		}
		return false, err
	})
}

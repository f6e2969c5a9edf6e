package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	checkpointapi "github.com/dualchain/dualchain/api/dualchain/checkpoint/v1"
	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
	"github.com/dualchain/dualchain/tests/e2e/harness"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

func TestAVoterJoinsChangesPowerLeavesAndIsPaid(t *testing.T) {
	t.Parallel()
	const unbonding = 10 * time.Second
	n := harness.Start(t, bin, "--validators", "1", "--voters", "3", "--interval", "1", "--set-period", "2",
		"--block-time", "500ms", "--unbonding-time", unbonding.String(), "--era-length", "10000")
	node := n.Node("validator-0")
	node.AwaitFinalized(1, time.Minute)
	operator := n.Address("alice")
	home := filepath.Join(filepath.Dir(n.Home), "newcomer")

	// The voter joins, as anybody can.
	n.Env = []string{"DUALCHAIND_VOTER_PASSWORD=correct horse"}
	n.Run("voter", "keys", "new", "--home", home, "--chain-id", n.Status().ChainID, "--operator", operator, "--kdf", "pbkdf2")
	var proof struct {
		PubKey string `json:"pub_key"`
	}
	pop := n.Run("voter", "keys", "pop", "--home", home)
	if err := json.Unmarshal(pop, &proof); err != nil {
		t.Fatal(err)
	}
	popFile := filepath.Join(home, "pop.json")
	if err := os.WriteFile(popFile, pop, 0o600); err != nil {
		t.Fatal(err)
	}
	// Its client starts first, because opening the key takes longer than a set of this network lasts.
	process := n.Process("validator-0")
	n.Spawn("newcomer", "voter", "start", "--home", home, "--grpc", process.GRPC, "--rpc", process.RPC)
	n.Tx(node, "alice", "finality", "register-voter", popFile, "50000000udual", "--moniker", "newcomer")
	powers := func(what string, ok func(*finalityapi.QueryVoterResponse) bool) {
		t.Helper()
		n.Await(what, time.Minute, func(ctx context.Context) (bool, error) {
			v, err := node.Voter(ctx, operator)
			return err == nil && ok(v), err
		})
	}
	powers("the newcomer in both sides", func(v *finalityapi.QueryVoterResponse) bool { return v.Rear == 50 && v.Current == 50 })
	member := node.MustHeads().Head.Epoch + 1
	awaitSigned(n, node, member, proof.PubKey)

	// Its power changes: an account delegates to it.
	n.Tx(node, "bob", "finality", "delegate", operator, "25000000udual")
	powers("the newcomer with its new power", func(v *finalityapi.QueryVoterResponse) bool { return v.Current == 75 && v.Next == 75 })

	// It leaves with all its stake, and continues to vote while a set contains it.
	n.Tx(node, "bob", "finality", "undelegate", operator, "25000000udual")
	left := n.Tx(node, "alice", "finality", "undelegate", operator, "50000000udual")
	if u := unbondings(t, node, operator); len(u) != 1 || u[0].Unbonding.CompletionTime != nil {
		t.Fatalf("expected one unbonding entry whose clock has not started, found %v", u)
	}
	powers("the newcomer in no set", func(v *finalityapi.QueryVoterResponse) bool { return v.Rear == 0 && v.Current == 0 && v.Next == 0 })
	last := lastMember(t, node, member, proof.PubKey)
	if last.Height <= uint64(left.Height) {
		t.Fatalf("expected the newcomer to stay in a set after block %d, found it last in epoch %d at block %d", left.Height, last.Epoch, last.Height)
	}
	for epoch := member; epoch <= last.Epoch; epoch++ {
		awaitSigned(n, node, epoch, proof.PubKey)
	}

	// It is paid only after that and the unbonding time. The delegator left earlier, while the operator's stake stayed.
	due := map[uint64]time.Time{}
	for _, u := range append(unbondings(t, node, operator), unbondings(t, node, n.Address("bob"))...) {
		if u.Unbonding.CompletionTime == nil {
			t.Fatalf("expected a started clock once no set counts on the voter, found %v", u)
		}
		due[u.Unbonding.Id] = u.Unbonding.CompletionTime.AsTime()
		earliest := time.UnixMilli(int64(last.TimeMs)).Add(unbonding)
		if u.Unbonding.Delegator == operator && due[u.Unbonding.Id].Before(earliest) {
			t.Fatalf("expected payment at %s or later, found %s", earliest, due[u.Unbonding.Id])
		}
	}
	n.Await("payment", time.Minute, func(context.Context) (bool, error) { return len(unbondings(t, node, operator)) == 0, nil })
	paid := 0
	for height := left.Height; height <= int64(node.MustHeads().Height); height++ {
		for _, event := range harness.Find[finalitytypes.EventUnbondingCompleted](n, node.Events(height)) {
			paid++
			block, err := node.RPC.Block(t.Context(), &height)
			if err != nil {
				t.Fatal(err)
			}
			if block.Block.Time.Before(due[event.UnbondingId]) {
				t.Fatalf("entry %d was paid at %s, due at %s", event.UnbondingId, block.Block.Time, due[event.UnbondingId])
			}
		}
	}
	if paid != 2 || len(due) != 2 {
		t.Fatalf("expected two entries paid, found %d of %d", paid, len(due))
	}
	node.AwaitFinalized(node.MustHeads().Head.Epoch+2, time.Minute)
}

// place reports whether a key votes on an epoch, and whether it has voted.
func place(ctx context.Context, node *harness.Node, epoch uint64, key string) (member, signed bool, err error) {
	votes, err := node.Finality.Votes(ctx, &finalityapi.QueryVotesRequest{Epoch: fmt.Sprint(epoch)})
	if err != nil {
		return false, false, err
	}
	for _, v := range votes.Voters {
		if v.PubKey == key {
			return true, v.Signed, nil
		}
	}
	return false, false, nil
}

// awaitSigned waits until a key has signed an epoch; late votes count.
func awaitSigned(n *harness.Net, node *harness.Node, epoch uint64, key string) {
	n.Helper()
	n.Await(fmt.Sprintf("the vote for epoch %d", epoch), 30*time.Second, func(ctx context.Context) (bool, error) {
		_, signed, err := place(ctx, node, epoch, key)
		return signed, err
	})
}

// lastMember returns the last checkpoint that a key votes on, starting from an epoch on which it votes.
func lastMember(t *testing.T, node *harness.Node, from uint64, key string) *checkpointapi.Checkpoint {
	t.Helper()
	last := from
	for epoch := from; epoch <= node.MustHeads().Head.Epoch; epoch++ {
		member, _, err := place(t.Context(), node, epoch, key)
		if err != nil {
			t.Fatal(err)
		}
		if member {
			last = epoch
		}
	}
	answer, err := node.Checkpoints.Checkpoint(t.Context(), &checkpointapi.QueryCheckpointRequest{Id: fmt.Sprint(last)})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Record.Checkpoint
}

func unbondings(t *testing.T, node *harness.Node, account string) []*finalityapi.UnbondingBalance {
	t.Helper()
	answer, err := node.Finality.Unbondings(t.Context(), &finalityapi.QueryUnbondingsRequest{Delegator: account})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Unbondings
}

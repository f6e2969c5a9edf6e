package harness

import (
	"context"
	"fmt"
	"strconv"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	bankapi "cosmossdk.io/api/cosmos/bank/v1beta1"

	checkpointapi "github.com/dualchain/dualchain/api/dualchain/checkpoint/v1"
	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
)

// Node is one validator or full node with the clients of its interfaces.
type Node struct {
	Name        string
	RPC         *rpchttp.HTTP
	Bank        bankapi.QueryClient
	Checkpoints checkpointapi.QueryClient
	Finality    finalityapi.QueryClient

	net *Net
}

// Node connects to a node.
func (n *Net) Node(name string) *Node {
	n.Helper()
	p := n.Process(name)
	rpc, err := rpchttp.New(p.RPC, "/websocket")
	if err != nil {
		n.Fatal(err)
	}
	conn, err := grpc.NewClient(p.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() { conn.Close() })
	return &Node{
		Name: name, RPC: rpc, net: n,
		Bank: bankapi.NewQueryClient(conn), Checkpoints: checkpointapi.NewQueryClient(conn), Finality: finalityapi.NewQueryClient(conn),
	}
}

// At returns a context for queries of the state after a block.
func At(ctx context.Context, height int64) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "x-cosmos-block-height", strconv.FormatInt(height, 10))
}

// Heads returns the three heads.
func (n *Node) Heads(ctx context.Context) (*checkpointapi.QueryStatusResponse, error) {
	return n.Checkpoints.Status(ctx, &checkpointapi.QueryStatusRequest{})
}

// MustHeads fails the test if the node doesn't answer.
func (n *Node) MustHeads() *checkpointapi.QueryStatusResponse {
	n.net.Helper()
	heads, err := n.Heads(n.net.Context())
	if err != nil {
		n.net.Fatal(err)
	}
	return heads
}

// AwaitHeads waits until the heads satisfy a condition.
func (n *Node) AwaitHeads(what string, timeout time.Duration, ok func(*checkpointapi.QueryStatusResponse) bool) {
	n.net.Helper()
	n.net.Await(what, timeout, func(ctx context.Context) (bool, error) {
		heads, err := n.Heads(ctx)
		return err == nil && ok(heads), err
	})
}

// AwaitHeight waits for a block.
func (n *Node) AwaitHeight(height uint64, timeout time.Duration) {
	n.net.Helper()
	n.AwaitHeads(fmt.Sprintf("block %d on %s", height, n.Name), timeout, func(h *checkpointapi.QueryStatusResponse) bool {
		return h.Height >= height
	})
}

// AwaitFinalized waits until an epoch is final.
func (n *Node) AwaitFinalized(epoch uint64, timeout time.Duration) {
	n.net.Helper()
	n.AwaitHeads(fmt.Sprintf("finality of epoch %d on %s", epoch, n.Name), timeout, func(h *checkpointapi.QueryStatusResponse) bool {
		return h.Finalized.GetEpoch() >= epoch
	})
}

// Roots returns the root of every checkpoint up to an epoch, by epoch.
func (n *Node) Roots(through uint64) map[uint64]string {
	n.net.Helper()
	roots := map[uint64]string{}
	for epoch := range through + 1 {
		answer, err := n.Checkpoints.Checkpoint(n.net.Context(), &checkpointapi.QueryCheckpointRequest{Id: fmt.Sprint(epoch)})
		if err != nil {
			n.net.Fatalf("%s: checkpoint %d: %v", n.Name, epoch, err)
		}
		roots[epoch] = answer.Record.Checkpoint.Root
	}
	return roots
}

// Voter returns a voter by any of its names.
func (n *Node) Voter(ctx context.Context, voter string) (*finalityapi.QueryVoterResponse, error) {
	return n.Finality.Voter(ctx, &finalityapi.QueryVoterRequest{Voter: voter})
}

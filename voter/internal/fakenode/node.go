// Package fakenode is a node as a voter client sees it, for tests: a chain with one voter, behind a gRPC server and a
// CometBFT RPC server on loopback. It can be stopped, started again at the same addresses, and made to lie. It can have
// peers: other nodes of the same chain.
package fakenode

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/freeport"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// VoteWindow is the chain's.
const VoteWindow = 4

// Node is a node with its own copy of a chain. Its methods may be called from any goroutine.
type Node struct {
	t        testing.TB
	public   *bls.PublicKey
	grpcAddr string
	rpcAddr  string
	votes    chan ffg.AggregateVote
	network  *network

	mu          sync.Mutex
	chain       chain
	mempool     []ffg.AggregateVote
	seen        map[string]bool // bytes of transactions
	subscribers []subscriber
	stopGRPC    func() // nil while it is down
	stopRPC     func() // nil while it is down
	faults
}

// faults are what is wrong with a node.
type faults struct {
	lies       func(*types.QueryDutyResponse)
	misreports func(*ffg.Checkpoint)
	delay      uint64 // blocks that gRPC is behind
	lose       bool
	noEvents   bool
	refusal    *tx.BroadcastTxResponse
	isolated   bool
	catchingUp bool
	hung       chan struct{} // closed when it answers again
}

// network is the nodes of one chain.
type network struct {
	mu    sync.Mutex // taken before a node's
	nodes []*Node
}

// Start starts a node whose chain has one voter with this key, and stops it when the test ends.
func Start(t testing.TB, chainID string, key *bls.PublicKey, interval uint64) *Node {
	t.Helper()
	return start(t, key, newChain(chainID, key.Bytes(), interval), new(network))
}

// Peer starts another node with the same blocks. From then on both get each block that one of them makes, unless one is
// stopped, isolated, or behind.
func (n *Node) Peer() *Node {
	n.t.Helper()
	chain := n.copyChain()
	return start(n.t, n.public, chain.clone(), n.network)
}

func start(t testing.TB, key *bls.PublicKey, chain chain, network *network) *Node {
	t.Helper()
	n := &Node{
		t: t, public: key, grpcAddr: freeAddress(t), rpcAddr: freeAddress(t),
		votes: make(chan ffg.AggregateVote, 1024), chain: chain, network: network,
	}
	n.Restart()
	t.Cleanup(n.Stop)
	network.mu.Lock()
	defer network.mu.Unlock()
	network.nodes = append(network.nodes, n)
	return n
}

// freeAddress returns an address that stays free while the node is stopped.
func freeAddress(t testing.TB) string {
	t.Helper()
	address, err := freeport.Address()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// GRPC returns the address of the gRPC server.
func (n *Node) GRPC() string { return n.grpcAddr }

// RPC returns the address of the CometBFT RPC server.
func (n *Node) RPC() string { return "tcp://" + n.rpcAddr }

// Votes yields each vote that the node accepted for the first time since its start.
func (n *Node) Votes() <-chan ffg.AggregateVote { return n.votes }

// Grow makes a block and tells all listeners.
func (n *Node) Grow() { n.GrowAt(time.Now()) }

// GrowAt makes a block of this time, out of the votes of all who get it.
func (n *Node) GrowAt(at time.Time) {
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	next, nodes := block{at: at}, n.together()
	for _, node := range nodes {
		next.votes = append(next.votes, node.takeMempool()...)
	}
	for _, node := range nodes {
		node.execute(next)
	}
}

// Replay makes the node execute the next blocks that a peer has and it lacks, at most blocks of them.
func (n *Node) Replay(blocks int) {
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	for range blocks {
		next, found := n.missed()
		if !found {
			return
		}
		n.execute(next)
	}
}

// missed returns the block after the node's latest.
func (n *Node) missed() (block, bool) {
	own := n.copyChain()
	for _, peer := range n.network.nodes {
		if other := peer.copyChain(); own.height() < other.height() && own.isStartOf(&other) {
			return other.blocks[own.height()], true
		}
	}
	return block{}, false
}

// together returns the node and the peers that get its next block.
func (n *Node) together() []*Node {
	own, alone := n.copyChain(), n.apart()
	return slices.DeleteFunc(slices.Clone(n.network.nodes), func(peer *Node) bool {
		if peer == n {
			return false
		}
		other := peer.copyChain()
		return alone || peer.apart() || own.height() != other.height() || !own.isStartOf(&other)
	})
}

func (n *Node) apart() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.isolated || n.stopGRPC == nil && n.stopRPC == nil
}

func (n *Node) copyChain() chain {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.chain
}

func (n *Node) takeMempool() []ffg.AggregateVote {
	n.mu.Lock()
	defer n.mu.Unlock()
	votes := n.mempool
	n.mempool = nil
	return votes
}

func (n *Node) execute(next block) {
	n.mu.Lock()
	n.chain.grow(next)
	header := n.chain.headers[n.chain.height()-1]
	subscribers := n.subscribers
	n.mu.Unlock()
	for _, s := range subscribers {
		s.publish(header)
	}
}

// Duty returns the one honest vote for the head.
func (n *Node) Duty() ffg.Vote {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.chain.vote(n.chain.head().Epoch)
}

// Honest returns the one honest vote for an epoch.
func (n *Node) Honest(epoch uint64) ffg.Vote {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.chain.vote(epoch)
}

// tell returns a checkpoint as the node tells of it.
func (n *Node) tell(epoch uint64) checkpointtypes.Checkpoint {
	told := n.chain.checkpoints[epoch]
	if n.misreports != nil {
		n.misreports(&told)
	}
	return checkpointtypes.CheckpointFromFFG(told)
}

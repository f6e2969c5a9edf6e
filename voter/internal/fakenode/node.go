package fakenode

import (
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	cmtlog "github.com/cometbft/cometbft/libs/log"
	rpcserver "github.com/cometbft/cometbft/rpc/jsonrpc/server"
	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/voter/internal/gogocodec"
	"github.com/dualchain/dualchain/x/finality/types"
)

// VoteWindow is the chain's.
const VoteWindow = 4

// Node is a node with a chain of its own. Its methods may be called from any goroutine.
type Node struct {
	t        testing.TB
	public   *bls.PublicKey
	grpcAddr string
	rpcAddr  string
	votes    chan ffg.AggregateVote

	mu          sync.Mutex
	chain       chain
	lies        func(*types.QueryDutyResponse)
	delay       uint64 // blocks that gRPC is behind
	lose        bool
	noEvents    bool
	refusal     *tx.BroadcastTxResponse
	seen        map[string]bool // bytes of transactions
	subscribers []subscriber
	stop        func()
}

// Start starts a node whose chain has one voter with this key, and stops it when the test ends.
func Start(t testing.TB, chainID string, key *bls.PublicKey, interval uint64) *Node {
	t.Helper()
	n := &Node{
		t: t, public: key, grpcAddr: "127.0.0.1:0", rpcAddr: "127.0.0.1:0",
		votes: make(chan ffg.AggregateVote, 1024),
		chain: newChain(chainID, key.Bytes(), interval),
		stop:  func() {},
	}
	n.Restart()
	t.Cleanup(n.Stop)
	return n
}

// GRPC returns the address of the gRPC server.
func (n *Node) GRPC() string { return n.grpcAddr }

// RPC returns the address of the CometBFT RPC server.
func (n *Node) RPC() string { return "tcp://" + n.rpcAddr }

// Votes yields each vote that the node accepted for the first time since its start.
func (n *Node) Votes() <-chan ffg.AggregateVote { return n.votes }

// Restart starts a stopped node at the same addresses with the same chain and an empty mempool.
func (n *Node) Restart() {
	n.t.Helper()
	grpcListener, rpcListener := n.listen(&n.grpcAddr), n.listen(&n.rpcAddr)

	services := grpc.NewServer(grpc.ForceServerCodec(gogocodec.Codec{}))
	types.RegisterQueryServer(services, &queries{Node: n})
	tx.RegisterServiceServer(services, &txs{Node: n})
	go func() { _ = services.Serve(grpcListener) }() // ends with Stop

	mux, routes := http.NewServeMux(), n.routes()
	rpcserver.RegisterRPCFuncs(mux, routes, cmtlog.NewNopLogger())
	events := rpcserver.NewWebsocketManager(routes)
	events.SetLogger(cmtlog.NewNopLogger())
	mux.HandleFunc("/websocket", func(w http.ResponseWriter, r *http.Request) {
		n.mu.Lock()
		closed := n.noEvents
		n.mu.Unlock()
		if closed {
			http.NotFound(w, r)
			return
		}
		events.WebsocketHandler(w, r)
	})
	web := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = web.Serve(rpcListener) }() // ends with Stop

	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen, n.subscribers = map[string]bool{}, nil
	n.stop = func() {
		services.Stop()
		_ = web.Close()
		rpcListener.closeAll() // also those that became websockets
	}
}

// Stop stops the node like a crash does: connections break, the mempool is lost.
func (n *Node) Stop() {
	n.mu.Lock()
	stop := n.stop
	n.stop, n.chain.mempool = func() {}, nil
	n.mu.Unlock()
	stop()
}

// Grow makes a block and tells all listeners.
func (n *Node) Grow() { n.GrowAt(time.Now()) }

// GrowAt makes a block of this time.
func (n *Node) GrowAt(at time.Time) {
	n.mu.Lock()
	n.chain.grow(at)
	header := n.chain.headers[len(n.chain.headers)-1]
	subscribers := n.subscribers
	n.mu.Unlock()
	for _, s := range subscribers {
		s.publish(header)
	}
}

// Fork puts another chain in place of this one.
func (n *Node) Fork(chainID string, interval uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.chain = newChain(chainID, n.public.Bytes(), interval)
}

// Duty returns the one honest vote for the head.
func (n *Node) Duty() ffg.Vote {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.chain.vote()
}

// Lie lets f change each answer about duties; nil ends it.
func (n *Node) Lie(f func(*types.QueryDutyResponse)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lies = f
}

// Lose makes the node take votes and forget them, or stops that.
func (n *Node) Lose(lose bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lose = lose
}

// Refuse gives this answer to all transactions; nil ends it.
func (n *Node) Refuse(answer *tx.BroadcastTxResponse) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refusal = answer
}

// Mute refuses new listeners to events.
func (n *Node) Mute() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.noEvents = true
}

// Delay makes the next n answers about duties come from a state that is one block behind.
func (n *Node) Delay(answers uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.delay = answers
}

func (n *Node) listen(address *string) *listener {
	n.t.Helper()
	l, err := net.Listen("tcp", *address)
	if err != nil {
		n.t.Fatal(err)
	}
	*address = l.Addr().String()
	return &listener{Listener: l}
}

// listener remembers its connections.
type listener struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.conns = append(l.conns, conn)
	}
	return conn, err
}

func (l *listener) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		_ = conn.Close()
	}
}

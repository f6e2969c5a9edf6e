package fakenode

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	cmtlog "github.com/cometbft/cometbft/libs/log"
	rpcserver "github.com/cometbft/cometbft/rpc/jsonrpc/server"
	"google.golang.org/grpc"

	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/voter/internal/gogocodec"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Restart starts a stopped node at the same addresses with the same chain and an empty mempool.
func (n *Node) Restart() {
	n.t.Helper()
	n.mu.Lock()
	n.seen, n.mempool = map[string]bool{}, nil
	n.mu.Unlock()
	n.StartGRPC()
	n.startRPC()
}

// Stop stops the node like a crash does: connections break, the mempool is lost.
func (n *Node) Stop() {
	n.StopGRPC()
	n.mu.Lock()
	stop := n.stopRPC
	n.stopRPC, n.mempool = nil, nil
	n.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// StartGRPC starts the gRPC server, if it isn't running.
func (n *Node) StartGRPC() {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopGRPC != nil {
		return
	}
	services := grpc.NewServer(grpc.ForceServerCodec(gogocodec.Codec{}), grpc.UnaryInterceptor(
		func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			n.await(ctx.Done())
			return handle(ctx, request)
		}))
	types.RegisterQueryServer(services, &queries{Node: n})
	checkpointtypes.RegisterQueryServer(services, &checkpoints{Node: n})
	tx.RegisterServiceServer(services, &txs{Node: n})
	l := n.listen(n.grpcAddr)
	go func() { _ = services.Serve(l) }() // ends with StopGRPC
	n.stopGRPC = services.Stop
}

// StopGRPC stops the gRPC server only: blocks still come.
func (n *Node) StopGRPC() {
	n.mu.Lock()
	stop := n.stopGRPC
	n.stopGRPC = nil
	n.mu.Unlock()
	if stop != nil {
		stop()
	}
}

func (n *Node) startRPC() {
	n.t.Helper()
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
	web := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.await(r.Context().Done())
		mux.ServeHTTP(w, r)
	})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.subscribers = nil
	l := n.listen(n.rpcAddr)
	go func() { _ = web.Serve(l) }() // ends with Stop
	n.stopRPC = func() {
		_ = web.Close()
		l.closeAll() // also those that became websockets
	}
}

func (n *Node) listen(address string) *listener {
	n.t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		n.t.Fatal(err)
	}
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

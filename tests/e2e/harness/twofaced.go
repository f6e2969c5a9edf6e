package harness

import (
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/dualchain/dualchain/core/ffg"
)

// The calls that TwoFaced changes.
const (
	dutyMethod      = "/dualchain.finality.v1.Query/Duty"
	broadcastMethod = "/cosmos.tx.v1beta1.Service/BroadcastTx"
	heightHeader    = "x-cosmos-block-height"
)

// TwoFaced is a proxy between the clients of one key and their node's gRPC. While it lies, it answers about half of the
// questions for a duty, at random, with a checkpoint that isn't on the chain or with an older source. Such an answer
// contradicts neither itself nor the blocks: only a client's record of what it has signed protects it. On an honest chain,
// a client without that record would never be detected.
//
// It also records every vote that the clients send.
type TwoFaced struct {
	Address string // for --grpc

	net  *Net
	node *grpc.ClientConn
	// Each receives a value for every duty told or vote sent, if the test waits.
	told, sent chan struct{}

	mu     sync.Mutex
	random *rand.Rand
	lying  bool
	votes  []ffg.Vote // sent by the clients, each once
	bait   int        // number of duties told that conflict with a vote sent before
}

// TwoFaced starts a proxy before a node. It tells the truth at first.
func (n *Net) TwoFaced(node string, seed uint64) *TwoFaced {
	n.Helper()
	conn, err := grpc.NewClient(n.Process(node).GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(verbatim{})))
	if err != nil {
		n.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		n.Fatal(err)
	}
	f := &TwoFaced{
		Address: listener.Addr().String(),
		net:     n, node: conn, told: make(chan struct{}), sent: make(chan struct{}), random: rand.New(rand.NewPCG(seed, 0)),
	}
	server := grpc.NewServer(grpc.ForceServerCodec(verbatim{}), grpc.UnknownServiceHandler(f.pass))
	go server.Serve(listener) //nolint:errcheck // it ends with the test
	n.Cleanup(func() {
		server.Stop()
		conn.Close()
	})
	return f
}

// Lie makes it lie, or tell the truth again.
func (f *TwoFaced) Lie(lying bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lying = lying
}

// AwaitDuty waits until a client has been told a duty. If the client votes, it does so now.
func (f *TwoFaced) AwaitDuty() { f.await(f.told, "be told its duty") }

// AwaitVote waits until a client sends a vote.
func (f *TwoFaced) AwaitVote() { f.await(f.sent, "send a vote") }

func (f *TwoFaced) await(event <-chan struct{}, what string) {
	f.net.Helper()
	select {
	case <-event:
	case <-time.After(time.Minute):
		f.net.Fatalf("waited a minute in vain for a client to %s", what)
	}
}

func signal(event chan<- struct{}) {
	select {
	case event <- struct{}{}:
	default:
	}
}

// Votes returns the votes that the clients sent, and the number of duties told that conflict with a vote sent before.
func (f *TwoFaced) Votes() (votes []ffg.Vote, bait int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.votes), f.bait
}

// pass forwards one call.
func (f *TwoFaced) pass(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	ctx := stream.Context()
	var question, answer []byte
	if err := stream.RecvMsg(&question); err != nil {
		return err
	}
	if method == broadcastMethod {
		if err := f.note(question); err != nil {
			return err
		}
		signal(f.sent)
	}
	incoming, _ := metadata.FromIncomingContext(ctx)
	ctx = metadata.NewOutgoingContext(ctx, only(incoming, heightHeader))
	var header metadata.MD
	if err := f.node.Invoke(ctx, method, &question, &answer, grpc.Header(&header)); err != nil {
		return err
	}
	if method == dutyMethod {
		var err error
		if answer, err = f.tell(answer); err != nil {
			return err
		}
		defer signal(f.told)
	}
	if err := stream.SetHeader(only(header, heightHeader)); err != nil {
		return err
	}
	return stream.SendMsg(&answer)
}

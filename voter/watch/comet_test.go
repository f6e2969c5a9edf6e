package watch_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/voter/internal/fakenode"
	"github.com/dualchain/dualchain/voter/internal/gogocodec"
	"github.com/dualchain/dualchain/voter/watch"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

const chainID = "test-1"

func startNode(t *testing.T) *fakenode.Node {
	t.Helper()
	secret, err := bls.KeyFromSeed(make([]byte, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return fakenode.Start(t, chainID, secret.PublicKey(), 5)
}

// blocks reports when it listens.
type blocks struct {
	*watch.Comet
	listening chan struct{}
}

func (b blocks) Listen(ctx context.Context, started func(), found func(watch.Header)) error {
	return b.Comet.Listen(ctx, func() { started(); b.listening <- struct{}{} }, found)
}

// follow returns the tips, and a channel that receives each time events begin to arrive.
func follow(t *testing.T, node *fakenode.Node, poll time.Duration) (<-chan watch.Header, <-chan struct{}) {
	t.Helper()
	comet, err := watch.NewComet(node.RPC())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(node.GRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(gogocodec.Codec{}), grpc.WaitForReady(true)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	b := blocks{comet, make(chan struct{}, 16)}
	endpoint := watch.Endpoint{Address: node.GRPC(), Finality: types.NewQueryClient(conn), Checkpoints: checkpointtypes.NewQueryClient(conn), Blocks: b}
	config := watch.Config{ChainID: chainID, Poll: poll, StallAfter: time.Hour}
	return watch.NewPool(config, []watch.Endpoint{endpoint}, nil, slog.New(slog.DiscardHandler)).Tips(t.Context()), b.listening
}

// await reads tips until one is at or above the height.
func await(t *testing.T, tips <-chan watch.Header, height uint64) watch.Header {
	t.Helper()
	for {
		select {
		case tip := <-tips:
			if tip.Height >= height {
				return tip
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("expected block %d, found none", height)
		}
	}
}

func TestTipsComeByEvents(t *testing.T) {
	node := startNode(t)
	tips, listening := follow(t, node, time.Hour)
	<-listening
	var last watch.Header
	for height := uint64(1); height <= 4; height++ {
		node.Grow()
		if last = await(t, tips, height); last.Height != height {
			t.Fatalf("expected block %d, found %d", height, last.Height)
		}
	}
	comet, err := watch.NewComet(node.RPC())
	if err != nil {
		t.Fatal(err)
	}
	if found, err := comet.At(t.Context(), 4); err != nil || found != last || found.ChainID != chainID {
		t.Errorf("expected the event's header %+v from the store too, found %+v, %v", last, found, err)
	}
}

func TestTipsComeByPollingWithoutEvents(t *testing.T) {
	node := startNode(t)
	node.Mute()
	tips, _ := follow(t, node, 5*time.Millisecond)
	for height := uint64(1); height <= 3; height++ {
		node.Grow()
		await(t, tips, height)
	}
}

func TestEventsComeAgainAfterTheNode(t *testing.T) {
	node := startNode(t)
	tips, listening := follow(t, node, time.Hour)
	for height := uint64(1); height <= 3; height++ {
		<-listening
		node.Grow()
		await(t, tips, height)
		node.Stop()
		node.Restart()
	}
}

func TestPollingGoesOnAfterTheNode(t *testing.T) {
	node := startNode(t)
	node.Mute()
	tips, _ := follow(t, node, 5*time.Millisecond)
	for height := uint64(1); height <= 3; height++ {
		node.Grow()
		await(t, tips, height)
		node.Stop()
		node.Restart()
	}
}

func TestWhatANodeSaysOfItself(t *testing.T) {
	node := startNode(t)
	comet, err := watch.NewComet(node.RPC())
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want watch.Status) {
		t.Helper()
		if found, err := comet.Status(t.Context()); err != nil || found != want {
			t.Errorf("expected %+v, found %+v, %v", want, found, err)
		}
	}
	expect(watch.Status{ChainID: chainID})
	node.Grow()
	node.CatchingUp(true)
	expect(watch.Status{ChainID: chainID, Height: 1, CatchingUp: true})
	node.Stop()
	if found, err := comet.Status(t.Context()); err == nil {
		t.Errorf("stopped: expected an error, found %+v", found)
	}
}

func TestTipsEndWithTheirContext(t *testing.T) {
	node := startNode(t)
	comet, err := watch.NewComet(node.RPC())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	connected := make(chan struct{}, 1)
	go func() {
		ended <- comet.Listen(ctx, func() { connected <- struct{}{} }, func(watch.Header) {})
	}()
	<-connected
	cancel()
	if err := <-ended; err == nil {
		t.Error("expected an error, found none")
	}
}

func TestAddresses(t *testing.T) {
	for address, valid := range map[string]bool{
		"tcp://127.0.0.1:26657": true, "http://node:26657": true, "https://node.example/rpc": true,
		"": false, "127.0.0.1:26657": false, "ftp://node": false, "tcp://": false, "unix:///tmp/x": false, "http://a b": false,
	} {
		if _, err := watch.NewComet(address); (err == nil) != valid || err != nil && !strings.Contains(err.Error(), "expected tcp://HOST:PORT") {
			t.Errorf("%q: expected valid %t, found %v", address, valid, err)
		}
	}
}

func TestNoHeaderBeyondTheChain(t *testing.T) {
	node := startNode(t)
	node.Grow()
	comet, err := watch.NewComet(node.RPC())
	if err != nil {
		t.Fatal(err)
	}
	for _, height := range []uint64{0, 2, 1 << 63} {
		if found, err := comet.At(t.Context(), height); err == nil {
			t.Errorf("height %d: expected an error, found %+v", height, found)
		}
	}
}

func TestAnErrorOfTheRPCIsShort(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"jsonrpc":"2.0","id":0,"error":{"code":1,"message":"` + strings.Repeat("x", 1<<20) + `"}}`))
	}))
	defer server.Close()
	for name, ask := range map[string]func(*watch.Comet) error{
		"status": func(c *watch.Comet) error { _, err := c.Status(t.Context()); return err },
		"header": func(c *watch.Comet) error { _, err := c.Latest(t.Context()); return err },
	} {
		comet, err := watch.NewComet(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if err := ask(comet); err == nil || len(err.Error()) > 1000 || !strings.Contains(err.Error(), "xxx") {
			t.Errorf("%s: expected a short error, found %.1000v", name, err)
		}
	}
}

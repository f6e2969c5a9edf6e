package watch_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/voter/internal/fakenode"
	"github.com/dualchain/dualchain/voter/watch"
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

func follow(t *testing.T, node *fakenode.Node, poll time.Duration) <-chan watch.Header {
	t.Helper()
	comet, err := watch.NewComet(node.RPC())
	if err != nil {
		t.Fatal(err)
	}
	return watch.NewNode(watch.Config{ChainID: chainID, Poll: poll}, nil, comet, slog.New(slog.DiscardHandler)).Tips(t.Context())
}

// await grows the chain until a tip at or above the height arrives: a block before the connection is heard by nobody.
func await(t *testing.T, node *fakenode.Node, tips <-chan watch.Header, height uint64) watch.Header {
	t.Helper()
	for {
		node.Grow()
		select {
		case tip := <-tips:
			if tip.Height >= height {
				return tip
			}
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("no tip")
		}
	}
}

func TestTipsComeByEvents(t *testing.T) {
	node := startNode(t)
	node.Grow()
	tips := follow(t, node, time.Hour)
	first := await(t, node, tips, 2)
	for want := first.Height + 1; want < first.Height+4; want++ {
		node.Grow()
		for tip := range tips {
			if tip.Height == want {
				break
			}
			if tip.Height > want {
				t.Fatalf("expected block %d, found %d", want, tip.Height)
			}
		}
	}
	comet, err := watch.NewComet(node.RPC())
	if err != nil {
		t.Fatal(err)
	}
	if found, err := comet.At(t.Context(), first.Height); err != nil || found != first || found.ChainID != chainID {
		t.Errorf("expected the event's header %+v from the store too, found %+v, %v", first, found, err)
	}
}

func TestTipsComeByPollingWithoutEvents(t *testing.T) {
	node := startNode(t)
	node.Mute()
	tips := follow(t, node, 5*time.Millisecond)
	await(t, node, tips, 3)
}

func TestTipsComeAgainAfterTheNode(t *testing.T) {
	for name, poll := range map[string]time.Duration{"by events": time.Hour, "by polling": 5 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			node := startNode(t)
			if name == "by polling" {
				node.Mute()
			}
			tips := follow(t, node, poll)
			before := await(t, node, tips, 2)
			node.Stop()
			node.Restart()
			await(t, node, tips, before.Height+2)
		})
	}
}

func TestOnlyTheLatestTipWaits(t *testing.T) {
	node := startNode(t)
	node.Mute()
	for range 3 {
		node.Grow()
	}
	tips := follow(t, node, time.Millisecond)
	await(t, node, tips, 4)
	for range 5 {
		node.Grow()
	}
	last := await(t, node, tips, 9)
	select {
	case tip := <-tips:
		if tip.Height < last.Height {
			t.Errorf("expected nothing older than %d, found %d", last.Height, tip.Height)
		}
	default:
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
		if _, err := watch.NewComet(address); (err == nil) != valid || err != nil && !strings.Contains(err.Error(), "address") {
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

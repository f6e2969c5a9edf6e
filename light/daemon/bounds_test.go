package daemon_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/light/lighttest"
)

func TestAFewProofsAreVerifiedAtOnceAndTheOthersWait(t *testing.T) {
	const most, requests = 4, 12
	chain := rotating(1)
	n := lighttest.NewNode("slow", chain)
	s := begin(t, false, chain, 2, n)
	entered, leave := make(chan struct{}), make(chan struct{})
	var now, atOnce atomic.Int32
	n.ChangeProof = func(*cert.Proof) {
		for peak, found := atOnce.Load(), now.Add(1); found > peak && !atOnce.CompareAndSwap(peak, found); peak = atOnce.Load() {
		}
		entered <- struct{}{}
		<-leave
		now.Add(-1)
	}
	server := httptest.NewServer(s.client.Handler())
	defer server.Close()
	var waiting sync.WaitGroup
	for range requests {
		waiting.Go(func() {
			response, err := http.Get(server.URL + "/proofs/block/1")
			if err != nil {
				t.Error(err)
				return
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("expected status 200, found %d", response.StatusCode)
			}
		})
	}
	for range most {
		<-entered
	}
	if status, _ := get(t, s.client, "/finalized"); status != http.StatusOK {
		t.Errorf("expected other answers meanwhile, found status %d", status)
	}
	for range requests - most {
		leave <- struct{}{}
		<-entered
	}
	close(leave)
	waiting.Wait()
	if atOnce.Load() != most {
		t.Errorf("expected %d at once, found %d", most, atOnce.Load())
	}
}

// A page in a browser may have made its own name lead to this machine.
func TestTheServerOfThisMachineAnswersToItsOwnName(t *testing.T) {
	chain := rotating(1)
	s := begin(t, false, chain, 0, lighttest.NewNode("a", chain))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { served <- s.client.Serve(ctx, listener) }()
	for host, want := range map[string]int{"localhost:1": http.StatusOK, "attacker.example": http.StatusMisdirectedRequest} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/finalized", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: expected status %d, found %d", host, want, response.StatusCode)
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Errorf("expected it to end without an error, found %v", err)
	}
}

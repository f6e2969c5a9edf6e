package local_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/internal/local"
)

func TestServingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	listener, err := local.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := local.Listen(ctx, listener.Addr().String()); err == nil || !strings.Contains(err.Error(), listener.Addr().String()) {
		t.Errorf("expected an error that names the address, found %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- local.Serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	}()
	answer, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || string(body) != "hello" {
		t.Errorf("expected hello, found %q, %v", body, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("expected a clean end, found %v", err)
	}
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// serve serves until the test ends.
func serve(t *testing.T, address string) net.Listener {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	listener, err := local.Listen(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- local.Serve(ctx, listener, http.HandlerFunc(hello)) }()
	t.Cleanup(func() { cancel(); <-ended })
	return listener
}

func TestOnlyThisMachineIsAskedByNameWhereNobodyElseListens(t *testing.T) {
	onlyHere, everywhere := serve(t, "127.0.0.1:0"), serve(t, "0.0.0.0:0")
	ask := func(listener net.Listener, host string) int {
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	for host, allowed := range map[string]bool{
		"localhost": true, "localhost:26680": true, "LocalHost": true, "127.0.0.1:26680": true, "[::1]:26680": true, "[::1]": true, "10.0.0.1": true,
		"attacker.example": false, "attacker.example:26680": false, "localhost.attacker.example": false, "127.0.0.1.attacker.example": false,
	} {
		want := http.StatusOK
		if !allowed {
			want = http.StatusMisdirectedRequest
		}
		if found := ask(onlyHere, host); found != want {
			t.Errorf("%s: expected %d, found %d", host, want, found)
		}
		if found := ask(everywhere, host); found != http.StatusOK {
			t.Errorf("%s, listening everywhere: expected 200, found %d", host, found)
		}
	}
}

func TestSoManyConnectionsAreServedAtOnce(t *testing.T) {
	address := serve(t, "127.0.0.1:0").Addr().String()
	var answers []*bufio.Reader
	var conns []net.Conn
	for range 65 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		conns, answers = append(conns, conn), append(answers, bufio.NewReader(conn))
	}
	for i := range 64 {
		if line, err := answers[i].ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("connection %d: expected an answer, found %q, %v", i, line, err)
		}
	}
	if err := conns[64].SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := answers[64].ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("expected no answer to one more, found %v", err)
	}
	conns[0].Close()
	if err := conns[64].SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conns[64]).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Errorf("expected an answer when another one ends, found %q, %v", line, err)
	}
}

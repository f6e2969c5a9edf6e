package local_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/voter/internal/local"
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

package watch_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/voter/watch"
)

// In every failure the address of a node is shown without what may be a credential in it.
func TestNoErrorShowsTheCredentialsOfANode(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, address := range map[string]string{"a node that refuses": server.URL, "a node that is gone": gone.URL, "no host": "http://127.0.0.1:1/"} {
		address := strings.Replace(address, "http://", "http://alice:secret@", 1) + "/secret?token=secret"
		comet, err := watch.NewComet(address)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ctx := t.Context()
		for what, ask := range map[string]func() error{
			"status": func() error { _, err := comet.Status(ctx); return err },
			"latest": func() error { _, err := comet.Latest(ctx); return err },
			"at":     func() error { _, err := comet.At(ctx, 1); return err },
			"listen": func() error { return comet.Listen(ctx, func() {}, func(watch.Header) {}) },
		} {
			if err := ask(); err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "alice") {
				t.Errorf("%s: %s: expected an error without credentials, found %v", name, what, err)
			}
		}
	}
	for _, address := range []string{"ftp://alice:secret@node", "http://alice:se cret@node/secret", "alice:secret@node:26657"} {
		if _, err := watch.NewComet(address); err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "cret@") {
			t.Errorf("%s: expected a refusal without credentials, found %v", address, err)
		}
	}
}

func TestEventsAreAskedForWithTheCredentialsOfTheAddress(t *testing.T) {
	asked := make(chan *http.Request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		http.NotFound(w, r)
	}))
	defer server.Close()
	comet, err := watch.NewComet(strings.Replace(server.URL, "http://", "tcp://alice:secret@", 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := comet.Listen(t.Context(), func() {}, func(watch.Header) {}); err == nil {
		t.Error("expected an error, found none")
	}
	if user, password, ok := (<-asked).BasicAuth(); !ok || user != "alice" || password != "secret" {
		t.Errorf("expected the credentials, found %q, %q", user, password)
	}
}

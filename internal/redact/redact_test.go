package redact_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/internal/redact"
)

func TestAnAddressIsShownWithoutCredentials(t *testing.T) {
	for address, want := range map[string]string{
		"tcp://127.0.0.1:26657":                       "tcp://127.0.0.1:26657",
		"http://[::1]:26657/":                         "http://[::1]:26657",
		"https://node.example":                        "https://node.example",
		"https://alice:secret@node.example:443":       "https://…@node.example:443",
		"https://secret@node.example":                 "https://…@node.example",
		"https://node.example/v1/secret":              "https://node.example/…",
		"https://node.example?key=secret":             "https://node.example/…",
		"https://alice:secret@node.example/rpc#again": "https://…@node.example/…",
		"http://alice:sec/ret@node.example":           "http://…",
		"http://alice:sec ret@node.example":           "http://…",
		"http://alice:se%zzcret@node.example":         "http://…",
		"alice:secret@node.example:9090":              "…",
		"10.0.0.2:9090":                               "10.0.0.2:9090",
		"":                                            "",
	} {
		if found := redact.URL(address); found != want {
			t.Errorf("%q: expected %q, found %q", address, want, found)
		}
	}
}

func TestAnErrorOfAnHTTPClientIsShownWithoutCredentials(t *testing.T) {
	client := &http.Client{Transport: refusing{}}
	for _, address := range []string{"http://alice:secret@node.example/", "http://node.example/secret?secret=secret", "http://secret@node.example"} {
		_, err := client.Get(address) //nolint:bodyclose // an error has no body
		found := redact.Error(fmt.Errorf("post failed: %w", err))
		if !errors.Is(found, errRefused) || strings.Contains(found.Error(), "secret") || !strings.Contains(found.Error(), "node.example") {
			t.Errorf("%s: expected the host only, found %v", address, found)
		}
	}
	_, err := url.Parse(strings.Join([]string{"http://alice:secret@", "node.example"}, " "))
	if found := redact.Error(err); found == nil || strings.Contains(found.Error(), "secret") {
		t.Errorf("expected an error without the password, found %v", found)
	}
	if found := redact.Error(errRefused); !errors.Is(found, errRefused) || found.Error() != errRefused.Error() {
		t.Errorf("expected another error as it is, found %v", found)
	}
	if redact.Error(nil) != nil {
		t.Error("expected nil for nil")
	}
}

var errRefused = errors.New("connection refused")

type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errRefused }

package cometrpc_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/voter/internal/cometrpc"
)

// ask gets an answer that is filled up with spaces.
func ask(t *testing.T, size int) error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer := []byte(`{"jsonrpc":"2.0","id":0,"result":{}}`)
		_, _ = w.Write(append(answer, bytes.Repeat([]byte(" "), size-len(answer))...))
	}))
	defer server.Close()
	client, err := cometrpc.New(server.URL, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Status(t.Context())
	return err
}

func TestAnAnswerIsReadUpToABound(t *testing.T) {
	if err := ask(t, cometrpc.MaxAnswer); err != nil {
		t.Errorf("expected an answer, found %v", err)
	}
	if err := ask(t, cometrpc.MaxAnswer+1); err == nil || !strings.Contains(err.Error(), "at most 4194304 bytes") {
		t.Errorf("expected the bound, found %v", err)
	}
}

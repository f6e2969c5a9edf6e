// Package cometrpc makes clients of CometBFT's RPC that read answers up to a bound: CometBFT's own reads them to the end.
package cometrpc

import (
	"fmt"
	"io"
	"net/http"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	jsonrpc "github.com/cometbft/cometbft/rpc/jsonrpc/client"
)

// MaxAnswer bounds an answer in bytes. A status or a header has a few thousand.
const MaxAnswer = 4 << 20

// New takes an address like tcp://127.0.0.1:26657, and how long a question may take; 0 for as long as its context. It doesn't
// connect.
func New(address string, timeout time.Duration) (*rpchttp.HTTP, error) {
	client, err := jsonrpc.DefaultHTTPClient(address)
	if err != nil {
		return nil, err
	}
	client.Transport, client.Timeout = bounded{client.Transport}, timeout
	return rpchttp.NewWithClient(address, "/websocket", client)
}

// bounded ends an answer that is too long with an error.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	answer.Body = &body{answer.Body, MaxAnswer}
	return answer, nil
}

type body struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (b *body) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into[:min(len(into), b.left+1)])
	if n > b.left {
		return 0, fmt.Errorf("expected an answer of at most %d bytes, found more", MaxAnswer)
	}
	b.left -= n
	return n, err
}

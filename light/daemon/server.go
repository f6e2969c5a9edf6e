package daemon

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/internal/local"
)

// Head is the newest finalized checkpoint, as the server returns it.
type Head struct {
	ChainID   string `json:"chain_id"`
	Mode      string `json:"mode"`
	Epoch     uint64 `json:"epoch,string"`
	Root      string `json:"root"`
	Height    uint64 `json:"height,string"`
	BlockHash string `json:"block_hash"`
	Time      string `json:"time"` // RFC 3339
	AgeSecs   uint64 `json:"age_seconds,string"`
	// LastUpdate is the time of the last successful update since the start, and LastError the error of the latest one. Either may be empty.
	LastUpdate string `json:"last_update,omitempty"` // RFC 3339
	LastError  string `json:"last_error,omitempty"`
}

// Head returns the newest finalized checkpoint that the client has verified, or the conflict that stopped it.
func (c *Client) Head() (Head, error) {
	trust, err := c.Trust()
	if err != nil {
		return Head{}, err
	}
	checkpoint, settings := trust.Checkpoint, c.Settings()
	at := time.UnixMilli(int64(checkpoint.Time)).UTC()
	head := Head{
		ChainID: settings.ChainID, Mode: settings.Mode().String(),
		Epoch: checkpoint.Epoch, Root: checkpoint.Root().String(),
		Height: checkpoint.Height, BlockHash: checkpoint.BlockHash.String(),
		Time: at.Format(time.RFC3339Nano), AgeSecs: uint64(max(c.now().Sub(at), 0) / time.Second),
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if updated := c.health.updated; !updated.IsZero() {
		head.LastUpdate = updated.UTC().Format(time.RFC3339Nano)
	}
	if err := c.health.failed; err != nil {
		head.LastError = err.Error()
	}
	return head, nil
}

// Run updates every interval until ctx is done, and without a pause while it catches up. It ends with an error only if no further
// update can succeed: after a conflict, or with expired trust.
func (c *Client) Run(ctx context.Context, interval time.Duration) error {
	c.mu.Lock()
	c.health.interval = interval
	c.mu.Unlock()
	for {
		before, _ := c.Trust()
		more, err := c.Update(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, light.ErrConflict), errors.Is(err, cert.ErrExpired):
			return err
		case err != nil:
			c.log.Error("no update", "error", err)
		}
		if after, err := c.Trust(); err == nil && after.Checkpoint != before.Checkpoint {
			c.log.Info("finalized", "epoch", after.Checkpoint.Epoch, "height", after.Checkpoint.Height, "root", after.Checkpoint.Root().String())
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(interval):
		}
	}
}

// maxProving bounds the proofs that are fetched and verified at once; further requests wait. One over a long distance of trust takes
// seconds of CPU.
const maxProving = 4

// Handler serves what the client has verified. Errors are JSON with the fields error and code: see kinds. Once a conflict has
// stopped the client, every answer is status 503 with that conflict.
//
//	GET /finalized                     the newest finalized checkpoint: Head
//	GET /trust                         the same with its members, as `dualchaind verify --trust-file` reads it
//	GET /proofs/tx/HASH                whether a transaction is final, and its result: Verified, with the proof
//	GET /proofs/block/HEIGHT           whether a block is final
//	GET /proofs/state/STORE/KEY        the latest value under a key in hexadecimal; ?height=H: the value after that block
//	GET /healthz                       status 200 if an update succeeded lately
func (c *Client) Handler() http.Handler {
	mux, slots := http.NewServeMux(), make(chan struct{}, maxProving)
	proofs := func(pattern string, handle http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
				handle(w, r)
			case <-r.Context().Done():
			}
		})
	}
	mux.HandleFunc("GET /finalized", func(w http.ResponseWriter, _ *http.Request) {
		head, err := c.Head()
		c.answer(w, head, err)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		c.answer(w, map[string]string{"status": "ok"}, c.Health())
	})
	mux.HandleFunc("GET /trust", func(w http.ResponseWriter, _ *http.Request) {
		trust, err := c.Trust()
		var document json.RawMessage
		if err == nil {
			document, err = documentOf(trust)
		}
		c.answer(w, document, err)
	})
	proofs("GET /proofs/tx/{hash}", func(w http.ResponseWriter, r *http.Request) {
		hash, err := light.ParseTxHash(r.PathValue("hash"))
		c.prove(w, r, light.TxRequest(hash), err)
	})
	proofs("GET /proofs/block/{height}", func(w http.ResponseWriter, r *http.Request) {
		height, err := strconv.ParseUint(r.PathValue("height"), 10, 64)
		c.prove(w, r, light.BlockRequest(height), err)
	})
	proofs("GET /proofs/state/{store}/{key}", func(w http.ResponseWriter, r *http.Request) {
		key, err := hex.DecodeString(r.PathValue("key"))
		var height uint64
		if text := r.URL.Query().Get("height"); err == nil && text != "" {
			height, err = strconv.ParseUint(text, 10, 64)
		}
		c.prove(w, r, light.StateRequest(r.PathValue("store"), key, height), err)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		err := fmt.Errorf("%w: %s", errPath, r.URL.Path)
		if r.Method != http.MethodGet {
			err = fmt.Errorf("%w, found %s", errMethod, r.Method)
		} else if _, stopped := c.Trust(); stopped != nil {
			err = stopped
		}
		c.answer(w, nil, err)
	})
	return mux
}

// Verified is what a proof proves final, as the server returns it.
type Verified struct {
	Kind   cert.Kind `json:"kind"`
	Height uint64    `json:"height,string"`
	// Success and Code are the result of a transaction, which is final in either case.
	Success *bool   `json:"success,omitempty"`
	Code    *uint32 `json:"code,omitempty"`
	// Value is what a store has under a key. It is absent if the key is.
	Value cert.Bytes `json:"value,omitempty"`
	// Trust is the checkpoint that the proof starts from, EPOCH:ROOT, as `dualchaind verify --trust` takes it.
	Trust string `json:"trust"`
	// Proof is the proof itself, with the members of that checkpoint, as `dualchaind verify` reads it: in JSON, or
	// {"canonical":BASE64} if that is longer than cert.MaxJSON.
	Proof json.RawMessage `json:"proof"`
}

// prove answers a request; err is that of parsing it.
func (c *Client) prove(w http.ResponseWriter, r *http.Request, request light.Request, err error) {
	if err != nil {
		c.answer(w, nil, fmt.Errorf("%w: %w", light.ErrInvalidRequest, err))
		return
	}
	outcome, proof, err := c.Prove(r.Context(), request)
	if err != nil {
		c.answer(w, nil, err)
		return
	}
	from := proof.Trust.Checkpoint
	answer := Verified{Kind: outcome.Kind, Height: outcome.Height, Trust: fmt.Sprintf("%d:%s", from.Epoch, from.Root())}
	if outcome.Tx != nil {
		success := outcome.Tx.Result.Code == 0
		answer.Success, answer.Code = &success, &outcome.Tx.Result.Code
	}
	if outcome.State != nil {
		answer.Value = outcome.State.Value
	}
	answer.Proof, err = documentOf(proof)
	c.answer(w, answer, err)
}

// documentOf returns a document in JSON, or in a node's form, {"canonical":BASE64}, if it is too long for that.
func documentOf[T interface {
	cert.Trust | cert.Proof
	Encode() ([]byte, error)
}](v T) (json.RawMessage, error) {
	text, jsonErr := cert.EncodeJSON(v)
	if jsonErr == nil {
		return text, nil
	}
	binary, err := v.Encode()
	if err != nil {
		return nil, errors.Join(jsonErr, err)
	}
	return json.Marshal(map[string][]byte{"canonical": binary})
}

// Serve answers to connections until ctx is done, and closes the listener. Connections, and the time that each may take, are bounded.
// On an address of this machine only, it answers to "localhost" and to IP addresses as the host.
func (c *Client) Serve(ctx context.Context, listener net.Listener) error {
	return local.Serve(ctx, listener, c.Handler())
}

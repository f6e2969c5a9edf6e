package light

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/dualchain/dualchain/cert"
)

// Head is the newest finalized checkpoint, as the server tells it.
type Head struct {
	ChainID   string `json:"chain_id"`
	Mode      string `json:"mode"`
	Epoch     uint64 `json:"epoch,string"`
	Root      string `json:"root"`
	Height    uint64 `json:"height,string"`
	BlockHash string `json:"block_hash"`
	Time      string `json:"time"` // RFC 3339
	AgeSecs   uint64 `json:"age_seconds,string"`
}

// Head returns the newest finalized checkpoint that the client has verified, or the conflict that stopped it.
func (c *Client) Head() (Head, error) {
	trust, err := c.Trust()
	if err != nil {
		return Head{}, err
	}
	checkpoint, settings := trust.Checkpoint, c.Settings()
	at := time.UnixMilli(int64(checkpoint.Time)).UTC()
	return Head{
		ChainID: settings.ChainID, Mode: settings.Mode().String(),
		Epoch: checkpoint.Epoch, Root: checkpoint.Root().String(),
		Height: checkpoint.Height, BlockHash: checkpoint.BlockHash.String(),
		Time: at.Format(time.RFC3339Nano), AgeSecs: uint64(max(c.now().Sub(at), 0) / time.Second),
	}, nil
}

// Run updates every interval until ctx is done, and at once while there is more to catch up with. It ends with an error
// that no further update can mend: a conflict, or expired trust.
func (c *Client) Run(ctx context.Context, interval time.Duration) error {
	for {
		before, _ := c.Trust()
		more, err := c.Update(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrConflict), errors.Is(err, cert.ErrExpired):
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

// Handler serves what the client has verified. Once a conflict has stopped the client, every answer is status 503 with it.
//
//	GET /finalized                     the newest finalized checkpoint: Head
//	GET /trust                         the same with its members, as `dualchaind verify --trust-file` reads it
//	GET /proofs/tx/HASH                whether a transaction is final, and its result: Verified, with the proof
//	GET /proofs/blocks/HEIGHT          whether a block is final
//	GET /proofs/state/STORE/KEY        what the state has under a key in hexadecimal
func (c *Client) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /finalized", func(w http.ResponseWriter, _ *http.Request) {
		head, err := c.Head()
		c.answer(w, head, err)
	})
	mux.HandleFunc("GET /trust", func(w http.ResponseWriter, _ *http.Request) {
		trust, err := c.Trust()
		var encoded []byte
		if err == nil {
			encoded, err = cert.EncodeJSON(trust)
		}
		c.answer(w, json.RawMessage(encoded), err)
	})
	return mux
}

// answer writes JSON, or the error with its status.
func (c *Client) answer(w http.ResponseWriter, content any, err error) {
	status := http.StatusOK
	switch {
	case errors.Is(err, ErrConflict):
		status = http.StatusServiceUnavailable
	case errors.Is(err, ErrNotThere):
		status = http.StatusNotFound
	case err != nil:
		status = http.StatusBadGateway
	}
	if err != nil {
		content = map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(content); err != nil {
		c.log.Debug("write answer", "error", err)
	}
}

// Serve answers at an address until ctx is done.
func (c *Client) Serve(ctx context.Context, address string, log *slog.Logger) error {
	server := &http.Server{Addr: address, Handler: c.Handler(), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	log.Info("serving", "address", "http://"+address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

package voter

import (
	"context"
	"log/slog"

	"github.com/dualchain/dualchain/voter/internal/local"
	"github.com/dualchain/dualchain/voter/monitor"
)

// serveMonitor serves metrics, health and state until ctx is done, nowhere if address is empty. What it returns waits for
// the end. A port that is taken costs no vote: the log says so, and that is all.
func serveMonitor(ctx context.Context, address string, seen *monitor.Monitor, log *slog.Logger) (wait func()) {
	if address == "" {
		return func() {}
	}
	listener, err := local.Listen(ctx, address)
	if err != nil {
		log.Error("no metrics, health and state: set [monitor] listen in voter.toml", "error", err)
		return func() {}
	}
	log.Info("serving metrics, health and state", "address", listener.Addr().String())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := local.Serve(ctx, listener, seen.Handler()); err != nil {
			log.Error("no metrics, health and state any more", "error", err)
		}
	}()
	return func() { <-ended }
}

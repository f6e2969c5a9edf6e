package voter

import (
	"context"
	"log/slog"
	"sync"

	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/internal/local"
	"github.com/dualchain/dualchain/voter/monitor"
)

// serveMonitor serves metrics, health and state until ctx is done, unless address is empty. A port that is in use costs no vote: the
// voter logs an error and continues.
func serveMonitor(ctx context.Context, beside *sync.WaitGroup, address string, seen *monitor.Monitor, log *slog.Logger) {
	if address == "" {
		return
	}
	listener, err := local.Listen(ctx, address)
	if err != nil {
		log.Error("no metrics, health and state: set [monitor] listen in voter.toml", event.MonitorEnded, "error", err)
		return
	}
	log.Info("serving metrics, health and state", event.MonitorStarted, "address", listener.Addr().String())
	beside.Go(func() {
		if err := local.Serve(ctx, listener, seen.Handler()); err != nil {
			log.Error("metrics, health and state are no longer served", event.MonitorEnded, "error", err)
		}
	})
}

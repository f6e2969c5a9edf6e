package monitor

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"

	"github.com/dualchain/dualchain/internal/local"
	"github.com/dualchain/dualchain/voter/event"
)

// Handler serves GET /metrics, /healthz (200, or 503 with the reasons) and /status.
func (m *Monitor) Handler() http.Handler {
	return NewHandler(m.metrics.handler(), func() (any, []Standing) {
		status := m.Status()
		return status, status.Reasons
	})
}

// NewHandler is Handler for a process with these metrics, and with a status that is ill for these reasons.
func NewHandler(metrics http.Handler, status func() (any, []Standing)) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, reasons := status()
		code := http.StatusOK
		if len(reasons) > 0 {
			code = http.StatusServiceUnavailable
		}
		answer(w, code, struct {
			Healthy bool       `json:"healthy"`
			Reasons []Standing `json:"reasons"`
		}{len(reasons) == 0, reasons})
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		all, _ := status()
		answer(w, http.StatusOK, all)
	})
	return mux
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // fails only if the client is gone
}

// Serve serves metrics, health and state beside the caller's work until ctx is done, unless address is empty. A port that is in use
// costs no vote: Serve logs an alarm and returns.
func Serve(ctx context.Context, beside *sync.WaitGroup, address string, handler http.Handler, log *slog.Logger) {
	if address == "" {
		return
	}
	listener, err := local.Listen(ctx, address)
	if err != nil {
		event.Alarm(log, "no metrics, health and state: set [monitor] listen", event.MonitorEnded, "error", err)
		return
	}
	log.Info("serving metrics, health and state", event.MonitorStarted, "address", listener.Addr().String())
	beside.Go(func() {
		if err := local.Serve(ctx, listener, handler); err != nil {
			event.Alarm(log, "metrics, health and state are no longer served", event.MonitorEnded, "error", err)
		}
	})
}

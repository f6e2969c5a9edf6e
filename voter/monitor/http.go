package monitor

import (
	"encoding/json"
	"net/http"
)

// Handler serves GET /metrics, /healthz (200, or 503 with the reasons) and /status.
func (m *Monitor) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.metrics.handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		status := m.Status()
		code := http.StatusOK
		if !status.Healthy {
			code = http.StatusServiceUnavailable
		}
		answer(w, code, struct {
			Healthy bool       `json:"healthy"`
			Reasons []Standing `json:"reasons"`
		}{status.Healthy, status.Reasons})
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, m.Status()) })
	return mux
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // fails only if the client is gone
}

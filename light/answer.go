package light

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/dualchain/dualchain/core/cert"
)

// Errors of the server's own.
var (
	errPath   = errors.New("no such path")
	errMethod = errors.New("expected GET")
)

// kinds are the errors of answers with their statuses and codes, which programs tell them apart by. The first that fits counts:
// of nodes that differ, the one that has seen more is believed, which costs no more than asking again.
var kinds = []struct {
	err    error
	status int
	code   string
}{
	{ErrConflict, http.StatusServiceUnavailable, "conflict"},
	{cert.ErrExpired, http.StatusServiceUnavailable, "expired"},
	{ErrStale, http.StatusServiceUnavailable, "stale"},
	{errPath, http.StatusNotFound, "unknown_path"},
	{errMethod, http.StatusMethodNotAllowed, "method"},
	{ErrNotFinal, http.StatusConflict, "not_final"},
	{ErrNotThere, http.StatusNotFound, "not_found"},
	{errQuestion, http.StatusBadRequest, "invalid"},
}

// answer writes JSON, or the error with its status and code.
func (c *Client) answer(w http.ResponseWriter, content any, err error) {
	status := http.StatusOK
	if err != nil {
		code := "unproven"
		status = http.StatusBadGateway
		for _, kind := range kinds {
			if errors.Is(err, kind.err) {
				status, code = kind.status, kind.code
				break
			}
		}
		content = map[string]string{"code": code, "error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // errors have paths with & in them
	if err := encoder.Encode(content); err != nil {
		c.log.Debug("write answer", "error", err)
	}
}

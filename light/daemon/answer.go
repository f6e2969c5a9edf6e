package daemon

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/light"
)

// Errors of the server itself.
var (
	errPath   = errors.New("no such path")
	errMethod = errors.New("expected GET")
)

// kinds maps errors to the status and the code of their answer: programs read the code. The first that matches counts: where
// providers differ, the one that has seen more is believed, which at worst makes the caller ask again.
var kinds = []struct {
	err    error
	status int
	code   string
}{
	{light.ErrConflict, http.StatusServiceUnavailable, "conflict"},
	{cert.ErrExpired, http.StatusServiceUnavailable, "expired"},
	{ErrStale, http.StatusServiceUnavailable, "stale"},
	{errPath, http.StatusNotFound, "unknown_path"},
	{errMethod, http.StatusMethodNotAllowed, "method"},
	{light.ErrNotFinal, http.StatusConflict, "not_final"},
	{light.ErrNotFound, http.StatusNotFound, "not_found"},
	{light.ErrInvalidRequest, http.StatusBadRequest, "invalid"},
}

// answer writes content as JSON, or the error with its status and code.
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
	encoder.SetEscapeHTML(false) // errors quote paths with & in them
	if err := encoder.Encode(content); err != nil {
		c.log.Debug("write answer", "error", err)
	}
}

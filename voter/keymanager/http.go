package keymanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
)

// Path is where the API is.
const Path = "/keymanager/v1/keystores"

// maxBody bounds a request in bytes, and maxKeys the keys in it: opening each keystore takes a second or more.
const (
	maxBody = guard.MaxInterchange + 16<<20
	maxKeys = 100
)

// The bodies, as in Ethereum's keymanager API: keystores and slashing protection are JSON in a string.
type (
	importRequest struct {
		Keystores  []string `json:"keystores"`
		Passwords  []string `json:"passwords"`
		Protection string   `json:"slashing_protection"`
	}
	deleteRequest struct {
		Keys []string `json:"pubkeys"`
	}
	listed struct {
		Key      string `json:"validating_pubkey"`
		Path     string `json:"derivation_path"`
		ReadOnly bool   `json:"readonly"`
	}
	listAnswer struct {
		Data []listed `json:"data"`
	}
	importAnswer struct {
		Data []Result `json:"data"`
	}
	deleteAnswer struct {
		Data       []Result `json:"data"`
		Protection string   `json:"slashing_protection"`
	}
	failure struct {
		Message string `json:"message"`
	}
)

// Handler serves the API to clients that have the token.
func (s *Store) Handler(token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, r *http.Request) {
		keys, err := s.List(r.Context())
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		out := listAnswer{Data: []listed{}}
		for _, k := range keys {
			out.Data = append(out.Data, listed{Key: "0x" + k.Public.String(), Path: k.Path})
		}
		answer(w, http.StatusOK, out)
	})
	mux.HandleFunc("POST "+Path, func(w http.ResponseWriter, r *http.Request) {
		var request importRequest
		if !read(w, r, &request) {
			return
		}
		if len(request.Keystores) != len(request.Passwords) || len(request.Keystores) > maxKeys {
			refuse(w, http.StatusBadRequest, fmt.Sprintf("expected up to %d keystores and as many passwords, found %d and %d",
				maxKeys, len(request.Keystores), len(request.Passwords)))
			return
		}
		results, err := s.Import(r.Context(), request.Keystores, request.Passwords, []byte(request.Protection))
		if err != nil {
			refuse(w, codeOf(err), err.Error())
			return
		}
		answer(w, http.StatusOK, importAnswer{Data: results})
	})
	mux.HandleFunc("DELETE "+Path, func(w http.ResponseWriter, r *http.Request) {
		var request deleteRequest
		if !read(w, r, &request) {
			return
		}
		keys, err := parseKeys(request.Keys)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		results, protection, err := s.Delete(keys)
		if err != nil {
			refuse(w, codeOf(err), err.Error())
			return
		}
		answer(w, http.StatusOK, deleteAnswer{Data: results, Protection: string(protection)})
	})
	return authorized(token, mux)
}

func parseKeys(texts []string) ([]ffg.PublicKey, error) {
	if len(texts) > maxKeys {
		return nil, fmt.Errorf("expected up to %d pubkeys, found %d", maxKeys, len(texts))
	}
	keys := make([]ffg.PublicKey, len(texts))
	for i, text := range texts {
		digits := strings.TrimPrefix(strings.ToLower(text), "0x")
		if err := keys[i].UnmarshalText([]byte(digits)); err != nil {
			return nil, fmt.Errorf("pubkeys[%d]: %w", i, err)
		}
	}
	return keys, nil
}

// read decodes a body, or refuses it and returns false. Opening keystores takes time: the answer may take longer than
// others.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // not there in tests
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(into)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("expected at most %d bytes, found more", large.Limit))
	case err != nil:
		refuse(w, http.StatusBadRequest, "expected a JSON body: "+err.Error())
	}
	return err == nil
}

// codeOf tells the asker's mistakes from ours.
func codeOf(err error) int {
	if errors.Is(err, guard.ErrInterchange) || errors.Is(err, guard.ErrDomain) {
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

func refuse(w http.ResponseWriter, code int, message string) { answer(w, code, failure{message}) }

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // it fails only if the client has gone
}

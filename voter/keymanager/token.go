package keymanager

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/dualchain/dualchain/internal/durable"
	"github.com/dualchain/dualchain/internal/textfile"
	"github.com/dualchain/dualchain/voter/keys"
)

// TokenFile is what the file with the token is called in a home.
const TokenFile = "api-token"

// ErrToken: the file of the token can't be used.
var ErrToken = errors.New("invalid API token file")

// maxToken bounds the file of a token in bytes.
const maxToken = 4 << 10

// minToken is the least number of characters of a token that somebody wrote.
const minToken = 32

// LoadToken reads the token of the API, which it makes if the file is missing: 64 random hexadecimal digits, for the owner
// only. It wraps ErrToken.
func LoadToken(path string) (string, error) {
	content, err := keys.ReadPrivate(path, maxToken)
	if errors.Is(err, fs.ErrNotExist) {
		if content, err = makeToken(path); errors.Is(err, fs.ErrExist) { // another process was faster
			content, err = keys.ReadPrivate(path, maxToken)
		}
	}
	if err == nil {
		content, err = textfile.Line(content)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrToken, path, err)
	}
	token := strings.TrimSpace(string(content))
	if len(token) < minToken {
		return "", fmt.Errorf("%w: %s: expected at least %d characters, found %d", ErrToken, path, minToken, len(token))
	}
	return token, nil
}

// makeToken writes a new token.
func makeToken(path string) ([]byte, error) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	content := []byte(hex.EncodeToString(random[:]) + "\n")
	return content, durable.Write(path, content)
}

// authorized lets requests with the token through. Hashes are compared, so that neither time nor length tells anything.
func authorized(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		found := sha256.Sum256([]byte(strings.TrimLeft(given, " ")))
		if subtle.ConstantTimeCompare(want[:], found[:]) != 1 || !strings.EqualFold(scheme, "Bearer") { // RFC 9110 §11.1
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "expected the token of "+TokenFile+" as bearer token")
			return
		}
		next.ServeHTTP(w, r)
	})
}

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
	"os"
	"strings"

	"github.com/dualchain/dualchain/internal/durable"
)

// TokenFile is what the file with the token is called in a home.
const TokenFile = "api-token"

// ErrToken: the file of the token can't be used.
var ErrToken = errors.New("invalid API token file")

// minToken is the least number of characters of a token that somebody wrote.
const minToken = 32

// LoadToken reads the token of the API, which it makes if the file is missing: 64 random hexadecimal digits, for the owner
// only. It wraps ErrToken.
func LoadToken(path string) (string, error) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails
	err := durable.Write(path, []byte(hex.EncodeToString(random[:])+"\n"))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make API token: %w", err)
	}
	stat, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read API token: %w", err)
	}
	if mode := stat.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%w: %s: expected mode 0600, found %#o: run chmod 600", ErrToken, path, mode)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read API token: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if len(token) < minToken {
		return "", fmt.Errorf("%w: %s: expected at least %d characters, found %d", ErrToken, path, minToken, len(token))
	}
	return token, nil
}

// authorized lets requests with the token through. Hashes are compared, so that neither time nor length tells anything.
func authorized(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		found := sha256.Sum256([]byte(given))
		if subtle.ConstantTimeCompare(want[:], found[:]) != 1 || !bearer {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "expected the token of "+TokenFile+" as bearer token")
			return
		}
		next.ServeHTTP(w, r)
	})
}

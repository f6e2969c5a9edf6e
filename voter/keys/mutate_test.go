package keys

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
)

// at returns the value at a path like "crypto.kdf.params.n".
func at(object map[string]any, path string) any {
	first, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return object[first]
	}
	return at(object[first].(map[string]any), rest)
}

// change gives the field at a path another value; nil removes it.
func change(t testing.TB, content []byte, path string, to func(old any) any) []byte {
	t.Helper()
	var file map[string]any
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	object, field := file, path
	if i := strings.LastIndex(path, "."); i >= 0 {
		object, field = at(file, path[:i]).(map[string]any), path[i+1:]
	}
	if value := to(object[field]); value != nil {
		object[field] = value
	} else {
		delete(object, field)
	}
	content, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// flip changes the first of some hexadecimal digits.
func flip(digits string) string {
	if digits[0] == '0' {
		return "1" + digits[1:]
	}
	return "0" + digits[1:]
}

// sealRaw makes a keystore with the right checksum from bytes that are not a key.
func sealRaw(t *testing.T, raw [bls.SecretKeySize]byte) []byte {
	t.Helper()
	content := encode(t, key(t, 1), PBKDF2)
	s, err := parse(content)
	if err != nil {
		t.Fatal(err)
	}
	derived, err := derive(context.Background(), s.kdf, []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	message := crypt(derived, s.iv, raw)
	checksum := checksumOf(derived, message)
	content = change(t, content, "crypto.cipher.message", func(any) any { return hex.EncodeToString(message[:]) })
	return change(t, content, "crypto.checksum.message", func(any) any { return hex.EncodeToString(checksum[:]) })
}

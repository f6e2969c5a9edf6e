package keys

import (
	"context"
	"errors"
	"os"
	"testing"
)

// Any content of a keystore is refused with one of two errors, or gives a key that can be encrypted again.
func FuzzKeystore(f *testing.F) {
	for _, file := range []string{"testdata/eip2335-scrypt.json", "testdata/eip2335-pbkdf2.json"} {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	// Cheap parameters let the fuzzer try more inputs.
	for _, kdf := range []kdf{&scryptParams{32, 2, 1, 1, hexBytes{1}}, &pbkdf2Params{32, 1, prf, hexBytes{1}}} {
		content, err := seal(context.Background(), key(f, 1), []byte(password), kdf, SaveOptions{})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte(`{"version": 4}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := parse(content)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("expected %v, found %v", ErrFormat, err)
			}
			return
		}
		if err := s.kdf.check(); err != nil {
			t.Fatalf("expected parameters within their bounds, found %v", err)
		}
		if !cheap(s.kdf) {
			return
		}
		secret, err := Decode(context.Background(), content, []byte(password))
		if err != nil {
			if secret != nil || !errors.Is(err, ErrFormat) && !errors.Is(err, ErrPassword) {
				t.Errorf("expected no key and %v or %v, found %v", ErrFormat, ErrPassword, err)
			}
			return
		}
		again, err := seal(context.Background(), secret, []byte(password), s.kdf, SaveOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := Decode(context.Background(), again, []byte(password)); err != nil || found.Bytes() != secret.Bytes() {
			t.Errorf("expected the same key, found %v", err)
		}
	})
}

// cheap excludes inputs that are allowed but slow.
func cheap(k kdf) bool {
	switch params := k.(type) {
	case *scryptParams:
		return params.N*params.R*params.P <= 1<<8
	case *pbkdf2Params:
		return params.C <= 1<<8
	}
	return false
}

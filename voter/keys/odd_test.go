package keys

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAKeystoreMayLeaveOutItsPublicKey(t *testing.T) {
	secret := key(t, 1)
	for _, nothing := range []any{nil, ""} {
		content := change(t, encode(t, secret, Scrypt), "pubkey", func(any) any { return nothing })
		info, err := Inspect(content)
		if err != nil || info.PubKey != "" {
			t.Errorf("expected no public key, found %+v, %v", info, err)
		}
		found, err := Decode(context.Background(), content, []byte(password))
		if err != nil || found.PublicKey().Bytes() != secret.PublicKey().Bytes() {
			t.Errorf("expected the key, found %v", err)
		}
		if _, err := Decode(context.Background(), content, []byte("another password")); !errors.Is(err, ErrPassword) {
			t.Errorf("expected %v, found %v", ErrPassword, err)
		}
		if _, err := SaveKeystore(t.TempDir(), "a", content); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "voter keys import") {
			t.Errorf("in a home: expected a refusal that says what to do, found %v", err)
		}
	}
}

func TestAKeystoreIsReadAsEditorsOfAllSystemsWriteIt(t *testing.T) {
	content := string(encode(t, key(t, 1), Scrypt))
	for name, text := range map[string]string{"a byte order mark": "\ufeff" + content, "CRLF": strings.ReplaceAll(content, "\n", "\r\n"), "newlines": content + "\n\n"} {
		if _, err := Decode(context.Background(), []byte(text), []byte(password)); err != nil {
			t.Errorf("%s: expected the key, found %v", name, err)
		}
	}
	if _, err := Decode(context.Background(), []byte("\xff\xfe{\x00"), []byte(password)); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "found UTF-16") {
		t.Errorf("UTF-16: expected a refusal that names it, found %v", err)
	}
}

func TestAMnemonicIsReadAsEditorsOfAllSystemsWriteIt(t *testing.T) {
	words, err := NewMnemonic()
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := Derive(words, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"\ufeff" + words, words + "\r\n\r\n", strings.ReplaceAll(words, " ", "\r\n")} {
		found, _, err := Derive(text, "", 0)
		if err != nil || found.PublicKey().Bytes() != want.PublicKey().Bytes() {
			t.Errorf("expected the same key, found %v", err)
		}
	}
	if _, _, err := Derive("\xfe\xff\x00a", "", 0); !errors.Is(err, ErrMnemonic) || !strings.Contains(err.Error(), "found UTF-16") {
		t.Errorf("UTF-16: expected a refusal that names it, found %v", err)
	}
}

func TestASurveyTellsKeysFromOtherFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "keys")
	if infos, odd, err := Survey(folder); len(infos) != 0 || odd != nil || err != nil {
		t.Errorf("no folder: expected nothing, found %v, %v, %v", infos, odd, err)
	}
	if _, err := Save(context.Background(), folder, "mine", key(t, 1), []byte(password), SaveOptions{Cost: Light}); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"deposit_data.json": "[]", "Not A Name.json": "{}", "README.txt": "hello", "..data": ""} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	infos, odd, err := Survey(folder)
	if err != nil || len(infos) != 1 || infos[0].Name != "mine" || len(odd) != 2 {
		t.Fatalf("expected one key and two other files, found %v, %v, %v", infos, odd, err)
	}
	if odd[0].Name != "Not A Name" || !errors.Is(odd[0].Err, ErrName) || odd[1].Name != "deposit_data" || !errors.Is(odd[1].Err, ErrFormat) {
		t.Errorf("expected them by name with their reasons, found %v", odd)
	}
	if _, err := List(folder); !errors.Is(err, ErrName) {
		t.Errorf("expected those who must miss no key to get an error, found %v", err)
	}
	if err := Absent(folder, key(t, 2).PublicKey()); err != nil {
		t.Errorf("expected another key to be absent, found %v", err)
	}
}

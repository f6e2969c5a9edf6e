package keymanager_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/voter/keymanager"
	"github.com/dualchain/dualchain/voter/keys"
)

// slow makes imports of a home wait, as if they opened keystores, until they are released.
func (h *home) slow() (began <-chan struct{}, release func()) {
	begin, end := make(chan struct{}, 1), make(chan struct{})
	password := func() ([]byte, error) {
		begin <- struct{}{}
		<-end
		return []byte(ours), nil
	}
	config := keymanager.Config{Folder: h.folder, Domain: domain, Password: password, Cost: keys.Light}
	h.api = keymanager.NewStore(config, h.keyring, h.guard, slog.New(slog.DiscardHandler)).Handler(token)
	return begin, func() { close(end) }
}

// request sends a request with the token, from a client that may go.
func (h *home) request(ctx context.Context, method string, body any) (int, answer) {
	content, err := json.Marshal(body)
	if err != nil {
		h.t.Error(err)
	}
	request := httptest.NewRequestWithContext(ctx, method, keymanager.Path, strings.NewReader(string(content)))
	request.Header.Set("Authorization", "Bearer "+token)
	recorder := httptest.NewRecorder()
	h.api.ServeHTTP(recorder, request)
	var found answer
	if err := json.Unmarshal(recorder.Body.Bytes(), &found); err != nil {
		h.t.Errorf("%s: %v", recorder.Body, err)
	}
	return recorder.Code, found
}

func imports(k key, history string) map[string]any {
	return map[string]any{"keystores": []string{k.keystore}, "passwords": []string{theirs}, "slashing_protection": history}
}

func TestADeletionAndAListWaitForNoImport(t *testing.T) {
	h := newHome(t)
	here, coming := newKey(t, 1), newKey(t, 2)
	h.expect("a key that is here", h.post(here.history(), here), keymanager.Imported)
	began, release := h.slow()
	imported := make(chan answer, 1)
	go func() {
		_, found := h.request(context.Background(), http.MethodPost, imports(coming, coming.history()))
		imported <- found
	}()
	<-began // and it waits for release, so what waits for it never ends
	if code, found := h.ask(http.MethodGet, nil); code != http.StatusOK || len(found.Data) != 1 {
		t.Errorf("list: expected the one key, found %d %+v", code, found)
	}
	fate, _ := h.delete(here, coming)
	h.expect("both are deleted", fate, keymanager.Deleted, keymanager.NotFound)
	release()
	h.expect("the import doesn't take in what was deleted meanwhile", (<-imported).fate(),
		keymanager.Failed+" the key was deleted while it was imported: import it again if it is to vote here")
	if err := h.sign(coming, 5); err == nil {
		t.Error("expected a key that was deleted to sign nothing, found a signature")
	}
	if entries, err := os.ReadDir(h.folder); err != nil || len(entries) != 0 {
		t.Errorf("expected no keystore, found %v, %v", entries, err)
	}
}

func TestAKeyThatWasDeletedBeforeAnImportIsTakenIn(t *testing.T) {
	h := newHome(t)
	k := newKey(t, 1)
	h.delete(k)
	h.expect("import", h.post(k.history(), k), keymanager.Imported)
	h.delete(k)
	h.expect("import again, with news", h.post(k.history(9), k), keymanager.Imported)
}

func TestAnImportEndsWithItsClient(t *testing.T) {
	h := newHome(t)
	k := newKey(t, 1)
	began, release := h.slow()
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		found, _ := h.request(ctx, http.MethodPost, imports(k, k.history()))
		code <- found
	}()
	<-began
	cancel()
	release()
	if found := <-code; found != http.StatusInternalServerError {
		t.Errorf("expected 500, found %d", found)
	}
	if active, err := h.keyring.Keys(t.Context()); err != nil || len(active) != 0 {
		t.Errorf("expected nothing done, found %v, %v", active, err)
	}
}

func TestAHistoryThatIsNoneIsRefusedBeforeKeystoresAreOpened(t *testing.T) {
	h := newHome(t)
	k := newKey(t, 1)
	if code, found := h.ask(http.MethodPost, imports(k, "[]")); code != http.StatusBadRequest {
		t.Errorf("expected 400, found %d %+v", code, found)
	}
}

func TestAPublicKeyMayHaveUpperCaseDigits(t *testing.T) {
	h := newHome(t)
	k := newKey(t, 1)
	h.expect("import", h.post(k.history(), k), keymanager.Imported)
	_, found := h.ask(http.MethodDelete, map[string]any{"pubkeys": []string{"0X" + strings.ToUpper(k.public.String())}})
	h.expect("delete", found.fate(), keymanager.Deleted)
	if code, _ := h.ask(http.MethodDelete, map[string]any{"pubkeys": []string{"0x" + strings.Repeat("G", 96)}}); code != http.StatusBadRequest {
		t.Errorf("no digits: expected 400, found %d", code)
	}
}

func TestAForeignFileStopsNoImport(t *testing.T) {
	h := newHome(t)
	k := newKey(t, 1)
	h.expect("import", h.post(k.history(), k), keymanager.Imported)
	if err := os.WriteFile(filepath.Join(h.folder, "deposit_data.json"), []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := newKey(t, 2)
	h.expect("import beside it", h.post(other.history(), other), keymanager.Imported)
}

// A disk that is full takes no new file. Here the name of the token leaves no room for that of a draft.
func TestATokenThatIsThereNeedsNoRoomOnTheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("t", 250))
	if _, err := keymanager.LoadToken(path); !errors.Is(err, keymanager.ErrToken) {
		t.Fatalf("expected no token to be made, found %v", err)
	}
	for name, content := range map[string]string{"a token": token + "\n", "as Windows writes it": "\ufeff" + token + "\r\n\r\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if found, err := keymanager.LoadToken(path); err != nil || found != token {
			t.Errorf("%s: expected it, found %q, %v", name, found, err)
		}
	}
}

func TestAKeystoreWithoutItsPublicKeyIsTakenInWithIt(t *testing.T) {
	h := newHome(t)
	k := newKey(t, 1)
	k.keystore = strings.Replace(k.keystore, `"pubkey": "`+k.public.String()+`",`, "", 1)
	h.expect("import", h.post(k.history(), k), keymanager.Imported)
	infos, err := keys.List(h.folder)
	if err != nil || !slices.ContainsFunc(infos, func(info keys.Info) bool { return info.PubKey == k.public.String() }) {
		t.Errorf("expected a keystore that names its key, found %v, %v", infos, err)
	}
}

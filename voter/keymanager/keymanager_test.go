package keymanager_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keymanager"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/sign"
)

const (
	ours   = "the home's password"
	theirs = "the sender's password"
	token  = "0123456789abcdef0123456789abcdef"
)

var domain = ffg.Domain("test-1")

// home is a voter's, without keys, that runs and serves the API.
type home struct {
	t       *testing.T
	folder  string
	guard   *guard.Guard
	keyring *sign.Keyring
	api     http.Handler
}

func newHome(t *testing.T) *home {
	t.Helper()
	h := &home{t: t, folder: filepath.Join(t.TempDir(), "keys")}
	path := filepath.Join(t.TempDir(), guard.FileName)
	err := guard.Create(path)
	if err == nil {
		h.guard, err = guard.Open(path)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.guard.Close() })
	h.keyring = sign.NewKeyring(domain, h.guard)
	password := func() ([]byte, error) { return []byte(ours), nil }
	config := keymanager.Config{Folder: h.folder, Domain: domain, Password: password, Cost: keys.Light}
	h.api = keymanager.NewStore(config, h.keyring, h.guard, slog.New(slog.DiscardHandler)).Handler(token)
	return h
}

// ask sends a request with the token and returns the answer.
func (h *home) ask(method string, body any) (code int, answer answer) {
	h.t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	request := httptest.NewRequest(method, keymanager.Path, strings.NewReader(string(content)))
	request.Header.Set("Authorization", "Bearer "+token)
	recorder := httptest.NewRecorder()
	h.api.ServeHTTP(recorder, request)
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		h.t.Fatalf("%s: %v", recorder.Body, err)
	}
	return recorder.Code, answer
}

type answer struct {
	Message string
	Data    []struct {
		Status, Message string
		Key             string `json:"validating_pubkey"`
		Path            string `json:"derivation_path"`
		ReadOnly        *bool
	}
	Protection string `json:"slashing_protection"`
}

// fate returns the statuses in an answer, each with its message.
func (a answer) fate() (out []string) {
	for _, d := range a.Data {
		out = append(out, strings.TrimSpace(d.Status+" "+d.Message))
	}
	return out
}

// key is a key with its keystore, under the sender's password.
type key struct {
	public   ffg.PublicKey
	keystore string
}

func newKey(t *testing.T, seed byte) key {
	t.Helper()
	secret, err := bls.KeyFromSeed(slices.Repeat([]byte{seed}, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	content, err := keys.Encode(context.Background(), secret, []byte(theirs), keys.SaveOptions{Cost: keys.Light, Path: fmt.Sprintf("m/%d", seed)})
	if err != nil {
		t.Fatal(err)
	}
	return key{public: secret.PublicKey().Bytes(), keystore: string(content)}
}

// history is an EIP-3076 file in which a key has signed for these targets, each from the epoch before.
func (k key) history(targets ...uint64) string {
	var votes []string
	for _, target := range targets {
		votes = append(votes, fmt.Sprintf(`{"source_epoch":"%d","target_epoch":"%d"}`, target-1, target))
	}
	return fmt.Sprintf(`{"metadata":{"interchange_format_version":"5","genesis_validators_root":"0x%s"},"data":[{"pubkey":"0x%s","signed_blocks":[],"signed_attestations":[%s]}]}`,
		domain, k.public, strings.Join(votes, ","))
}

func (h *home) post(history string, given ...key) []string {
	h.t.Helper()
	body := map[string]any{"slashing_protection": history}
	var stores, passwords []string
	for _, k := range given {
		stores, passwords = append(stores, k.keystore), append(passwords, theirs)
	}
	body["keystores"], body["passwords"] = stores, passwords
	code, answer := h.ask(http.MethodPost, body)
	if code != http.StatusOK {
		h.t.Fatalf("expected 200, found %d %s", code, answer.Message)
	}
	return answer.fate()
}

func (h *home) delete(given ...key) ([]string, string) {
	h.t.Helper()
	var public []string
	for _, k := range given {
		public = append(public, "0x"+k.public.String())
	}
	code, answer := h.ask(http.MethodDelete, map[string]any{"pubkeys": public})
	if code != http.StatusOK {
		h.t.Fatalf("expected 200, found %d %s", code, answer.Message)
	}
	return answer.fate(), answer.Protection
}

func (h *home) sign(k key, target uint64) error {
	_, err := h.keyring.Sign(h.t.Context(), k.public, ffg.Vote{Source: ffg.Ref{Epoch: target - 1}, Target: ffg.Ref{Epoch: target}})
	return err
}

func (h *home) expect(what string, found []string, want ...string) {
	h.t.Helper()
	matches := func(found, want string) bool { return strings.HasPrefix(found, want) }
	if !slices.EqualFunc(found, want, matches) {
		h.t.Errorf("%s: expected %q, found %q", what, want, found)
	}
}

func TestAKeyComesWithItsHistoryAndGoesWithIt(t *testing.T) {
	h, k := newHome(t), newKey(t, 1)
	h.expect("import", h.post(k.history(7), k), keymanager.Imported)
	if code, listed := h.ask(http.MethodGet, nil); code != http.StatusOK || len(listed.Data) != 1 || listed.Data[0].Key != "0x"+k.public.String() || listed.Data[0].Path != "m/1" {
		t.Errorf("expected the key, found %d %+v", code, listed)
	}
	var floor *guard.BelowFloor
	var conflict *guard.Conflict
	if err := h.sign(k, 7); !errors.As(err, &floor) && !errors.As(err, &conflict) {
		t.Errorf("expected epoch 7 refused, found %v", err)
	}
	if err := h.sign(k, 8); err != nil {
		t.Error(err)
	}
	infos, err := keys.List(h.folder)
	if err != nil || len(infos) != 1 {
		t.Fatalf("expected a keystore, found %v, %v", infos, err)
	}
	if secret, err := keys.Load(context.Background(), h.folder, infos[0].Name, []byte(ours)); err != nil || ffg.PublicKey(secret.PublicKey().Bytes()) != k.public {
		t.Errorf("expected the keystore under the home's password, found %v", err)
	}
	h.expect("import again", h.post("", k), keymanager.Duplicate)

	fate, history := h.delete(k)
	h.expect("delete", fate, keymanager.Deleted)
	if !strings.Contains(history, `"target_epoch": "8"`) {
		t.Errorf("expected the history up to epoch 8, found %s", history)
	}
	if err := h.sign(k, 9); !errors.Is(err, sign.ErrNoKey) {
		t.Errorf("expected %v, found %v", sign.ErrNoKey, err)
	}
	if infos, err := keys.List(h.folder); err != nil || len(infos) != 0 {
		t.Errorf("expected no keystore, found %v, %v", infos, err)
	}
	if !h.guard.Retired(k.public) {
		t.Error("expected slashing protection to refuse the key from now on")
	}
	again, same := h.delete(k)
	h.expect("delete again", again, keymanager.NotActive)
	if same != history {
		t.Errorf("expected the same history, found %s", same)
	}

	h.expect("back with what it signed here", h.post(history, k), keymanager.Failed+" key retired")
	h.expect("back without a history", h.post("", k), keymanager.Failed+" key retired")
	h.expect("back with what it signed elsewhere", h.post(k.history(20), k), keymanager.Imported)
	if err := h.sign(k, 20); err == nil {
		t.Error("expected epoch 20 refused")
	}
	if err := h.sign(k, 21); err != nil {
		t.Error(err)
	}
}

func TestEveryStatus(t *testing.T) {
	h, first, second, third := newHome(t), newKey(t, 1), newKey(t, 2), newKey(t, 3)
	h.expect("no history", h.post("", first), keymanager.Failed+" no slashing protection")
	h.expect("one that has never voted, and one without history", h.post(first.history(), first, second), keymanager.Imported, keymanager.Failed)
	h.expect("twice in a request", h.post(second.history(), second, second), keymanager.Imported, keymanager.Duplicate)
	damaged := key{public: third.public, keystore: strings.Replace(third.keystore, `"version": 4`, `"version": 3`, 1)}
	h.expect("twice without history", h.post("", third, third), keymanager.Failed+" no slashing protection", keymanager.Failed+" no slashing protection")
	h.expect("a damaged keystore", h.post(third.history(), damaged), keymanager.Failed+" invalid keystore")
	code, wrong := h.ask(http.MethodPost, map[string]any{"keystores": []string{third.keystore}, "passwords": []string{"wrong"}})
	if code != http.StatusOK {
		t.Errorf("expected 200, found %d", code)
	}
	h.expect("a wrong password", wrong.fate(), keymanager.Failed+" wrong password")
	if code, listed := h.ask(http.MethodGet, nil); code != http.StatusOK || len(listed.Data) != 2 {
		t.Errorf("expected two keys, found %+v", listed)
	}

	unknown := newKey(t, 9)
	fate, _ := h.delete(first, unknown, third, first)
	h.expect("delete", fate, keymanager.Deleted, keymanager.NotFound, keymanager.NotFound, keymanager.NotActive)
	_, history := h.delete(unknown)
	if !strings.Contains(history, `"data":[]`) || strings.Contains(history, second.public.String()) {
		t.Errorf("expected an empty history, found %s", history)
	}
	if err := h.sign(second, 1); err != nil {
		t.Errorf("expected the other key to sign, found %v", err)
	}
}

func TestAKeystoreThatCannotBeSavedChangesNothing(t *testing.T) {
	h, k := newHome(t), newKey(t, 1)
	h.expect("import", h.post(k.history(), k), keymanager.Imported)
	h.delete(k)
	if _, err := keys.SaveKeystore(h.folder, k.public.String()[:16], []byte(newKey(t, 2).keystore)); err != nil { // its name is taken
		t.Fatal(err)
	}
	h.expect("import again", h.post(k.history(5), k), keymanager.Failed+" save key")
	if err := h.sign(k, 6); !errors.Is(err, sign.ErrNoKey) || !h.guard.Retired(k.public) {
		t.Errorf("expected the key to stay retired, found %v", err)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	h, k := newHome(t), newKey(t, 1)
	other := strings.Replace(k.history(), domain.String(), ffg.Domain("other-1").String(), 1)
	for name, tc := range map[string]struct {
		method string
		body   any
		code   int
		says   string
	}{
		"fewer passwords":    {http.MethodPost, map[string]any{"keystores": []string{k.keystore}}, http.StatusBadRequest, "found 1 and 0"},
		"too many":           {http.MethodPost, map[string]any{"keystores": make([]string, 101), "passwords": make([]string, 101)}, http.StatusBadRequest, "up to 100 keystores"},
		"another chain":      {http.MethodPost, map[string]any{"slashing_protection": other}, http.StatusBadRequest, guard.ErrDomain.Error()},
		"no history":         {http.MethodPost, map[string]any{"slashing_protection": "{}"}, http.StatusBadRequest, guard.ErrInterchange.Error()},
		"no object":          {http.MethodPost, "text", http.StatusBadRequest, "expected a JSON body"},
		"too large":          {http.MethodPost, map[string]any{"slashing_protection": strings.Repeat(" ", 90<<20)}, http.StatusRequestEntityTooLarge, "expected at most"},
		"no key":             {http.MethodDelete, map[string]any{"pubkeys": []string{"0x12"}}, http.StatusBadRequest, "pubkeys[0]"},
		"too many to delete": {http.MethodDelete, map[string]any{"pubkeys": make([]string, 101)}, http.StatusBadRequest, "up to 100 pubkeys"},
	} {
		if code, answer := h.ask(tc.method, tc.body); code != tc.code || !strings.Contains(answer.Message, tc.says) {
			t.Errorf("%s: expected %d with %q, found %d %q", name, tc.code, tc.says, code, answer.Message)
		}
	}
	if known, err := h.guard.Knows(domain, k.public); err != nil || known {
		t.Errorf("expected nothing changed, found the key known %t, %v", known, err)
	}
}

func TestNobodyWithoutTheTokenIsAnswered(t *testing.T) {
	h := newHome(t)
	for header, want := range map[string]int{
		"":                      http.StatusUnauthorized,
		"Bearer ":               http.StatusUnauthorized,
		"Bearer " + token[1:]:   http.StatusUnauthorized,
		"Bearer " + token + "0": http.StatusUnauthorized,
		"Basic " + token:        http.StatusUnauthorized,
		token:                   http.StatusUnauthorized,
		"Bearer " + token:       http.StatusOK,
		"bearer " + token:       http.StatusOK,
		"BEARER  " + token:      http.StatusOK,
		"Bearer" + token:        http.StatusUnauthorized,
		"Token " + token:        http.StatusUnauthorized,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			request := httptest.NewRequest(method, keymanager.Path, strings.NewReader("{}"))
			request.Header.Set("Authorization", header)
			recorder := httptest.NewRecorder()
			h.api.ServeHTTP(recorder, request)
			if recorder.Code != want {
				t.Errorf("%s with %q: expected %d, found %d", method, header, want, recorder.Code)
			}
		}
	}
}

func TestTheTokenIsMadeOnceAndKeptPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), keymanager.TokenFile)
	made, err := keymanager.LoadToken(path)
	if err != nil || len(made) != 64 {
		t.Fatalf("expected 64 digits, found %q, %v", made, err)
	}
	if again, err := keymanager.LoadToken(path); err != nil || again != made {
		t.Errorf("expected the same token, found %q, %v", again, err)
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("expected mode 0600, found %v, %v", stat, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := keymanager.LoadToken(path); !errors.Is(err, keymanager.ErrToken) {
		t.Errorf("a file that others read: expected %v, found %v", keymanager.ErrToken, err)
	}
	for length, want := range map[int]error{31: keymanager.ErrToken, 32: nil} {
		path := filepath.Join(t.TempDir(), "own")
		if err := os.WriteFile(path, []byte(strings.Repeat("x", length)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := keymanager.LoadToken(path); !errors.Is(err, want) {
			t.Errorf("%d characters: expected %v, found %v", length, want, err)
		}
	}
}

func TestWithoutAPasswordNothingIsImported(t *testing.T) {
	h, k := newHome(t), newKey(t, 1)
	none := func() ([]byte, error) { return nil, keys.ErrNoPassword }
	store := keymanager.NewStore(keymanager.Config{Folder: h.folder, Domain: domain, Password: none}, h.keyring, h.guard, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if _, err := store.Import(t.Context(), []string{k.keystore}, []string{theirs}, []byte(k.history())); !errors.Is(err, keys.ErrNoPassword) {
		t.Errorf("expected %v, found %v", keys.ErrNoPassword, err)
	}
	if known, err := h.guard.Knows(domain, k.public); err != nil || known {
		t.Errorf("expected nothing changed, found the key known %t, %v", known, err)
	}
}

package keymanager_test

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keymanager"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/sign"
)

func TestAKeyThatVotedElsewhereComesBackWithItsNewVotesOnly(t *testing.T) {
	a, b, k := newHome(t), newHome(t), newKey(t, 1)
	a.expect("import", a.post(k.history(), k), keymanager.Imported)
	if err := a.sign(k, 1); err != nil {
		t.Fatal(err)
	}
	_, own := a.delete(k)
	b.expect("import there", b.post(own, k), keymanager.Imported)
	if err := b.sign(k, 5); err != nil {
		t.Fatal(err)
	}
	for name, history := range map[string]string{"none": "", "an empty list": k.history(), "its own": own, "an older one": k.history(1)} {
		found := a.post(history, k)
		a.expect(name, found, keymanager.Failed+" key retired")
		if !strings.Contains(found[0], "'voter keys import' and run 'voter guard import FILE --"+guard.NoOtherMachineFlag) {
			t.Errorf("%s: expected what to do, found %s", name, found[0])
		}
	}
	_, theirs := b.delete(k)
	a.expect("theirs", a.post(theirs, k), keymanager.Imported)
	if err := a.sign(k, 5); err != nil {
		t.Errorf("the vote that was signed there: expected it again, found %v", err)
	}
	double := ffg.Vote{Source: ffg.Ref{Epoch: 4}, Target: ffg.Ref{Epoch: 5, Root: ffg.Root{1}}}
	if _, err := a.keyring.Sign(t.Context(), k.public, double); err == nil {
		t.Error("a double vote of it: expected a refusal, found none")
	}
}

func TestAKeyThatVotedHereHasNoEmptyHistory(t *testing.T) {
	h, k := newHome(t), newKey(t, 1)
	if _, err := h.guard.Import(domain, []byte(k.history(7))); err != nil {
		t.Fatal(err)
	}
	h.expect("an empty list", h.post(k.history(), k), keymanager.Failed+" no slashing protection for this key: expected the votes")
	h.expect("nothing", h.post("", k), keymanager.Failed+" no slashing protection for this key: expected key")
	h.expect("its votes", h.post(k.history(7), k), keymanager.Imported)
}

// crashing is a guard whose process ends when keys are received: before that, or afterwards.
type crashing struct {
	*guard.Guard
	after bool
}

func (c crashing) Receive(domain ffg.Root, content []byte, keys []ffg.PublicKey) (guard.Report, error) {
	if c.after {
		_, _ = c.Guard.Receive(domain, content, keys)
	}
	panic("crash")
}

func TestAKeyIsBackWithItsKeystoreOrNotAtAll(t *testing.T) {
	for _, after := range []bool{false, true} {
		h, k := newHome(t), newKey(t, 1)
		h.expect("import", h.post(k.history(), k), keymanager.Imported)
		h.delete(k)
		password := func() ([]byte, error) { return []byte(ours), nil }
		config := keymanager.Config{Folder: h.folder, Domain: domain, Password: password, Cost: keys.Light}
		store := keymanager.NewStore(config, h.keyring, crashing{h.guard, after}, slog.New(slog.DiscardHandler))
		func() {
			defer func() { _ = recover() }()
			_, _ = store.Import(t.Context(), []string{k.keystore}, []string{theirs}, []byte(k.history(20)))
		}()
		if infos, err := keys.List(h.folder); err != nil || len(infos) != 1 || h.guard.Retired(k.public) == after {
			t.Errorf("after %t: expected the keystore, and the key retired until it is received, found %v, %v, retired %t", after, infos, err, h.guard.Retired(k.public))
		}
	}
}

// unwell is a guard on a disk that is full.
type unwell struct{ *guard.Guard }

func (unwell) Receive(ffg.Root, []byte, []ffg.PublicKey) (guard.Report, error) {
	return guard.Report{}, guard.ErrStorage
}

func TestWhatIsNotReceivedLeavesNoKeystore(t *testing.T) {
	h, k := newHome(t), newKey(t, 1)
	password := func() ([]byte, error) { return []byte(ours), nil }
	config := keymanager.Config{Folder: h.folder, Domain: domain, Password: password, Cost: keys.Light}
	store := keymanager.NewStore(config, h.keyring, unwell{h.guard}, slog.New(slog.DiscardHandler))
	if _, err := store.Import(t.Context(), []string{k.keystore}, []string{theirs}, []byte(k.history())); !errors.Is(err, guard.ErrStorage) {
		t.Errorf("expected %v, found %v", guard.ErrStorage, err)
	}
	if infos, err := keys.List(h.folder); err != nil || len(infos) != 0 {
		t.Errorf("expected no keystore, found %v, %v", infos, err)
	}
	if active, err := h.keyring.Keys(t.Context()); err != nil || len(active) != 0 {
		t.Errorf("expected no key, found %v, %v", active, err)
	}
}

func TestAWrongPasswordDoesNotUseTheHistoryUp(t *testing.T) {
	h, k := newHome(t), newKey(t, 1)
	h.expect("import", h.post(k.history(), k), keymanager.Imported)
	h.delete(k)
	_, wrong := h.ask(http.MethodPost, map[string]any{"keystores": []string{k.keystore}, "passwords": []string{"wrong"}, "slashing_protection": k.history(5)})
	h.expect("a wrong password", wrong.fate(), keymanager.Failed+" wrong password")
	h.expect("the right one", h.post(k.history(5), k), keymanager.Imported)
}

// DELETE is the emergency stop: it depends on no other file.
func TestAKeyStopsWhateverElseIsInTheFolder(t *testing.T) {
	for name, spoil := range map[string]func(h *home, file string) error{
		"notes": func(h *home, _ string) error {
			return os.WriteFile(filepath.Join(h.folder, "notes.json"), []byte("{}"), 0o600)
		},
		"an open mode":  func(_ *home, file string) error { return os.Chmod(file, 0o644) },
		"an odd folder": func(h *home, _ string) error { return os.Mkdir(filepath.Join(h.folder, "old.json"), 0o700) },
	} {
		h, k := newHome(t), newKey(t, 1)
		h.expect("import", h.post(k.history(7), k), keymanager.Imported)
		file := filepath.Join(h.folder, k.public.String()[:16]+".json")
		if err := spoil(h, file); err != nil {
			t.Fatal(err)
		}
		if code, listed := h.ask(http.MethodGet, nil); code != http.StatusOK || len(listed.Data) != 1 {
			t.Errorf("%s: expected the key listed, found %d %+v", name, code, listed)
		}
		fate, history := h.delete(k)
		h.expect(name, fate, keymanager.Failed)
		if !strings.Contains(fate[0], "signs nothing here any more") || !strings.Contains(history, `"target_epoch": "7"`) {
			t.Errorf("%s: expected that it is stopped, and its history, found %s and %s", name, fate[0], history)
		}
		if err := h.sign(k, 8); !errors.Is(err, sign.ErrNoKey) || !h.guard.Retired(k.public) {
			t.Errorf("%s: expected %v, found %v", name, sign.ErrNoKey, err)
		}
		if _, err := os.Stat(file); name != "an open mode" && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: expected no keystore, found %v", name, err)
		}
	}
}

func TestAKeyWithTwoKeystoresLosesBoth(t *testing.T) {
	h, k := newHome(t), newKey(t, 1)
	h.expect("import", h.post(k.history(), k), keymanager.Imported)
	if _, err := keys.SaveKeystore(h.folder, "copy", []byte(k.keystore)); err != nil {
		t.Fatal(err)
	}
	fate, _ := h.delete(k, k)
	h.expect("delete", fate, keymanager.Deleted, keymanager.NotActive)
	if infos, err := keys.List(h.folder); err != nil || len(infos) != 0 {
		t.Errorf("expected no keystore, found %v, %v", infos, err)
	}
}

package sign

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/ffg"
)

var domain = ffg.Domain("test-1")

func vote(source, target uint64) ffg.Vote {
	return ffg.Vote{Source: ffg.Ref{Epoch: source}, Target: ffg.Ref{Epoch: target}}
}

// record is a guard that writes down what it is asked, and refuses with err.
type record struct {
	mu    sync.Mutex
	asked []ffg.Vote
	key   ffg.PublicKey
	in    ffg.Root
	err   error
}

func (r *record) Approve(in ffg.Root, key ffg.PublicKey, v ffg.Vote) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.key, r.in = append(r.asked, v), key, in
	return r.err
}

// newKeyring returns a keyring with one key, and the key.
func newKeyring(t *testing.T, guard Guard) (*Keyring, *bls.PublicKey) {
	t.Helper()
	k, secret := NewKeyring(domain, guard), newSecret(t, 0)
	if err := k.Add(secret); err != nil {
		t.Fatal(err)
	}
	return k, secret.PublicKey()
}

func newSecret(t *testing.T, seed byte) *bls.SecretKey {
	t.Helper()
	secret, err := bls.KeyFromSeed(bytes.Repeat([]byte{seed}, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestSignAsksTheGuardAndSigns(t *testing.T) {
	guard := &record{}
	signer, public := newKeyring(t, guard)
	first, err := signer.Sign(t.Context(), public.Bytes(), vote(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := bls.Verify(public, vote(0, 1).SigningRoot(domain), first); err != nil {
		t.Error(err)
	}
	if len(guard.asked) != 1 || guard.asked[0] != vote(0, 1) || guard.key != public.Bytes() || guard.in != domain {
		t.Errorf("expected the guard asked for the vote, key and domain, found %+v", guard)
	}
	if again, err := signer.Sign(t.Context(), public.Bytes(), vote(0, 1)); err != nil || again != first {
		t.Errorf("again: expected the same signature, found %x, %v", again, err)
	}
}

func TestNoSignatureWithoutApproval(t *testing.T) {
	refusal := errors.New("no")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tc := range map[string]struct {
		ctx   context.Context
		guard *record
		close bool
		want  error
		asked int
	}{
		"refused by the guard": {ctx: t.Context(), guard: &record{err: refusal}, want: refusal, asked: 1},
		"canceled":             {ctx: canceled, guard: &record{}, want: context.Canceled},
		"closed":               {ctx: t.Context(), guard: &record{}, close: true, want: ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			signer, public := newKeyring(t, tc.guard)
			if tc.close {
				signer.Close()
			}
			signature, err := signer.Sign(tc.ctx, public.Bytes(), vote(0, 1))
			if !errors.Is(err, tc.want) || signature != (ffg.Signature{}) || len(tc.guard.asked) != tc.asked {
				t.Errorf("expected %v and %d questions, found %v, %d and signature %x", tc.want, tc.asked, err, len(tc.guard.asked), signature)
			}
		})
	}
}

func TestCloseZeroesTheKey(t *testing.T) {
	signer, public := newKeyring(t, &record{})
	secret := signer.secrets[public.Bytes()]
	signer.Close()
	if raw := secret.Bytes(); raw != [bls.SecretKeySize]byte{} {
		t.Error("expected a zeroed key, found something else")
	}
	signer.Close() // again is harmless
}

func TestAKeyringTakesOnlyKeys(t *testing.T) {
	zeroed := newSecret(t, 0)
	zeroed.Zero()
	for name, secret := range map[string]*bls.SecretKey{"nil": nil, "zeroed": zeroed} {
		if err := NewKeyring(domain, &record{}).Add(secret); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: expected %v, found %v", name, ErrNoKey, err)
		}
	}
}

func TestKeysComeAndGo(t *testing.T) {
	k, first := newKeyring(t, &record{})
	other := newSecret(t, 1)
	second := other.PublicKey()
	if err := k.Add(other); err != nil {
		t.Fatal(err)
	}
	if err := k.Add(newSecret(t, 1)); err != nil {
		t.Errorf("a key again: expected no error, found %v", err)
	}
	want := []ffg.PublicKey{first.Bytes(), second.Bytes()}
	slices.SortFunc(want, func(a, b ffg.PublicKey) int { return bytes.Compare(a[:], b[:]) })
	if found, err := k.Keys(t.Context()); err != nil || !slices.Equal(found, want) {
		t.Errorf("expected %v, found %v, %v", want, found, err)
	}
	if !k.Remove(second.Bytes()) || k.Remove(second.Bytes()) {
		t.Error("expected the key there once")
	}
	if raw := other.Bytes(); raw != [bls.SecretKeySize]byte{} {
		t.Error("expected a removed key zeroed, found something else")
	}
	if _, err := k.Sign(t.Context(), second.Bytes(), vote(0, 1)); !errors.Is(err, ErrNoKey) {
		t.Errorf("expected %v, found %v", ErrNoKey, err)
	}
	k.Close()
	late := newSecret(t, 2)
	if err := k.Add(late); !errors.Is(err, ErrClosed) || late.Bytes() != [bls.SecretKeySize]byte{} {
		t.Errorf("expected %v and a zeroed key, found %v", ErrClosed, err)
	}
}

func TestCloseWaitsForNoSignatureOfAZeroedKey(t *testing.T) {
	signer, public := newKeyring(t, &record{})
	var wg sync.WaitGroup
	for epoch := range uint64(8) {
		wg.Go(func() {
			v := vote(epoch, epoch+1)
			signature, err := signer.Sign(context.Background(), public.Bytes(), v)
			if errors.Is(err, ErrClosed) {
				return
			}
			if err := errors.Join(err, bls.Verify(public, v.SigningRoot(domain), signature)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(signer.Close)
	wg.Wait()
}

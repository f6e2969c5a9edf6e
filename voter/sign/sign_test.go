package sign

import (
	"context"
	"errors"
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

func newLocal(t *testing.T, guard Guard) (*Local, *bls.PublicKey) {
	t.Helper()
	secret, err := bls.KeyFromSeed(make([]byte, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLocal(secret, domain, guard)
	if err != nil {
		t.Fatal(err)
	}
	return l, secret.PublicKey()
}

func TestSignAsksTheGuardAndSigns(t *testing.T) {
	guard := &record{}
	signer, public := newLocal(t, guard)
	first, err := signer.Sign(t.Context(), vote(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := bls.Verify(public, vote(0, 1).SigningRoot(domain), first); err != nil {
		t.Error(err)
	}
	if len(guard.asked) != 1 || guard.asked[0] != vote(0, 1) || guard.key != public.Bytes() || guard.in != domain || signer.PublicKey() != guard.key {
		t.Errorf("expected the guard asked for the vote, key and domain, found %+v", guard)
	}
	if again, err := signer.Sign(t.Context(), vote(0, 1)); err != nil || again != first {
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
			signer, _ := newLocal(t, tc.guard)
			if tc.close {
				signer.Close()
			}
			signature, err := signer.Sign(tc.ctx, vote(0, 1))
			if !errors.Is(err, tc.want) || signature != (ffg.Signature{}) || len(tc.guard.asked) != tc.asked {
				t.Errorf("expected %v and %d questions, found %v, %d and signature %x", tc.want, tc.asked, err, len(tc.guard.asked), signature)
			}
		})
	}
}

func TestCloseZeroesTheKey(t *testing.T) {
	signer, _ := newLocal(t, &record{})
	secret := signer.secret
	signer.Close()
	if raw := secret.Bytes(); raw != [bls.SecretKeySize]byte{} {
		t.Error("expected a zeroed key, found something else")
	}
	signer.Close() // again is harmless
}

func TestASignerNeedsAKey(t *testing.T) {
	zeroed, err := bls.KeyFromSeed(make([]byte, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	zeroed.Zero()
	for name, secret := range map[string]*bls.SecretKey{"nil": nil, "zeroed": zeroed} {
		if _, err := NewLocal(secret, domain, &record{}); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: expected %v, found %v", name, ErrNoKey, err)
		}
	}
}

func TestCloseWaitsForNoSignatureOfAZeroedKey(t *testing.T) {
	signer, public := newLocal(t, &record{})
	var wg sync.WaitGroup
	for epoch := range uint64(8) {
		wg.Go(func() {
			v := vote(epoch, epoch+1)
			signature, err := signer.Sign(context.Background(), v)
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

package sign

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
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
	votes map[uint64]guard.Record // by target
	floor guard.Floor
}

func (r *record) Lookup(_ ffg.Root, _ ffg.PublicKey, target uint64) (guard.Record, bool, error) {
	return r.votes[target], r.votes[target].Target > 0, r.err
}

func (r *record) Latest(ffg.Root, ffg.PublicKey) (guard.Record, bool, error) {
	var latest guard.Record
	for _, vote := range r.votes {
		if vote.Target > latest.Target {
			latest = vote
		}
	}
	return latest, latest.Target > 0, r.err
}

func (r *record) FloorOf(ffg.Root, ffg.PublicKey) (guard.Floor, error) { return r.floor, r.err }

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

func TestThePastIsWhatTheGuardRemembers(t *testing.T) {
	some := map[uint64]guard.Record{7: {Target: 7}, 9: {Target: 9}}
	for name, tc := range map[string]struct {
		votes  map[uint64]guard.Record
		floor  guard.Floor
		target uint64
		want   Past
	}{
		"nothing":              {target: 7},
		"that epoch":           {votes: some, target: 7, want: Past{Signed: true, Latest: 9}},
		"another epoch":        {votes: some, target: 8, want: Past{Latest: 9}},
		"at the floor":         {votes: some, floor: guard.Floor{Target: 5}, target: 5, want: Past{Signed: true, Latest: 9}},
		"above the floor":      {votes: some, floor: guard.Floor{Target: 5}, target: 6, want: Past{Latest: 9}},
		"a floor and no votes": {floor: guard.Floor{Target: 5}, target: 6, want: Past{Latest: 5}},
		"a floor above a vote": {votes: some, floor: guard.Floor{Target: 12}, target: 13, want: Past{Latest: 12}},
	} {
		k, public := newKeyring(t, &record{votes: tc.votes, floor: tc.floor})
		if past, err := k.Past(t.Context(), public.Bytes(), tc.target); err != nil || past != tc.want {
			t.Errorf("%s: expected %+v, found %+v, %v", name, tc.want, past, err)
		}
	}
	lost := errors.New("lost")
	k, public := newKeyring(t, &record{err: lost})
	if _, err := k.Past(t.Context(), public.Bytes(), 1); !errors.Is(err, lost) {
		t.Errorf("expected %v, found %v", lost, err)
	}
}

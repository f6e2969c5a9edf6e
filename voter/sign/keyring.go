// Package sign makes signatures on votes. What signs also guards: there is no way to a signature around the guard.
package sign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
)

// Errors of a Keyring.
var (
	// ErrClosed: the keyring was closed and its keys are gone.
	ErrClosed = errors.New("signer is closed")
	// ErrNoKey: the secret key is nil or was zeroed, or the keyring doesn't have it.
	ErrNoKey = errors.New("no secret key")
)

// Guard approves votes and remembers them: package guard.
type Guard interface {
	// Approve is asked before a vote is signed; its record of the vote is durable when it returns nil.
	Approve(domain ffg.Root, key ffg.PublicKey, vote ffg.Vote) error
	Lookup(domain ffg.Root, key ffg.PublicKey, target uint64) (guard.Record, bool, error)
	Latest(domain ffg.Root, key ffg.PublicKey) (guard.Record, bool, error)
	FloorOf(domain ffg.Root, key ffg.PublicKey) (guard.Floor, error)
}

// Keyring signs with keys in this process's memory, for one chain. It may be called from many goroutines.
type Keyring struct {
	guard  Guard
	domain ffg.Root

	mu      sync.RWMutex // held for reading while a key is in use
	secrets map[ffg.PublicKey]*bls.SecretKey
	closed  bool
}

// NewKeyring returns a keyring without keys for the chain with this domain.
func NewKeyring(domain ffg.Root, guard Guard) *Keyring {
	return &Keyring{guard: guard, domain: domain, secrets: map[ffg.PublicKey]*bls.SecretKey{}}
}

// Add takes a key over: Remove and Close zero it. A key that is there already stays, and the new copy is zeroed.
// Errors: ErrNoKey, ErrClosed.
func (k *Keyring) Add(secret *bls.SecretKey) error {
	public := secret.PublicKey()
	if public == nil {
		return fmt.Errorf("add key: %w: expected a secret key, found none", ErrNoKey)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		secret.Zero()
		return fmt.Errorf("add key: %w", ErrClosed)
	}
	key := ffg.PublicKey(public.Bytes())
	if _, known := k.secrets[key]; known {
		secret.Zero()
		return nil
	}
	k.secrets[key] = secret
	return nil
}

// Remove waits for signatures under way and zeroes a key; it reports whether the key was there.
func (k *Keyring) Remove(key ffg.PublicKey) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	secret, known := k.secrets[key]
	secret.Zero()
	delete(k.secrets, key)
	return known
}

// Keys returns the public keys, ascending.
func (k *Keyring) Keys(context.Context) ([]ffg.PublicKey, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return slices.SortedFunc(maps.Keys(k.secrets), func(a, b ffg.PublicKey) int { return bytes.Compare(a[:], b[:]) }), nil
}

// Sign returns a key's signature on a vote, after the guard has approved and recorded it. Signing a vote again gives
// the same signature. Errors: the guard's, the context's before anything is recorded, ErrNoKey, ErrClosed.
func (k *Keyring) Sign(ctx context.Context, key ffg.PublicKey, vote ffg.Vote) (ffg.Signature, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	secret, known := k.secrets[key]
	switch {
	case k.closed:
		return ffg.Signature{}, fmt.Errorf("sign vote: %w", ErrClosed)
	case !known:
		return ffg.Signature{}, fmt.Errorf("sign vote: %w for %s", ErrNoKey, key)
	}
	if err := ctx.Err(); err != nil {
		return ffg.Signature{}, fmt.Errorf("sign vote: %w", err)
	}
	if err := k.guard.Approve(k.domain, key, vote); err != nil {
		return ffg.Signature{}, fmt.Errorf("sign vote: %w", err)
	}
	return secret.Sign(vote.SigningRoot(k.domain)), nil
}

// Close waits for signatures under way and zeroes all keys.
func (k *Keyring) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, secret := range k.secrets {
		secret.Zero()
	}
	clear(k.secrets)
	k.closed = true
}

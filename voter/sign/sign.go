// Package sign makes signatures on votes. What signs also guards: there is no way to a signature around the guard.
package sign

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/ffg"
)

// ErrClosed: the signer was closed and its key is gone.
var ErrClosed = errors.New("signer is closed")

// ErrNoKey: the secret key is nil or was zeroed.
var ErrNoKey = errors.New("no secret key")

// Guard approves a vote before it is signed; its record of it is durable when it returns nil.
type Guard interface {
	Approve(domain ffg.Root, key ffg.PublicKey, vote ffg.Vote) error
}

// Local signs with a key in this process's memory, for one chain. It may be called from many goroutines.
type Local struct {
	guard  Guard
	domain ffg.Root
	public ffg.PublicKey

	mu     sync.RWMutex // held for reading while the key is in use
	secret *bls.SecretKey
}

// NewLocal takes the key over: Close zeroes it. Errors: ErrNoKey.
func NewLocal(secret *bls.SecretKey, domain ffg.Root, guard Guard) (*Local, error) {
	public := secret.PublicKey()
	if public == nil {
		return nil, fmt.Errorf("make signer: %w", ErrNoKey)
	}
	return &Local{guard: guard, domain: domain, public: public.Bytes(), secret: secret}, nil
}

// PublicKey returns the key that verifies the signatures.
func (l *Local) PublicKey() ffg.PublicKey { return l.public }

// Sign returns the signature on a vote, after the guard has approved and recorded it. Signing a vote again gives the
// same signature. Errors: the guard's, the context's before anything is recorded, ErrClosed.
func (l *Local) Sign(ctx context.Context, vote ffg.Vote) (ffg.Signature, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.secret == nil {
		return ffg.Signature{}, fmt.Errorf("sign vote: %w", ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return ffg.Signature{}, fmt.Errorf("sign vote: %w", err)
	}
	if err := l.guard.Approve(l.domain, l.public, vote); err != nil {
		return ffg.Signature{}, fmt.Errorf("sign vote: %w", err)
	}
	return l.secret.Sign(vote.SigningRoot(l.domain)), nil
}

// Close waits for signatures under way and zeroes the key.
func (l *Local) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.secret.Zero()
	l.secret = nil
}

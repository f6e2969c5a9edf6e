// Package signerd puts keys and their slashing protection into a process of their own, which voter clients on other
// machines use in place of local keys. Server and client are here, and the certificates by which they know each other.
//
// Slashing protection is on the signer's side, so any number of voters may use one signer at the same time. Two requests for the
// same vote get the same signature, and a vote that conflicts with it gets none.
package signerd

import (
	"context"
	"errors"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/sign"
)

// Errors of a Client and of Serve. A Client also returns the errors of packages sign and guard that the signer's process had.
var (
	// ErrUnavailable: no answer from the signer. A retry may succeed; the vote may have been recorded.
	ErrUnavailable = errors.New("signer is unavailable")
	// ErrOtherChain: the signer is for another chain.
	ErrOtherChain = errors.New("signer of another chain")
	// ErrDenied: the signer doesn't allow this client.
	ErrDenied = errors.New("client is not allowed")
	// ErrRequest: the signer can't read the request.
	ErrRequest = errors.New("malformed request")
	// ErrCertificate: a certificate or its key can't be used.
	ErrCertificate = errors.New("invalid certificate")
	// ErrAnswer: the client can't read the signer's answer.
	ErrAnswer = errors.New("malformed answer of the signer")
)

// Keyring signs votes. A signer serves one, a *sign.Keyring, and a Client is one.
type Keyring interface {
	Keys(ctx context.Context) ([]ffg.PublicKey, error)
	Sign(ctx context.Context, key ffg.PublicKey, vote ffg.Vote) (ffg.Signature, error)
	Past(ctx context.Context, key ffg.PublicKey, target uint64) (sign.Past, error)
}

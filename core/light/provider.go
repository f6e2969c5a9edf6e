package light

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// Errors of a Provider that answers.
var (
	// ErrNotFound: the provider does not have what it was asked for.
	ErrNotFound = errors.New("the provider does not have it")
	// ErrNotFinal: the provider will have it once it is final. It wraps ErrNotFound.
	ErrNotFinal = fmt.Errorf("%w yet: it is not final", ErrNotFound)
	// ErrInvalidRequest: the request names something that can never be proven.
	ErrInvalidRequest = errors.New("invalid request")
)

// Provider gives proofs: usually it is a node. It is not trusted, since everything that it returns is verified. Lists are oldest
// first and may be one page of several; more says that another page follows. Errors wrap ErrNotFound, ErrNotFinal or
// ErrInvalidRequest, or say why the provider could not be asked.
type Provider interface {
	// Name identifies the provider in errors and logs.
	Name() string
	// ChainID returns the id of the provider's chain.
	ChainID(ctx context.Context) (string, error)
	// UnbondingTime returns the chain's unbonding time.
	UnbondingTime(ctx context.Context) (time.Duration, error)
	// TrustPoint returns a final checkpoint with its members.
	TrustPoint(ctx context.Context, epoch uint64) (cert.Trust, error)
	// HandOvers returns what a skipping client needs after a pair.
	HandOvers(ctx context.Context, pair uint64) (handOvers []cert.HandOver, more bool, err error)
	// Follow returns what a following client needs after an epoch.
	Follow(ctx context.Context, epoch uint64) (handOvers []cert.HandOver, more bool, err error)
	// Certificate returns the certificate of the first final checkpoint at or above an epoch.
	Certificate(ctx context.Context, epoch uint64) (cert.Certificate, error)
	// Newest returns the certificate of the newest final checkpoint.
	Newest(ctx context.Context) (cert.Certificate, error)
	// Prove returns a proof that starts at a checkpoint; members asks for that checkpoint and its members as well.
	Prove(ctx context.Context, request Request, epoch uint64, members bool) (cert.Proof, error)
	// Consistency returns the path that proves that the history of the first `to` blocks begins with that of the first `from`.
	Consistency(ctx context.Context, from, to uint64) ([]ffg.Root, error)
}

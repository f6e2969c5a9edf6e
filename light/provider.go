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
	// ErrNotThere: it doesn't have what was asked for.
	ErrNotThere = errors.New("the node does not have it")
	// ErrNotFinal: it will have it, once that is final. It is an ErrNotThere.
	ErrNotFinal = fmt.Errorf("%w yet", ErrNotThere)
	// errQuestion: what was asked names nothing that could ever be proven.
	errQuestion = errors.New("invalid request")
)

// Provider is a node that is asked for proofs. It is not trusted: everything that it returns is verified. Lists are oldest
// first and may be cut short; more says that there is more after them. Errors wrap ErrNotThere or
// ErrNotFinal, or say why the node could not be asked.
type Provider interface {
	// Name says which node it is.
	Name() string
	// ChainID returns what the node says that its chain is.
	ChainID(ctx context.Context) (string, error)
	// UnbondingTime returns what the node says that the chain's is.
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
	// Prove returns a proof from a checkpoint on; members asks for the checkpoint's contents and members too.
	Prove(ctx context.Context, about Question, epoch uint64, members bool) (cert.Proof, error)
	// Consistency returns the path that proves that the history of the first `to` blocks begins with that of the first `from`.
	Consistency(ctx context.Context, from, to uint64) ([]ffg.Root, error)
}

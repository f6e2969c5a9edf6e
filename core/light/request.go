package light

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// ErrOtherSubject is wrapped for a valid proof of something else than what was requested.
var ErrOtherSubject = errors.New("the proof is about something else")

// Request names what a provider has to prove.
type Request struct {
	Kind cert.Kind
	// TxHash is the SHA-256 of a transaction's bytes.
	TxHash ffg.Root
	// Height is that of a block, or of the block after which the state is meant. It is 0 for the latest state.
	Height uint64
	// Store and Key name a piece of state.
	Store string
	Key   []byte
	// Latest refuses a proof that is older than what the trusted checkpoint's block commits to.
	Latest bool
}

// TxRequest asks for a transaction and its result.
func TxRequest(hash ffg.Root) Request { return Request{Kind: cert.KindTx, TxHash: hash} }

// ParseTxHash reads a transaction's hash as CometBFT and its clients print it: exactly 64 hexadecimal digits of either case. The
// error wraps ffg.ErrEncoding.
func ParseTxHash(text string) (hash ffg.Root, err error) {
	if hash, err = ffg.ParseRoot(strings.ToLower(text)); err != nil {
		return hash, fmt.Errorf("hash of a transaction: expected 64 hexadecimal digits, found %q: %w", text, ffg.ErrEncoding)
	}
	return hash, nil
}

// BlockRequest asks for the block of a height.
func BlockRequest(height uint64) Request { return Request{Kind: cert.KindBlock, Height: height} }

// StateRequest asks for the value under a key after the block of a height. Height 0 asks for the latest state that can be proven,
// and refuses one from before the block before the trusted checkpoint's.
func StateRequest(store string, key []byte, height uint64) Request {
	return Request{Kind: cert.KindState, Store: store, Key: key, Height: height, Latest: height == 0}
}

// String describes what is requested.
func (r Request) String() string {
	switch r.Kind {
	case cert.KindTx:
		return "transaction " + r.TxHash.String()
	case cert.KindState:
		return fmt.Sprintf("state of store %s under key %x", r.Store, r.Key)
	default:
		return fmt.Sprintf("block %d", r.Height)
	}
}

// Check returns an error that wraps ErrOtherSubject if a verified proof, which starts from a trusted checkpoint, does not answer
// the request.
func (r Request) Check(o cert.Outcome, trusted ffg.Checkpoint) error {
	if !r.matches(o) {
		return fmt.Errorf("%w: expected %s, found a proof of a %s at height %d", ErrOtherSubject, r, o.Kind, o.Height)
	}
	// The header of the trusted checkpoint's block commits to the state after the block before. So every provider that has the
	// checkpoint can prove that state.
	if r.Latest && o.Height+1 < trusted.Height {
		return fmt.Errorf("%w: expected the state after block %d or a later one, found that after block %d", ErrOtherSubject, trusted.Height-1, o.Height)
	}
	return nil
}

func (r Request) matches(o cert.Outcome) bool {
	switch r.Kind {
	case cert.KindTx:
		return o.Tx != nil && o.Tx.Hash == r.TxHash
	case cert.KindBlock:
		return o.Kind == cert.KindBlock && o.Height == r.Height
	default:
		return o.State != nil && o.State.Store == r.Store && bytes.Equal(o.State.Key, r.Key) && (r.Latest || o.Height == r.Height)
	}
}

// Prove returns the outcome of a verified proof of what is requested, and the proof. The proof contains the trusted checkpoint that
// it starts from, so that EPOCH:ROOT is all that another verifier needs. Providers are asked one after another, without long waits
// for a silent one, until one proves the request. The error joins those of all providers.
func (v Verifier) Prove(ctx context.Context, trust cert.Trust, request Request, providers []Provider) (cert.Outcome, cert.Proof, error) {
	type proven struct {
		outcome cert.Outcome
		proof   cert.Proof
	}
	found, err := firstOf(ctx, v.Policy, providers, func(ctx context.Context, provider Provider) (p proven, err error) {
		if p.proof, err = provider.Prove(ctx, request, trust.Checkpoint.Epoch, false); err != nil { // the members are in trust
			return p, err
		}
		if p.outcome, err = cert.VerifyProof(p.proof, v.ChainID, trust, v.Options); err != nil {
			return p, err
		}
		p.proof.Trust = &trust
		return p, request.Check(p.outcome, trust.Checkpoint)
	})
	return found.outcome, found.proof, err
}

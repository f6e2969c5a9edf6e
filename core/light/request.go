package light

import (
	"context"
	"fmt"
	"strings"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// Request names what a provider has to prove.
type Request struct {
	cert.Subject
	// Latest refuses a proof that is older than what the trusted checkpoint's block commits to.
	Latest bool
}

// TxRequest asks for a transaction and its result.
func TxRequest(hash ffg.Root) Request { return Request{Subject: cert.TxSubject(hash)} }

// ParseTxHash reads a transaction's hash as CometBFT and its clients print it: exactly 64 hexadecimal digits of either case. The
// error wraps ffg.ErrEncoding.
func ParseTxHash(text string) (hash ffg.Root, err error) {
	if hash, err = ffg.ParseRoot(strings.ToLower(text)); err != nil {
		return hash, fmt.Errorf("hash of a transaction: expected 64 hexadecimal digits, found %q: %w", text, ffg.ErrEncoding)
	}
	return hash, nil
}

// BlockRequest asks for the block of a height.
func BlockRequest(height uint64) Request { return Request{Subject: cert.BlockSubject(height)} }

// StateRequest asks for the value under a key after the block of a height. Height 0 asks for the latest state that can be proven,
// and refuses one from before the block before the trusted checkpoint's.
func StateRequest(store string, key []byte, height uint64) Request {
	return Request{Subject: cert.StateSubject(store, key, height), Latest: height == 0}
}

// Check returns a *cert.StepError of cert.StepSubject for a verified proof of a state that is too old to be the latest, given the
// checkpoint that the proof starts from.
func (r Request) Check(o cert.Outcome, trusted ffg.Checkpoint) error {
	// The header of the trusted checkpoint's block commits to the state after the block before. So every provider that has the
	// checkpoint can prove that state.
	if r.Latest && o.Height+1 < trusted.Height {
		return &cert.StepError{Step: cert.StepSubject, Err: fmt.Errorf("expected the state after block %d or a later one, found that after block %d",
			trusted.Height-1, o.Height)}
	}
	return nil
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
		if p.outcome, err = cert.VerifyProof(p.proof, v.ChainID, trust, request.Subject, v.Options); err != nil {
			return p, err
		}
		p.proof.Trust = &trust
		return p, request.Check(p.outcome, trust.Checkpoint)
	})
	return found.outcome, found.proof, err
}

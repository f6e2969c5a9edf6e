package light

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// ErrNoAnswer is wrapped by an update in which no provider proved anything.
var ErrNoAnswer = errors.New("no provider proved anything")

// Verifier verifies what providers return. It keeps no state: its caller keeps the trusted checkpoint and the hand-overs.
type Verifier struct {
	// ChainID is what the chain's votes are bound to.
	ChainID string
	// Options say how certificates are verified, and at which time.
	Options cert.Options
	// Policy says how long providers are waited for.
	Policy Policy
	// Log gets what providers did wrong. Nil discards it.
	Log *slog.Logger
}

// Update is what providers prove after a trusted checkpoint.
type Update struct {
	// HandOvers lead from the trusted checkpoint to Trust, the newest that a provider proves and no other contradicts.
	HandOvers []cert.HandOver
	Trust     cert.Trust
	// More says that the provider can prove more than one update takes.
	More bool
	// Diverging holds the indexes of the providers whose chain does not extend the trusted checkpoint: see Examine.
	Diverging []int
}

// Update asks all providers at the same time for what is final after a trusted checkpoint, and compares their answers. Errors:
// cert.ErrExpired for trust that is too old; ErrNoAnswer with each provider's error; a *Conflict. Diverging is valid beside an error.
func (v Verifier) Update(ctx context.Context, trust cert.Trust, providers []Provider) (Update, error) {
	if err := v.fresh(trust); err != nil {
		return Update{}, err
	}
	traces, diverging, err := v.traces(ctx, trust, providers)
	if err != nil {
		return Update{Diverging: diverging}, err
	}
	primary, err := v.primary(ctx, trust, traces)
	return Update{HandOvers: primary.HandOvers, Trust: primary.Reached, More: primary.More, Diverging: diverging}, err
}

// fresh returns cert.ErrExpired for trust that is older than the unbonding time.
func (v Verifier) fresh(trust cert.Trust) error {
	_, _, err := cert.VerifyChain(v.domain(), trust, nil, v.Options)
	return err
}

// traces asks every provider at the same time. It returns what they have proven, and the indexes of those whose chain does not
// extend the trusted checkpoint. A provider that fails, or is too slow, after it proved something counts for that.
func (v Verifier) traces(ctx context.Context, trust cert.Trust, providers []Provider) (traces []Trace, diverging []int, err error) {
	asking, enough := context.WithTimeout(ctx, v.Policy.Update)
	defer enough()
	found, errs, unproven := make([]Trace, len(providers)), make([]error, len(providers)), make([]error, len(providers))
	each(len(providers), func(i int) {
		if found[i], errs[i] = v.Trace(asking, providers[i], trust); errs[i] == nil {
			time.AfterFunc(v.Policy.Patience, enough)
		}
		proving, cancel := context.WithTimeout(ctx, v.Policy.Patience)
		defer cancel()
		unproven[i] = v.extends(proving, trust.Checkpoint, found[i])
	})
	var failed error
	for i, provider := range providers {
		if _, refused := cert.FailedStep(errs[i]); refused || unproven[i] != nil {
			diverging = append(diverging, i)
		}
		err := errors.Join(errs[i], unproven[i])
		if err != nil {
			err = fmt.Errorf("%s: %w", provider.Name(), err)
			v.log().Warn("provider did not prove its head", "error", err)
			failed = errors.Join(failed, err)
		}
		if err == nil || unproven[i] == nil && len(found[i].HandOvers) > 0 {
			traces = append(traces, found[i])
		}
	}
	if len(traces) == 0 {
		return nil, diverging, fmt.Errorf("%w: %w", ErrNoAnswer, failed)
	}
	return traces, diverging, nil
}

// primary returns the trace that reaches furthest, after comparing it with its witnesses, all others. A later trace that is not
// shown to extend an earlier one is left out: its provider has the proof if it is honest.
func (v Verifier) primary(ctx context.Context, trust cert.Trust, traces []Trace) (Trace, error) {
	best := traces[0]
	for _, other := range traces[1:] {
		earlier, later := best, other
		if other.Reached.Checkpoint.Epoch < best.Reached.Checkpoint.Epoch {
			earlier, later = other, best
		}
		proving, cancel := context.WithTimeout(ctx, v.Policy.Patience)
		err := v.diverges(proving, earlier.record(trust), later)
		cancel()
		switch {
		case errors.Is(err, errUnproven):
			v.log().Error("ALARM: left a provider out", "provider", later.Provider.Name(), "error", err)
			best = earlier
		case err != nil:
			return Trace{Reached: trust}, err
		default:
			best = later
		}
	}
	return best, nil
}

func (v Verifier) domain() ffg.Root { return ffg.Domain(v.ChainID) }

func (v Verifier) log() *slog.Logger {
	if v.Log == nil {
		return slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return v.Log
}

// each calls f for 0 to n − 1 at the same time, and returns when all calls have.
func each(n int, f func(int)) {
	var wg sync.WaitGroup
	wg.Add(n)
	for i := range n {
		go func() {
			defer wg.Done()
			f(i)
		}()
	}
	wg.Wait()
}

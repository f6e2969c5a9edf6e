package light

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// maxHops bounds the hand-overs of one trace. A client that is further behind updates again.
const maxHops = 2_000

// stride is how many hand-overs are verified between two looks at the context.
const stride = 50

// Trace is the verified path from a trusted checkpoint to the head of one provider.
type Trace struct {
	Provider  Provider
	HandOvers []cert.HandOver
	Reached   cert.Trust
	// More says that the provider has more after this.
	More bool

	finalized Finalized
}

// newTrace returns the trace that has proven nothing yet.
func newTrace(provider Provider, trust cert.Trust) Trace {
	return Trace{Provider: provider, Reached: trust, finalized: Finalized{}}
}

// Trace takes a provider's hand-overs after a trusted checkpoint, page by page, and verifies each. An error is about the first thing
// that the provider didn't prove, and the trace beside it holds what was proven before.
func (v Verifier) Trace(ctx context.Context, provider Provider, trust cert.Trust) (Trace, error) {
	t := newTrace(provider, trust)
	if err := v.fetchHandOvers(ctx, &t); err != nil || t.More || v.Options.Mode == cert.Following {
		return t, err
	}
	// The archive ends where the pair in force was first final. One certificate in the same pair covers the rest.
	err := v.fetchNewest(ctx, &t)
	if _, refused := cert.FailedStep(err); refused { // perhaps a pair became final between the two requests
		if err := v.fetchHandOvers(ctx, &t); err != nil {
			return t, err
		}
		err = v.fetchNewest(ctx, &t)
	}
	return t, err
}

func (v Verifier) fetchHandOvers(ctx context.Context, t *Trace) error {
	for {
		page, more, err := v.fetchPage(ctx, t.Provider, t.Reached.Checkpoint)
		if err != nil {
			return err
		}
		if err := v.extend(ctx, t, page); err != nil {
			return err
		}
		if t.More = more && len(page) > 0; !t.More || len(t.HandOvers) >= maxHops {
			return nil
		}
	}
}

func (v Verifier) fetchNewest(ctx context.Context, t *Trace) error {
	newest, err := t.Provider.Newest(ctx)
	if err != nil {
		return fmt.Errorf("ask for the newest certificate: %w", err)
	}
	if final, ok := newest.Finalized(); ok && final.Epoch <= t.Reached.Checkpoint.Epoch {
		return nil
	}
	return v.extend(ctx, t, []cert.HandOver{{Certificate: newest}})
}

func (v Verifier) fetchPage(ctx context.Context, p Provider, from ffg.Checkpoint) (page []cert.HandOver, more bool, err error) {
	if v.Options.Mode == cert.Following {
		page, more, err = p.Follow(ctx, from.Epoch)
	} else {
		page, more, err = p.HandOvers(ctx, from.Pair)
	}
	if err != nil {
		return nil, false, fmt.Errorf("ask for hand-overs: %w", err)
	}
	return page, more, nil
}

// extend verifies hand-overs that follow a trace, and adds the valid ones to it, until ctx is done.
func (v Verifier) extend(ctx context.Context, t *Trace, handOvers []cert.HandOver) error {
	for part := range slices.Chunk(handOvers, stride) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("verify hand-overs: %w", err)
		}
		reached, verified, err := cert.VerifyChain(v.domain(), t.Reached, part, v.Options)
		t.HandOvers, t.Reached = append(t.HandOvers, part[:verified]...), reached
		t.finalized.Add(part[:verified])
		if err != nil {
			return err
		}
	}
	return nil
}

// errUnproven: two chains don't conflict as far as they are shown, and it isn't shown either that one extends the other.
var errUnproven = errors.New("the provider does not prove that its chain extends the other")

// extends returns nil if it is proven that a trace's history begins with that of an earlier checkpoint, otherwise errUnproven.
func (v Verifier) extends(ctx context.Context, earlier ffg.Checkpoint, t Trace) error {
	reached := t.Reached.Checkpoint
	if v.Options.Mode == cert.Following || reached == earlier { // a following trace has every checkpoint
		return nil
	}
	path, err := t.Provider.Consistency(ctx, earlier.HistorySize, reached.HistorySize)
	if err == nil {
		err = cert.VerifyConsistency(earlier, reached, path)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errUnproven, err)
	}
	return nil
}

// upTo returns the hand-overs to checkpoints before an epoch.
func upTo(handOvers []cert.HandOver, epoch uint64) []cert.HandOver {
	for i, h := range handOvers {
		if final, _ := h.Certificate.Finalized(); final.Epoch >= epoch {
			return handOvers[:i:i]
		}
	}
	return handOvers[:len(handOvers):len(handOvers)]
}

package light

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// maxHops bounds the hand-overs of one claim; a client that is further behind asks again.
const maxHops = 2_000

// stride is how many hand-overs are verified between two looks at the context.
const stride = 50

// claim is what one provider has proven from a trusted checkpoint on.
type claim struct {
	from      Provider
	handOvers []cert.HandOver
	reached   cert.Trust
	final     finals // what the hand-overs show
	more      bool   // whether the provider has more after this
}

// begin returns the claim that proves nothing yet.
func begin(from Provider, trust cert.Trust) claim {
	return claim{from: from, reached: trust, final: finals{}}
}

// rules say how claims are verified.
type rules struct {
	chainID string
	options cert.Options
}

// ask takes a provider's hand-overs from trust on, batch by batch, verifying each. The error is about the first thing that
// the provider didn't prove; what it has proven before is returned beside it.
func (r rules) ask(ctx context.Context, p Provider, trust cert.Trust) (claim, error) {
	c := begin(p, trust)
	if err := r.askHandOvers(ctx, &c); err != nil || c.more || r.options.Mode == cert.Following {
		return c, err
	}
	// The archive ends where the pair in force was first final: the rest is one certificate in the same pair.
	err := r.askNewest(ctx, &c)
	if _, refused := cert.FailedStep(err); refused { // perhaps a pair became final between the two questions
		if err := r.askHandOvers(ctx, &c); err != nil {
			return c, err
		}
		err = r.askNewest(ctx, &c)
	}
	return c, err
}

func (r rules) askHandOvers(ctx context.Context, c *claim) error {
	for {
		batch, more, err := r.next(ctx, c.from, c.reached.Checkpoint)
		if err != nil {
			return err
		}
		if err := r.take(ctx, c, batch); err != nil {
			return err
		}
		if c.more = more && len(batch) > 0; !c.more || len(c.handOvers) >= maxHops {
			return nil
		}
	}
}

func (r rules) askNewest(ctx context.Context, c *claim) error {
	newest, err := c.from.Newest(ctx)
	if err != nil {
		return fmt.Errorf("ask for the newest certificate: %w", err)
	}
	if final, ok := newest.Finalized(); ok && final.Epoch <= c.reached.Checkpoint.Epoch {
		return nil
	}
	return r.take(ctx, c, []cert.HandOver{{Certificate: newest}})
}

func (r rules) next(ctx context.Context, p Provider, from ffg.Checkpoint) (batch []cert.HandOver, more bool, err error) {
	if r.options.Mode == cert.Following {
		batch, more, err = p.Follow(ctx, from.Epoch)
	} else {
		batch, more, err = p.HandOvers(ctx, from.Pair)
	}
	if err != nil {
		return nil, false, fmt.Errorf("ask for hand-overs: %w", err)
	}
	return batch, more, nil
}

// take verifies hand-overs that go on where the claim has led, and adds the valid ones, until ctx is done.
func (r rules) take(ctx context.Context, c *claim, batch []cert.HandOver) error {
	for part := range slices.Chunk(batch, stride) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("verify hand-overs: %w", err)
		}
		reached, verified, err := cert.VerifyChain(ffg.Domain(r.chainID), c.reached, part, r.options)
		c.handOvers, c.reached = append(c.handOvers, part[:verified]...), reached
		c.final.add(part[:verified])
		if err != nil {
			return err
		}
	}
	return nil
}

// errUnproven: two claims don't conflict as far as they show, and nothing shows that they agree either.
var errUnproven = errors.New("the node does not show that its chain goes on from the other's")

// agree returns nil if the history of the later claim begins with that of the earlier one. Errors: *Conflict, errUnproven
// for a later provider that doesn't prove it.
func (r rules) agree(ctx context.Context, trust cert.Trust, earlier, later claim) error {
	at := earlier.reached.Checkpoint
	switch {
	case earlier.final.conflict(later.final):
		return r.dispute(trust, earlier, later)
	case r.options.Mode == cert.Following, at.Epoch == trust.Checkpoint.Epoch: // they show every checkpoint; there is nothing to show
		return nil
	}
	unproven := r.goesOn(ctx, at, later)
	if unproven == nil {
		return nil
	}
	// Perhaps it can't. Then it still has a certificate of its own for the same epoch.
	other, err := later.from.Certificate(ctx, at.Epoch)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnproven, err)
	}
	again := begin(later.from, trust)
	if err := r.take(ctx, &again, append(upTo(later.handOvers, at.Epoch), cert.HandOver{Certificate: other})); err != nil {
		return fmt.Errorf("%w: %w", errUnproven, err)
	}
	if earlier.final.conflict(again.final) {
		return r.dispute(trust, earlier, again)
	}
	return unproven
}

// dispute returns the *Conflict of two claims that show different checkpoints final in one epoch.
func (r rules) dispute(trust cert.Trust, first, second claim) error {
	var err error
	if own, ok := first.from.(known); ok {
		if first.handOvers, err = own.store.Log(); err != nil {
			return err
		}
	}
	dispute, err := cert.Compare(ffg.Domain(r.chainID), trust, first.handOvers, second.handOvers, r.options)
	if err != nil {
		return fmt.Errorf("compare %s with %s: %w", first.from.Name(), second.from.Name(), err)
	}
	return r.newConflict(trust, dispute, first, second)
}

// goesOn returns nil if a claim's history is shown to begin with that of an earlier checkpoint, else errUnproven.
func (r rules) goesOn(ctx context.Context, earlier ffg.Checkpoint, c claim) error {
	reached := c.reached.Checkpoint
	if r.options.Mode == cert.Following || reached == earlier { // a following claim has every checkpoint
		return nil
	}
	path, err := c.from.Consistency(ctx, earlier.HistorySize, reached.HistorySize)
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

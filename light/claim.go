package light

import (
	"context"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/cert"
	"github.com/dualchain/dualchain/ffg"
)

// maxHops bounds the hand-overs of one claim; a client that is further behind asks again.
const maxHops = 2_000

// claim is what one provider has proven from a trusted checkpoint on.
type claim struct {
	from      Provider
	handOvers []cert.HandOver
	reached   cert.Trust
	more      bool // whether the provider has more after this
}

// rules say how claims are verified.
type rules struct {
	chainID string
	options cert.Options
}

// ask takes a provider's hand-overs from trust on, batch by batch, verifying each. The error is about the first thing that
// the provider didn't prove; what it has proven before is returned beside it.
func (r rules) ask(ctx context.Context, p Provider, trust cert.Trust) (claim, error) {
	c := claim{from: p, reached: trust}
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
		if err := r.take(c, batch); err != nil {
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
	return r.take(c, []cert.HandOver{{Certificate: newest}})
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

// take verifies hand-overs that go on where the claim has led, and adds the valid ones.
func (r rules) take(c *claim, batch []cert.HandOver) error {
	reached, verified, err := cert.VerifyChain(ffg.Domain(r.chainID), c.reached, batch, r.options)
	c.handOvers, c.reached = append(c.handOvers, batch[:verified]...), reached
	return err
}

// errUnproven: two claims don't conflict as far as they show, and nothing shows that they agree either.
var errUnproven = errors.New("the node does not show that its chain goes on from the other's")

// agree returns nil if the history of the later claim begins with that of the earlier one. Errors: *Conflict, errUnproven
// for a later provider that doesn't prove it.
func (r rules) agree(ctx context.Context, trust cert.Trust, earlier, later claim) error {
	dispute, err := cert.Compare(ffg.Domain(r.chainID), trust, earlier.handOvers, later.handOvers, r.options)
	switch {
	case err == nil:
		return r.newConflict(trust, dispute, earlier, later)
	case !errors.Is(err, cert.ErrNoDispute):
		return err
	case r.options.Mode == cert.Following: // they show every checkpoint
		return nil
	}
	a := earlier.reached.Checkpoint
	if a.Epoch == trust.Checkpoint.Epoch || r.goesOn(ctx, a, later) == nil {
		return nil
	}
	// Perhaps it can't. Then it still has a certificate of its own for the same epoch.
	other, err := later.from.Certificate(ctx, a.Epoch)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnproven, err)
	}
	again := claim{from: later.from, reached: trust}
	if err := r.take(&again, append(upTo(later.handOvers, a.Epoch), cert.HandOver{Certificate: other})); err != nil {
		return fmt.Errorf("%w: %w", errUnproven, err)
	}
	dispute, err = cert.Compare(ffg.Domain(r.chainID), trust, earlier.handOvers, again.handOvers, r.options)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnproven, err)
	}
	return r.newConflict(trust, dispute, earlier, again)
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

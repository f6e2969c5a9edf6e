package light

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/dualchain/dualchain/core/cert"
)

// contestEvery is how long a node that was contested is left alone: one that lies is asked again and again for nothing.
const contestEvery = 15 * time.Minute

// contest looks whether nodes that don't go on from our checkpoint have chains of their own that were final just as well,
// from where our log starts. Only then it is a *Conflict; a node that proves nothing is none.
func (c *Client) contest(ctx context.Context, r rules, suspects []int) error {
	var due []int
	for _, i := range suspects {
		if last := c.contested[i]; last.IsZero() || r.options.Now.Sub(last) >= contestEvery {
			due = append(due, i)
		}
	}
	if len(due) == 0 {
		return nil
	}
	// Trust that is older than the unbonding time holds nobody to account.
	if err := c.forget(ctx, r, r.options.UnbondingTime); err != nil {
		return err
	}
	if c.store.Base().Checkpoint == c.store.Trust().Checkpoint {
		return nil
	}
	errs := make([]error, len(due))
	var wg sync.WaitGroup
	for n, i := range due {
		c.contested[i] = r.options.Now
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
			defer cancel()
			errs[n] = r.contest(ctx, c.store, c.nodes[i])
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// contest compares a node's chain with a store's. It reads the store's log only if they conflict.
func (r rules) contest(ctx context.Context, store *Store, node Provider) error {
	own := claim{from: known{store: store}, reached: store.Trust(), final: store.final}
	theirs, _ := r.ask(ctx, node, store.Base())
	if theirs.reached.Checkpoint.Epoch < own.reached.Checkpoint.Epoch && !own.final.conflict(theirs.final) {
		return nil // nobody is asked to show how we went on: only what both have shown counts
	}
	if err := r.agree(ctx, store.Base(), own, theirs); !errors.Is(err, errUnproven) {
		return err
	}
	return nil
}

// known is what the client itself verified before. A claim from it has its hand-overs in the store.
type known struct {
	Provider // nothing of it is called
	store    *Store
}

// Name implements Provider.
func (known) Name() string { return "this client's own record" }

// forget drops the start of the log, which nobody can be held to account for any more, if it is older than an age: up to a
// checkpoint that is not older than the unbonding time, or to the trusted one.
func (c *Client) forget(ctx context.Context, r rules, age time.Duration) error {
	base := c.store.Base()
	if r.age(base) <= age {
		return nil
	}
	kept, err := c.store.Log()
	if err != nil {
		return err
	}
	start, old := base, 0
	for old < len(kept) && r.age(start) > r.options.UnbondingTime {
		start.Checkpoint, _ = kept[old].Certificate.Finalized()
		old++
	}
	r.options.Now = time.UnixMilli(int64(base.Checkpoint.Time)) // what was fresh when we verified it
	to := begin(known{}, base)
	err = r.take(ctx, &to, kept[:old])
	if _, refused := cert.FailedStep(err); refused {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	if err != nil || old == 0 {
		return err
	}
	return c.store.Rebase(to.reached, kept[old:])
}

func (r rules) age(of cert.Trust) time.Duration {
	return r.options.Now.Sub(time.UnixMilli(int64(of.Checkpoint.Time)))
}

package light

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dualchain/dualchain/core/cert"
)

// Record is a chain that has been verified: the client's own log, or a provider's trace. Other chains are compared with it.
type Record struct {
	// Name identifies its source in a conflict.
	Name string
	// Base is the checkpoint that the record starts from, and Trust the one that it leads to.
	Base, Trust cert.Trust
	// Finalized holds what the record finalizes between the two.
	Finalized Finalized
	// HandOvers reads the hand-overs between the two. It is called only for a conflict.
	HandOvers func() ([]cert.HandOver, error)
}

// record returns a trace from a trusted checkpoint as a record.
func (t Trace) record(base cert.Trust) Record {
	return Record{
		Name: t.Provider.Name(), Base: base, Trust: t.Reached, Finalized: t.finalized,
		HandOvers: func() ([]cert.HandOver, error) { return t.HandOvers, nil },
	}
}

// Examine compares the client's own record with the chain of a provider that diverges, from the record's base. It returns a *Conflict
// if that chain was final as well, and nil if the provider proves nothing of the kind.
func (v Verifier) Examine(ctx context.Context, own Record, witness Provider) error {
	ctx, cancel := context.WithTimeout(ctx, v.Policy.Update)
	defer cancel()
	trace, _ := v.Trace(ctx, witness, own.Base)
	if trace.Reached.Checkpoint.Epoch < own.Trust.Checkpoint.Epoch && !own.Finalized.conflicts(trace.finalized) {
		return nil // nobody proves that our own chain extends this one: only what both have shown counts
	}
	if err := v.diverges(ctx, own, trace); !errors.Is(err, errUnproven) {
		return err
	}
	return nil
}

// diverges returns nil if the later chain extends the earlier one, which start from the same checkpoint. Errors: a *Conflict, or
// errUnproven if the later chain's provider doesn't prove it.
func (v Verifier) diverges(ctx context.Context, earlier Record, later Trace) error {
	at := earlier.Trust.Checkpoint
	switch {
	case earlier.Finalized.conflicts(later.finalized):
		return v.conflict(earlier, later)
	case v.Options.Mode == cert.Following, at.Epoch == earlier.Base.Checkpoint.Epoch: // every checkpoint was compared, or none exists
		return nil
	}
	unproven := v.extends(ctx, at, later)
	if unproven == nil {
		return nil
	}
	// A provider on a fork can't prove it, but has a certificate of its own for the same epoch.
	other, err := later.Provider.Certificate(ctx, at.Epoch)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnproven, err)
	}
	again := newTrace(later.Provider, earlier.Base)
	if err := v.extend(ctx, &again, append(upTo(later.HandOvers, at.Epoch), cert.HandOver{Certificate: other})); err != nil {
		return fmt.Errorf("%w: %w", errUnproven, err)
	}
	if earlier.Finalized.conflicts(again.finalized) {
		return v.conflict(earlier, again)
	}
	return unproven
}

// conflict returns the *Conflict of two chains that finalize different checkpoints in one epoch.
func (v Verifier) conflict(first Record, second Trace) error {
	handOvers, err := first.HandOvers()
	if err != nil {
		return err
	}
	dispute, err := cert.Compare(v.domain(), first.Base, handOvers, second.HandOvers, v.Options)
	if err != nil {
		return fmt.Errorf("compare %s with %s: %w", first.Name, second.Provider.Name(), err)
	}
	return &Conflict{
		ChainID: v.ChainID, Mode: v.Options.Mode.String(), Trust: first.Base, Dispute: dispute,
		First:  Testimony{Provider: first.Name, HandOvers: handOvers},
		Second: Testimony{Provider: second.Provider.Name(), HandOvers: second.HandOvers},
	}
}

// Prune drops the start of a record that is older than the unbonding time, since nobody can be punished for it any more. It does so
// once the base is older than an age. It returns the new base and the hand-overs after it; changed is false if all are kept. An error
// wraps a *cert.StepError if the record does not verify.
func (v Verifier) Prune(ctx context.Context, own Record, age time.Duration) (base cert.Trust, rest []cert.HandOver, changed bool, err error) {
	if v.age(own.Base) <= age {
		return own.Base, nil, false, nil
	}
	kept, err := own.HandOvers()
	if err != nil {
		return own.Base, nil, false, err
	}
	start, old := own.Base, 0
	for old < len(kept) && v.age(start) > v.Options.UnbondingTime {
		start.Checkpoint, _ = kept[old].Certificate.Finalized()
		old++
	}
	v.Options.UnbondingTime = math.MaxInt64 // the base was fresh when the record was verified
	to := newTrace(nil, own.Base)
	err = v.extend(ctx, &to, kept[:old])
	return to.Reached, kept[old:], err == nil && old > 0, err
}

func (v Verifier) age(of cert.Trust) time.Duration {
	return v.Options.Now.Sub(time.UnixMilli(int64(of.Checkpoint.Time)))
}

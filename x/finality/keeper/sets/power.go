package sets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A key can be found guilty while a kept pair gives it power, even if no stake is left behind it (protocol §8). So the last pair of each
// registration is known without a search: a voter that is no longer in the next set has power in the pair that is being installed, as
// current, and in the one after, as rear. Only changes are written.

// forever is the last pair of a voter in the next set.
const forever = math.MaxUint64

// HasPower reports whether a voter's key has power in a pair that is kept or in the next set.
func (k *Keeper) HasPower(ctx context.Context, registration uint64) (bool, error) {
	last, known, err := state.Found(k.last.Get(ctx, registration))
	if err != nil || !known {
		return false, err
	}
	if last == forever {
		return true, nil
	}
	oldest, err := k.OldestPair(ctx)
	return last >= oldest.Index, err
}

// noteNext notes who comes into the next set and who is out of it, when a pair with this index is installed. before is the next set
// until then: its members are noted.
func (k *Keeper) noteNext(ctx context.Context, index uint64, before, next types.Members) error {
	out, in := difference(before, next), difference(next, before)
	var errs []error
	for _, registration := range out {
		errs = append(errs, k.last.Set(ctx, registration, index+1))
	}
	for _, registration := range in {
		errs = append(errs, k.last.Set(ctx, registration, forever))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("note the last pairs of voters: %w", err)
	}
	return nil
}

// difference returns the registrations in a that are not in b. Both ascend by key, and a key has one registration.
func difference(a, b types.Members) []uint64 {
	var out []uint64
	for _, m := range a {
		for len(b) > 0 && bytes.Compare(b[0].Key[:], m.Key[:]) < 0 {
			b = b[1:]
		}
		if len(b) == 0 || b[0].Key != m.Key {
			out = append(out, m.Registration)
		}
	}
	return out
}

// initLast works out the last pairs of a running chain.
func (k *Keeper) initLast(ctx context.Context, pairs []types.Pair, sets map[ffg.Root]types.Members, next types.Members) error {
	var errs []error
	for _, p := range pairs {
		hash, _, err := p.Hashes()
		if err != nil {
			return err
		}
		for _, m := range sets[hash] {
			last := p.Index // as rear
			if m.Current > 0 {
				last++
			}
			errs = append(errs, k.last.Set(ctx, m.Registration, last))
		}
	}
	for _, m := range next {
		errs = append(errs, k.last.Set(ctx, m.Registration, forever))
	}
	return errors.Join(errs...)
}

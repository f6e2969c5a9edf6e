package sim

import (
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// Check checks a world in its present state:
//
//   - every fork's heads, kept link by link, are those that the definition derives from the votes that it included;
//   - conflicting checkpoints are final only if a third of some side is provably guilty (accountable safety), and never
//     while hostile power is bounded;
//   - no honest voter is guilty.
func (w *World) Check() error {
	for i, f := range w.Forks {
		if err := f.check(); err != nil {
			return fmt.Errorf("check fork %d: %w", i, err)
		}
	}
	if err := w.Tree.Accountable(w.rules); err != nil {
		return err
	}
	a, b, found, err := w.Tree.Conflict(w.rules)
	if err != nil {
		return err
	}
	if found && w.schedule.Bounded {
		return fmt.Errorf("%w: epochs %d and %d, with less than a third hostile", ErrConflict, a.Epoch, b.Epoch)
	}
	guilty, err := w.Tree.Offenders(w.rules)
	if err != nil {
		return err
	}
	hostile := map[ffg.PublicKey]bool{}
	for _, v := range w.Voters {
		hostile[v.Key] = v.Hostile
	}
	for _, g := range guilty {
		if !hostile[g.Key] {
			return fmt.Errorf("expected only the hostile to be guilty, found honest %s: %w", g.Key, &g.Offence)
		}
	}
	return nil
}

// check compares a fork's heads with the oracle.
func (f *Fork) check() error {
	t, err := f.Tree()
	if err != nil {
		return err
	}
	justified, finalized := t.define()
	for at, e := range f.epochs {
		if justified[at] != e.justified {
			return fmt.Errorf("epoch %d: expected justified %t, found %t", at, justified[at], e.justified)
		}
		if finalized[at] && uint64(at) > f.finalized {
			return fmt.Errorf("epoch %d: expected the finalized head there or above, found %d", at, f.finalized)
		}
	}
	if !finalized[f.finalized] {
		return fmt.Errorf("epoch %d: expected no finalized head there", f.finalized)
	}
	if !justified[f.justified] || f.finalized > f.justified {
		return fmt.Errorf("expected heads in order, found finalized %d, justified %d", f.finalized, f.justified)
	}
	return nil
}

// Revive checks plausible liveness (protocol §14). After any history, once the network heals and while honest voters hold
// two thirds of every set, they finalize a new checkpoint on the fork with the highest justified epoch, without hostile
// votes and without an offence. The error wraps ErrStuck if they do not.
func (w *World) Revive() error {
	best, highest := 0, uint64(0)
	for i, f := range w.Forks {
		if f.justified > w.Forks[best].justified {
			best = i
		}
		highest = max(highest, f.Head())
	}
	f, healed := w.Forks[best], Adversary{}
	// Above every epoch that has votes, two epochs are enough: one is justified, the other finalizes it.
	for f.Head() < highest+2 {
		if err := w.propose(best, healed); err != nil {
			return err
		}
		for _, v := range w.Voters {
			if v.Hostile {
				continue
			}
			if err := w.follow(v, f); err != nil {
				return err
			}
		}
		if err := w.include(best, healed); err != nil {
			return err
		}
	}
	if f.finalized <= highest {
		return fmt.Errorf("%w: expected fork %d to finalize beyond epoch %d, found finalized %d, justified %d, head %d",
			ErrStuck, best, highest, f.finalized, f.justified, f.Head())
	}
	return w.Check()
}

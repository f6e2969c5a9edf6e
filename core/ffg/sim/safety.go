package sim

import (
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// Offender is a key with the votes that prove its guilt.
type Offender struct {
	Key     ffg.PublicKey
	Offence ffg.Offence
}

// Offenders returns the keys that signed two votes that are an offence by the rules, in the order of their first
// signatures.
func (t *Tree) Offenders(rules Rules) (guilty []Offender, err error) {
	for _, key := range t.keys {
		offence, err := firstOffence(rules, t.signed[key])
		if err != nil {
			return nil, fmt.Errorf("search the votes of %s: %w", key, err)
		}
		if offence != nil {
			guilty = append(guilty, Offender{Key: key, Offence: *offence})
		}
	}
	return guilty, nil
}

func firstOffence(rules Rules, votes []ffg.Vote) (*ffg.Offence, error) {
	for i, a := range votes {
		for _, b := range votes[:i] {
			err := rules.Slashable(b, a)
			if offence := (*ffg.Offence)(nil); errors.As(err, &offence) {
				return offence, nil
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// Conflict returns two finalized checkpoints of which neither is the other's ancestor, if there are any.
func (t *Tree) Conflict(rules Rules) (a, b ffg.Ref, found bool, err error) {
	_, finalized, err := t.judge(rules)
	if err != nil {
		return a, b, false, err
	}
	for i := range finalized {
		for j := range i {
			if finalized[i] && finalized[j] && !t.ancestor(j, i) {
				return t.nodes[j].ref, t.nodes[i].ref, true, nil
			}
		}
	}
	return a, b, false, nil
}

// Accountable checks accountable safety (protocol §1): if two conflicting checkpoints are final, the offenders hold a
// third of a side of the voter set of one of the checkpoints. Otherwise the error wraps ErrConflict.
func (t *Tree) Accountable(rules Rules) error {
	a, b, found, err := t.Conflict(rules)
	if err != nil || !found {
		return err
	}
	guilty, err := t.Offenders(rules)
	if err != nil {
		return err
	}
	for _, n := range t.nodes {
		signers := ffg.NewBitfield(len(n.voters))
		for _, g := range guilty {
			if position, ok := n.voters.Position(g.Key); ok {
				signers.Set(position)
			}
		}
		rear, current := n.voters.Powers(signers)
		allRear, allCurrent := n.voters.Totals()
		if ffg.AtLeastThird(rear, allRear) || ffg.AtLeastThird(current, allCurrent) {
			return nil
		}
	}
	return fmt.Errorf("%w: epoch %d (%s) and epoch %d (%s): expected a third of some side to be guilty, found %d offenders",
		ErrConflict, a.Epoch, a.Root, b.Epoch, b.Root, len(guilty))
}

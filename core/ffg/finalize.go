package ffg

import (
	"errors"
	"fmt"
)

// ErrSource is wrapped by Finalizes for a chain whose sources are not before their targets.
var ErrSource = errors.New("source not before its epoch")

// ErrLinked is wrapped by Finalizes for an epoch that cannot have been justified just now.
var ErrLinked = errors.New("epoch cannot be linked")

// Chain answers for one chain of checkpoints, in which every epoch's only valid link comes from Source(epoch): the
// latest epoch justified when it was proposed (protocol §4). Sources therefore never decrease from epoch to epoch.
type Chain interface {
	// Source returns the epoch that votes for this epoch (1 or more) must name as their source.
	Source(epoch uint64) (uint64, error)
	// Justified reports whether a supermajority link to this epoch exists. Epoch 0 is justified.
	Justified(epoch uint64) (bool, error)
}

// Finalizes returns the epoch that became final when linked was justified (for which c.Justified already answers
// true), if there is one above finalized; head is the latest epoch proposed.
//
// A source s is final when there is a link s→t and every epoch in (s, t] is justified (k-finality, protocol §5). A late
// justification may complete a gap under links that span it, so all links (s, t] over linked are evaluated again.
// Because sources never decrease, the best of them ends at the top of the justified run that starts at linked: any
// gap that spoils its span spoils that of every lower link too. The cost is one question per epoch between the
// source of that top and the top, of which those above linked are at most the vote window.
func Finalizes(c Chain, linked, head, finalized uint64) (epoch uint64, ok bool, err error) {
	if linked == 0 || linked > head {
		return 0, false, fmt.Errorf("%w: expected 1 to head %d, found %d", ErrLinked, head, linked)
	}
	top := linked
	for top < head {
		justified, err := c.Justified(top + 1)
		if err != nil {
			return 0, false, fmt.Errorf("look up justification of epoch %d: %w", top+1, err)
		}
		if !justified {
			break
		}
		top++
	}
	source, err := c.Source(top)
	if err != nil {
		return 0, false, fmt.Errorf("look up source of epoch %d: %w", top, err)
	}
	if source >= top {
		return 0, false, fmt.Errorf("%w: expected below %d, found %d", ErrSource, top, source)
	}
	if source <= finalized {
		return 0, false, nil
	}
	for e := linked - 1; e > source; e-- {
		justified, err := c.Justified(e)
		if err != nil {
			return 0, false, fmt.Errorf("look up justification of epoch %d: %w", e, err)
		}
		if !justified {
			return 0, false, nil
		}
	}
	return source, true, nil
}

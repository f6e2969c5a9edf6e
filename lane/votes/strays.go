package votes

import "sync"

// Budgets of stray votes for the time between two blocks. Verifying one takes about a millisecond.
const (
	StraysPerTarget = 64
	StraysPerBlock  = 256
)

// Strays counts the stray votes that were verified since the last block. Without a budget, voters with a thousandth of the power
// could keep nodes busy with votes that count for nothing. A double voter is caught by its first two votes, and by hand at any time.
// The zero value has a whole budget. All methods may be called at once.
type Strays struct {
	mu      sync.Mutex
	targets map[uint64]int
	all     int
}

// Take counts a stray vote for a target. Errors: [ErrStrays].
func (s *Strays) Take(target uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.targets[target] >= StraysPerTarget {
		return ErrStrays.Wrapf("epoch %d: expected at most %d", target, StraysPerTarget)
	}
	if s.all >= StraysPerBlock {
		return ErrStrays.Wrapf("expected at most %d", StraysPerBlock)
	}
	if s.targets == nil {
		s.targets = map[uint64]int{}
	}
	s.targets[target]++
	s.all++
	return nil
}

// Renew begins a new budget: there was a block.
func (s *Strays) Renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.targets)
	s.all = 0
}

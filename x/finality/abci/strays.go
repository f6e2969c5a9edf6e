package abci

import (
	"sync"
)

// Budgets of stray votes for the time between two blocks. Verifying one takes about a millisecond, in which CometBFT's mempool does
// nothing else.
const (
	straysPerTarget = 64
	straysPerBlock  = 256
)

// strays counts the stray votes that were verified since the last block. Without a budget, voters with a thousandth of the power
// could fill the mempool with votes that count for nothing. A double voter is caught by its first two votes, and by hand at any time.
type strays struct {
	mu      sync.Mutex
	targets map[uint64]int
	all     int
}

// take counts a stray vote for a target. Errors: [ErrStrays].
func (s *strays) take(target uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.targets[target] >= straysPerTarget {
		return ErrStrays.Wrapf("epoch %d: expected at most %d", target, straysPerTarget)
	}
	if s.all >= straysPerBlock {
		return ErrStrays.Wrapf("expected at most %d", straysPerBlock)
	}
	if s.targets == nil {
		s.targets = map[uint64]int{}
	}
	s.targets[target]++
	s.all++
	return nil
}

// renew begins a new budget: there was a block.
func (s *strays) renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.targets)
	s.all = 0
}

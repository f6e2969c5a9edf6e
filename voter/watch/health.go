package watch

import (
	"errors"
	"fmt"
	"time"
)

// steady is how many checks in a row a node must pass after a problem before it takes the place of a less preferred one,
// so that a node that comes and goes isn't used by turns.
const steady = 5

// health is what is known of a node.
type health struct {
	tip     Header // the newest block that it told of
	problem error  // what the last check or question found; errUnchecked at first
	good    int    // checks passed since the last problem
}

// newHealth is that of a node that has had no problem yet.
func newHealth() health { return health{problem: errUnchecked, good: steady} }

// checked notes the result of a check. If a newer block was announced during the check, that is the newest.
func (h *health) checked(before, tip Header, err error) {
	if h.tip == before && tip != (Header{}) {
		h.tip = tip
	}
	if err != nil {
		h.failed(err)
		return
	}
	h.problem = nil
	h.good++
}

func (h *health) failed(err error) { h.problem, h.good = err, 0 }

// verdicts returns what is wrong with each of the nodes. Besides its own problem a node can be stuck: its newest block is
// older than that of another one by more than stallAfter. Blocks are compared with blocks, so this machine's clock has
// no say in it, but that a block from the future doesn't count.
func verdicts(nodes []health, stallAfter time.Duration, now time.Time) []error {
	newest := uint64(0)
	for _, h := range nodes {
		if h.problem == nil && h.tip.Time <= latestTime(now) {
			newest = max(newest, h.tip.Time)
		}
	}
	found := make([]error, len(nodes))
	for i, h := range nodes {
		found[i] = h.problem
		if oldest := newest - min(newest, uint64(stallAfter.Milliseconds())); h.problem == nil && h.tip.Time < oldest {
			found[i] = fmt.Errorf("%w: block %d is %s older than another node's", ErrStuck, h.tip.Height, time.Duration(newest-h.tip.Time)*time.Millisecond)
		}
	}
	return found
}

// pick returns the node to use, or -1. That is the most preferred one that is healthy, but the one in use stays until a
// more preferred one has been healthy for a while. The first choice waits for the check of those preferred.
func pick(nodes []health, found []error, using int) int {
	staying := using >= 0 && found[using] == nil
	for i := range nodes {
		switch {
		case found[i] == nil && (!staying || i == using || nodes[i].good >= steady):
			return i
		case using < 0 && errors.Is(found[i], errUnchecked):
			return -1
		}
	}
	return -1
}

package watch

import (
	"errors"
	"fmt"
	"time"
)

// steady is the number of checks in a row that a node must pass after a problem before it replaces a less preferred one.
// So the voter does not switch back and forth when a node comes and goes.
const steady = 5

// health is the state of a node.
type health struct {
	tip     Header // the newest block that it announced
	problem error  // result of the last check or question; errUnchecked at first
	good    int    // checks passed since the last problem
}

// newHealth returns the health of a node that has had no problem yet.
func newHealth() health { return health{problem: errUnchecked, good: steady} }

// checked records the result of a check. A newer block that was announced during the check stays the newest.
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

// verdicts returns what is wrong with each node. Besides its own problem, a node can be stuck: its newest block is older
// than another node's by more than stallAfter. Blocks are compared with blocks. This machine's clock only excludes blocks
// from the future.
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

// pick returns the node to use, or -1. It picks the most preferred healthy node, but keeps the node in use until a more
// preferred one has been healthy for a while. The first choice waits until the more preferred nodes are checked.
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

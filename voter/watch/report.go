package watch

import (
	"fmt"
	"slices"
)

// NodeHealth is the state of a node or witness in the pool.
type NodeHealth struct {
	Address string
	Witness bool
	Healthy bool
	Reason  string // why it isn't healthy
	Height  uint64 // of the newest block that it announced
	InUse   bool
}

// Health returns the state of the nodes, in order of preference, and then of the witnesses.
func (p *Pool) Health() []NodeHealth {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []NodeHealth
	add := func(m *member, verdict error, inUse bool) {
		h := NodeHealth{Address: m.Address, Witness: m.role == roleWitness, Healthy: verdict == nil, Height: m.tip.Height, InUse: inUse}
		if verdict != nil {
			h.Reason = verdict.Error()
		}
		all = append(all, h)
	}
	for i, err := range p.verdicts() {
		add(p.nodes[i], err, i == p.using)
	}
	for _, m := range p.jury.witnesses {
		add(m, m.problem, false)
	}
	return all
}

// Alarms returns what is wrong beside the duties of keys, until it is over: a node or witness that is skipped, nodes with different
// blocks, blocks that are old on arrival. Errors wrap ErrSkipped, ErrDiffer or ErrOld.
func (p *Pool) Alarms() (all []error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range slices.Concat(p.nodes, p.jury.witnesses) {
		if unusable(m.problem) {
			all = append(all, fmt.Errorf("%w: %s %s: %s", ErrSkipped, m.role, m.Address, m.problem.Error())) // another reason than its own
		}
		if m.parted {
			all = append(all, fmt.Errorf("%w: %s and the node in use", ErrDiffer, m.Address))
		}
	}
	if p.clock.old >= oldBlocks {
		all = append(all, fmt.Errorf("%w: expected blocks of the last %s, found %d older ones in a row", ErrOld, p.StallAfter, p.clock.old))
	}
	return all
}

// Healthy returns the indices of the healthy nodes, the one in use first, or of all nodes if none is healthy.
func (p *Pool) Healthy() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var healthy, all []int
	for i, err := range p.verdicts() {
		all = append(all, i)
		switch {
		case i == p.using:
			healthy = append([]int{i}, healthy...)
		case err == nil:
			healthy = append(healthy, i)
		}
	}
	if healthy == nil {
		return all
	}
	return healthy
}

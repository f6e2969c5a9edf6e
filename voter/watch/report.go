package watch

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

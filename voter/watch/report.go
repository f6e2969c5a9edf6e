package watch

// NodeHealth is what the pool knows of a node or witness.
type NodeHealth struct {
	Address string
	Witness bool
	Healthy bool
	Reason  string // why it isn't healthy
	Height  uint64 // of the newest block that it told of
	InUse   bool
}

// Health returns what is known of the nodes, in order of preference, and then of the witnesses.
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

// Healthy returns the indices of the healthy nodes, the one in use first; of all nodes if none is.
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

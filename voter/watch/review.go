package watch

import (
	"errors"
	"slices"
	"time"

	"github.com/dualchain/dualchain/voter/event"
)

// alarmPause is the least time between two alarms about blocks of one node.
const alarmPause = time.Minute

// told records a block that a node announced.
func (p *Pool) told(m *member, block Header) {
	healthy := false
	p.learn(m, func(h *health) {
		h.tip = block
		if err := m.checkChain(block); err != nil {
			h.failed(err)
		}
		healthy = h.problem == nil
	})
	if !healthy {
		m.checkSoon() // the node is alive
	}
}

// learn changes a member's health and acts on the change.
func (p *Pool) learn(m *member, change func(*health)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := m.tip
	change(&m.health)
	if m.role == roleWitness {
		p.report(m, m.problem)
		return
	}
	p.review()
	using := p.current()
	switch newBlock := m.tip != before && m.problem == nil; {
	case newBlock:
		p.arrived(m, using)
	case using != nil:
		p.clock.stands(p.now())
	}
}

// arrived records a member's new block.
func (p *Pool) arrived(m, using *member) {
	p.clock.moves(p.now())
	switch using {
	case nil:
	case m:
		p.clock.ages(p.now().Sub(time.UnixMilli(int64(m.tip.Time))))
		for _, other := range p.nodes {
			p.compare(using, other)
		}
	default:
		p.compare(using, m)
	}
}

// review picks the node to use, announces its newest block and logs changes.
func (p *Pool) review() {
	found := p.verdicts()
	for i, m := range p.nodes {
		p.report(m, found[i])
	}
	last := p.using
	p.using = pick(p.healths(), found, last)
	nobody := p.using < 0 && !slices.Contains(found, errUnchecked)
	if nobody && !p.nobody {
		event.Alarm(p.log, "no healthy node: not voting", event.NoHealthyNode)
	}
	p.nobody = nobody
	using := p.current()
	switch {
	case using != nil:
		if p.using != last {
			p.log.Info("using node", event.UsingNode, "node", using.Address, "preference", p.using+1)
			p.tips.forget()
		}
		p.tips.put(using.tip)
	case p.wrongChainLocked() != nil:
		p.tips.put(p.nodes[0].tip)
	}
}

// compare raises an alarm if a healthy node and the node in use have different blocks at a height. Voting continues with the
// preferred one, because only a witness can tell which is right. A node that alternates gets one alarm per alarmPause.
func (p *Pool) compare(using, other *member) {
	parted := other.tip.Hash != using.tip.Hash
	if other.problem != nil || other.tip.Height != using.tip.Height || parted == other.parted {
		return
	}
	if parted && p.now().Sub(other.alarmed) < alarmPause {
		return
	}
	if other.parted = parted; parted {
		other.alarmed = p.now()
		event.Alarm(p.log, "two nodes report different blocks", event.BlocksDiffer, "height", using.tip.Height, "node", using.Address,
			"node_reports", using.tip.Hash.String(), "other", other.Address, "other_reports", other.tip.Hash.String())
	} else {
		p.log.Info("nodes report the same blocks again", event.BlocksAgree, "height", using.tip.Height, "node", using.Address, "other", other.Address)
	}
}

// report logs a member's problem when it changes.
func (p *Pool) report(m *member, verdict error) {
	if kind(verdict) == m.said {
		return
	}
	m.said = kind(verdict)
	what := string(m.role)
	switch {
	case verdict == nil:
		p.log.Info(what+" is healthy", event.Healthy, what, m.Address, "height", m.tip.Height)
	case unusable(verdict):
		event.Alarm(p.log, what+" is skipped", event.Skipped, what, m.Address, "reason", verdict)
	default:
		p.log.Warn(what+" is unhealthy", event.Unhealthy, what, m.Address, "reason", verdict)
	}
}

// next returns the next node to ask, its newest block, and whether more nodes can be asked: first the node in use, then the
// other healthy ones, then nil.
func (p *Pool) next(asked map[*member]bool) (m *member, tip Header, others bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	using := p.current()
	if using == nil {
		return nil, Header{}, false
	}
	if !asked[using] {
		m = using
	}
	for i, err := range p.verdicts() {
		switch other := p.nodes[i]; {
		case err != nil || other == m || asked[other]:
		case m == nil:
			m = other
		default:
			others = true
		}
	}
	if m == nil {
		return nil, Header{}, false
	}
	return m, m.tip, others
}

func (p *Pool) current() *member {
	if p.using < 0 {
		return nil
	}
	return p.nodes[p.using]
}

// wrongChain returns an error if all nodes are on another chain.
func (p *Pool) wrongChain() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrongChainLocked()
}

func (p *Pool) wrongChainLocked() error {
	for _, m := range p.nodes {
		if !errors.Is(m.problem, ErrWrongChain) {
			return nil
		}
	}
	return p.nodes[0].problem
}

func (p *Pool) tipOf(m *member) Header {
	p.mu.Lock()
	defer p.mu.Unlock()
	return m.tip
}

// verdicts and healths return the verdicts and healths of the nodes. The caller holds the lock.
func (p *Pool) verdicts() []error { return verdicts(p.healths(), p.StallAfter, p.now()) }

func (p *Pool) healths() []health {
	all := make([]health, len(p.nodes))
	for i, m := range p.nodes {
		all[i] = m.health
	}
	return all
}

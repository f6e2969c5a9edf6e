// Package watch follows nodes: it announces each new block at once, and asks a healthy node what to vote on.
//
// A voter trusts its node to have executed the block. It does not trust an answer: it recomputes the checkpoint's root
// from the contents, and compares the checkpoint's block with the consensus layer's header at that height, chain id
// included. So a damaged endpoint, or one of another chain, leads to no signature. With witnesses, the voter doesn't
// trust its node to be on the right fork either: at least one witness must report the same vote, and none another.
package watch

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
)

// patience bounds a question to a node while another node can be asked.
const patience = time.Second

// Config holds the settings of a pool.
type Config struct {
	ChainID    string        // the chain id that every block must have
	Poll       time.Duration // how often to check each node besides listening for events
	StallAfter time.Duration // how much older a node's newest block may be than another's
}

// Pool is several nodes of a chain. It uses the most preferred healthy one. Its methods may be called from any goroutine.
type Pool struct {
	Config
	log  *slog.Logger
	now  func() time.Time
	tips latest
	jury *jury

	mu     sync.Mutex
	nodes  []*member
	using  int  // index of the node in use, or -1
	nobody bool // whether the log says that no node is healthy
	clock  timekeeper
}

// role is the role of a member.
type role string

const (
	roleNode    role = "node"
	roleWitness role = "witness"
)

// member is a node or a witness of the pool.
type member struct {
	*node
	role                  // its name in the log
	soon    chan struct{} // requests a check
	health                // guarded by the pool's lock, as are the fields below
	said    string        // the kind of its last logged problem
	parted  bool          // whether it was logged that its blocks differ from the node in use
	alarmed time.Time     // when that was logged
}

func (m *member) checkSoon() {
	select {
	case m.soon <- struct{}{}:
	default: // a check was requested already
	}
}

// NewPool returns a pool of these nodes, in order of preference. If there are witnesses, one of them must confirm each vote.
func NewPool(config Config, nodes, witnesses []Endpoint, log *slog.Logger) *Pool {
	p := &Pool{Config: config, log: log, now: time.Now, tips: latest{tips: make(chan Header, 1)}, using: -1}
	join := func(role role, endpoints []Endpoint) []*member {
		members := make([]*member, len(endpoints))
		for i, e := range endpoints {
			asks := &node{Endpoint: e, chainID: config.ChainID, now: func() time.Time { return p.now() }}
			members[i] = &member{node: asks, role: role, soon: make(chan struct{}, 1), health: newHealth(), said: kind(errUnchecked)}
		}
		return members
	}
	p.nodes = join(roleNode, nodes)
	p.clock = timekeeper{log: log, limit: config.StallAfter, moved: p.now()}
	p.jury = &jury{pool: p, witnesses: join(roleWitness, witnesses)}
	return p
}

// Tips begins to follow the nodes until ctx is done. It is called once. It returns a channel that holds the latest block of
// the node in use until it is read, so a slow reader skips blocks. Another node's latest block is sent when that node comes
// into use. If no node is on the right chain, a block of the wrong one is sent, so that the reader asks for a duty and gets
// the error. The channel is never closed.
func (p *Pool) Tips(ctx context.Context) <-chan Header {
	for _, m := range p.nodes {
		go p.listen(ctx, m)
		go p.poll(ctx, m)
	}
	for _, m := range p.jury.witnesses {
		go p.poll(ctx, m)
	}
	return p.tips.tips
}

// Duty asks the node in use for the duty of a key at its newest block. If that node fails, Duty asks the next healthy one at
// once. A node that reports nothing to vote on may lie or be behind, so Duty asks the others, and its answer counts if none
// of them has a duty. Without witnesses, their duty must be for the same vote: a less preferred node alone must not lead to
// another vote. Witnesses, if there are any, must confirm every duty, even a recorded one. Errors: ErrNoDuty, ErrFuture,
// ErrNoNode, ErrDisputed, ErrUnconfirmed; ErrWrongChain if all nodes are on another chain; or the first node's error.
func (p *Pool) Duty(ctx context.Context, key ffg.PublicKey) (Duty, error) {
	var failure, idleErr error
	var idle *Duty
	asked := map[*member]bool{}
	for {
		m, tip, others := p.next(asked)
		if m == nil {
			break
		}
		asked[m] = true
		duty, err := m.dutyWithin(ctx, key, tip, others || idle != nil)
		duty.from = m
		switch {
		case ctx.Err() != nil:
			return Duty{}, ctx.Err()
		case err == nil && duty.Member && idle != nil && len(p.jury.witnesses) == 0 && duty.Vote != idle.Vote:
		case err == nil && duty.Member:
			if err := p.jury.confirm(ctx, m.Address, duty.Vote); err != nil {
				return Duty{}, err
			}
			return duty, nil
		case err == nil, errors.Is(err, ErrNoDuty), errors.Is(err, ErrFuture):
			if idle == nil {
				idle, idleErr = &duty, err
			}
		default:
			failure = cmp.Or(failure, err)
			p.learn(m, func(h *health) { h.failed(err) })
		}
	}
	switch {
	case idleErr != nil:
		return Duty{}, idleErr
	case idle != nil:
		return *idle, nil
	}
	return Duty{}, cmp.Or(failure, p.wrongChain(), ErrNoNode)
}

// dutyWithin asks the node, and waits only for patience if there are other nodes.
func (m *member) dutyWithin(ctx context.Context, key ffg.PublicKey, tip Header, others bool) (Duty, error) {
	if others {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	return m.duty(ctx, key, tip)
}

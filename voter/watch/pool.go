// Package watch follows nodes: it tells of each new block at once, and asks a healthy node what to vote on.
//
// A voter trusts its node to have executed the block. It does not trust an answer: the checkpoint's root is recomputed
// from the contents, and its block is compared with the header that the consensus layer has at that height, chain id
// included. So an endpoint of another chain, or one that is damaged, leads to no signature. With witnesses, it doesn't
// trust its node to be on the right fork either: one of them must report the same vote, and none another.
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

// patience bounds a question to a node while there is another one to ask.
const patience = time.Second

// Config says what to watch, and how.
type Config struct {
	ChainID    string        // that every block must have
	Poll       time.Duration // how often to check each node besides listening for events
	StallAfter time.Duration // how much older a node's newest block may be than another's
}

// Pool is several nodes of a chain, of which the most preferred healthy one is used. Its methods may be called from
// any goroutine.
type Pool struct {
	Config
	log  *slog.Logger
	now  func() time.Time
	tips latest
	jury *jury

	mu     sync.Mutex
	nodes  []*member
	using  int  // index of the node in use, -1 if there is none
	nobody bool // whether the log says that no node is healthy
	clock  timekeeper
}

// role is what a member is for.
type role string

const (
	roleNode    role = "node"
	roleWitness role = "witness"
)

// member is a node or a witness of the pool.
type member struct {
	*node
	role                  // in the log
	soon    chan struct{} // asks for a check
	health                // the pool's lock guards it and what follows
	said    string        // the kind of what the log says is wrong with it
	parted  bool          // whether the log says that it has other blocks than the node in use
	alarmed time.Time     // when the log said so
}

func (m *member) checkSoon() {
	select {
	case m.soon <- struct{}{}:
	default: // it was asked for already
	}
}

// NewPool uses these nodes, in order of preference. If there are witnesses, votes need one.
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

// Tips begins to follow the nodes until ctx is done, and is called once. It returns a channel that always holds the latest
// block of the node in use, if it wasn't taken yet: whoever is slow skips blocks. Another node's latest block is told of
// when that node comes into use, and one of another chain when no node is on the right one, so that somebody asks
// for a duty and hears of it. The channel is never closed.
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

// Duty asks the node in use for the duty of a key at its newest block, then at once the next healthy one if it fails. A node
// that says there is nothing to vote on may lie or be behind: the others are asked, and its answer counts if none of them has
// a duty. Without witnesses that has to be for the same vote: the word of a node that isn't preferred must not lead further.
// Witnesses, if there are any, have to confirm a duty, also one that is recorded. Errors: ErrNoDuty, ErrFuture, ErrNoNode,
// ErrDisputed, ErrUnconfirmed; ErrWrongChain if all nodes are on another; that of the first node asked.
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

// dutyWithin loses patience with the node if there are others.
func (m *member) dutyWithin(ctx context.Context, key ffg.PublicKey, tip Header, others bool) (Duty, error) {
	if others {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	return m.duty(ctx, key, tip)
}

// Package watch follows nodes: it announces each new block at once, and asks a healthy node what to vote on.
//
// A voter trusts its node to have executed the block. It does not trust an answer: it recomputes the checkpoint's root
// from the contents, and compares the checkpoint's block with the consensus layer's header at that height, chain id
// included. So a damaged endpoint, or one of another chain, leads to no signature. With witnesses, the voter doesn't
// trust its node to be on the right fork either: at least one witness must report the same vote, and none another.
package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"
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
	places                // of keys, as the node has told
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

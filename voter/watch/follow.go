package watch

import (
	"context"
	"sync"
	"time"

	"github.com/dualchain/dualchain/voter/event"
)

// Reconnecting first waits 100 ms, and never more than 2 s.
const (
	firstReconnect = 100 * time.Millisecond
	lastReconnect  = 2 * time.Second
)

// checkPause is the least time between two checks of a node, even while it replays many blocks.
const checkPause = 50 * time.Millisecond

// Status is a node's report about itself.
type Status struct {
	ChainID    string
	Height     uint64 // of the latest block; 0 before the first block
	CatchingUp bool   // whether it replays blocks of others
}

// Blocks reads a node's blocks.
type Blocks interface {
	// Status returns the node's report about itself.
	Status(ctx context.Context) (Status, error)
	// Latest returns the header of the latest block.
	Latest(ctx context.Context) (Header, error)
	// At returns the header at a height.
	At(ctx context.Context, height uint64) (Header, error)
	// Listen calls started when it is connected. Then it calls found for each new block, until the connection ends or ctx
	// is done. It never returns nil.
	Listen(ctx context.Context, started func(), found func(Header)) error
}

// listen follows a node's events and reconnects when the node comes back.
func (p *Pool) listen(ctx context.Context, m *member) {
	wait, lost := firstReconnect, false
	for {
		err := m.Blocks.Listen(ctx, func() {
			wait, lost = firstReconnect, false
			p.log.Info("listening to the node's blocks", event.Listening, "node", m.Address)
			m.checkSoon()
		}, func(h Header) { p.told(m, h) })
		if ctx.Err() != nil {
			return
		}
		if !lost { // log it once
			p.log.Warn("lost the node's events; polling until they are back", event.EventsLost, "node", m.Address, "error", err)
			lost = true
			m.checkSoon()
		}
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, lastReconnect)
	}
}

// poll checks a node periodically, and soon after a sign of change. So a connection that dies silently costs no vote.
func (p *Pool) poll(ctx context.Context, m *member) {
	ticker := time.NewTicker(p.Poll)
	defer ticker.Stop()
	for {
		before := p.tipOf(m)
		tip, err := m.check(ctx)
		if ctx.Err() != nil {
			return
		}
		p.learn(m, func(h *health) { h.checked(before, tip, err) })
		if !pause(ctx, checkPause) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-m.soon:
		}
	}
}

// latest is a channel with one slot, in which a new block replaces an older one.
type latest struct {
	mu   sync.Mutex
	last Header
	tips chan Header
}

// put sends a block unless it was the last one sent.
func (l *latest) put(h Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h == l.last {
		return
	}
	l.last = h
	select {
	case <-l.tips:
	default:
	}
	l.tips <- h // never waits: only put sends, and the slot is free
}

// forget makes put send the next block even if it was the last one sent.
func (l *latest) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = Header{}
}

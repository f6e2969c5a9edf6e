package watch

import (
	"context"
	"sync"
	"time"

	"github.com/dualchain/dualchain/voter/event"
)

// Reconnecting waits 100 ms first and never more than 2 s.
const (
	firstReconnect = 100 * time.Millisecond
	lastReconnect  = 2 * time.Second
)

// checkPause is the least time between two checks of a node, however many blocks it replays meanwhile.
const checkPause = 50 * time.Millisecond

// Status is what a node says of itself.
type Status struct {
	ChainID    string
	Height     uint64 // of the latest block; 0 if there is none yet
	CatchingUp bool   // whether it replays blocks of others
}

// Blocks tells of a node's blocks.
type Blocks interface {
	// Status returns what the node says of itself.
	Status(ctx context.Context) (Status, error)
	// Latest returns the header of the latest block.
	Latest(ctx context.Context) (Header, error)
	// At returns the header at a height.
	At(ctx context.Context, height uint64) (Header, error)
	// Listen calls started when it is connected, then found for each new block, until the connection ends or ctx is
	// done. It never returns nil.
	Listen(ctx context.Context, started func(), found func(Header)) error
}

// listen follows a node's events, and connects again when the node comes back.
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
		if !lost { // say it once
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

// poll checks a node from time to time, and soon after a sign that something has changed. So a connection that is dead
// without saying so costs no vote.
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

// latest is a channel of one place, in which a new block takes the place of an older one.
type latest struct {
	mu   sync.Mutex
	last Header
	tips chan Header
}

// put leaves out what was told last.
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
	l.tips <- h // never waits: only put sends, and the place is free
}

// forget makes the next block a new one.
func (l *latest) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = Header{}
}

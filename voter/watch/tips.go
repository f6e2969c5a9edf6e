package watch

import (
	"context"
	"sync"
	"time"
)

// Reconnecting waits 100 ms first and never more than 2 s.
const (
	firstReconnect = 100 * time.Millisecond
	lastReconnect  = 2 * time.Second
)

// Blocks tells of a node's blocks.
type Blocks interface {
	// Latest returns the header of the latest block.
	Latest(ctx context.Context) (Header, error)
	// At returns the header at a height.
	At(ctx context.Context, height uint64) (Header, error)
	// Listen calls started when it is connected, then found for each new block, until the connection ends or ctx is
	// done. It never returns nil.
	Listen(ctx context.Context, started func(), found func(Header)) error
}

// Tips returns a channel that always holds the latest block, if it wasn't taken yet: whoever is slow skips blocks. It
// listens to the node's events, connects again when the node comes back, and polls besides, so that a connection that
// is dead without saying so costs no vote. It ends with ctx; the channel is never closed.
func (n *Node) Tips(ctx context.Context) <-chan Header {
	tips := &latest{tips: make(chan Header, 1)}
	go n.listen(ctx, tips.put)
	go n.poll(ctx, tips.put)
	return tips.tips
}

func (n *Node) listen(ctx context.Context, found func(Header)) {
	wait, lost := firstReconnect, false
	for {
		err := n.blocks.Listen(ctx, func() {
			wait, lost = firstReconnect, false
			n.log.Info("listening to the node's blocks")
		}, found)
		if ctx.Err() != nil {
			return
		}
		if !lost { // say it once
			n.log.Warn("lost the node's events; polling until they are back", "error", err)
			lost = true
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			wait = min(2*wait, lastReconnect)
		}
	}
}

func (n *Node) poll(ctx context.Context, found func(Header)) {
	ticker := time.NewTicker(n.config.Poll)
	defer ticker.Stop()
	for {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		header, err := n.blocks.Latest(call)
		cancel()
		if err == nil {
			found(header)
		} else {
			n.log.Debug("poll the latest block", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// latest is a channel of one place, in which a new block takes the place of an older one.
type latest struct {
	mu   sync.Mutex
	last Header
	tips chan Header
}

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

package signerd

import (
	"context"
	"log/slog"
	"net"
	"sync"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/sign"
)

// lines sends each log line, attributes included, to a channel.
type lines chan string

func (l lines) Enabled(context.Context, slog.Level) bool { return true }
func (l lines) WithGroup(string) slog.Handler            { return l }
func (l lines) WithAttrs(attrs []slog.Attr) slog.Handler { return with{l, attrs} }
func (l lines) Handle(_ context.Context, r slog.Record) error {
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	l <- line
	return nil
}

// with is lines with attributes.
type with struct {
	lines
	attrs []slog.Attr
}

func (w with) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(w.attrs...)
	return w.lines.Handle(ctx, r)
}

// stub is a keyring with canned answers.
type stub struct {
	keys  []ffg.PublicKey
	err   error
	began chan struct{} // gets a value when a vote is asked for, if it isn't nil
	go_   chan struct{} // a signature waits for it, if it isn't nil
}

func (s *stub) Keys(context.Context) ([]ffg.PublicKey, error) { return s.keys, s.err }

func (s *stub) Sign(context.Context, ffg.PublicKey, ffg.Vote) (ffg.Signature, error) {
	if s.began != nil {
		s.began <- struct{}{}
		<-s.go_
	}
	return ffg.Signature{}, s.err
}

func (s *stub) Past(context.Context, ffg.PublicKey, uint64) (sign.Past, error) {
	return sign.Past{Signed: true, Latest: 7}, s.err
}

// breakable is a listener whose connections can be broken for good, like those of a process that is killed. It counts
// them.
type breakable struct {
	net.Listener
	mu     sync.Mutex
	conns  map[*counted]bool // that are open
	peak   int               // of open connections
	broken bool
}

func (b *breakable) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &counted{Conn: conn, by: b}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		_ = conn.Close()
		return c, nil
	}
	if b.conns == nil {
		b.conns = map[*counted]bool{}
	}
	b.conns[c] = true
	b.peak = max(b.peak, len(b.conns))
	return c, nil
}

func (b *breakable) break_() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = true
	for c := range b.conns {
		_ = c.Conn.Close()
	}
}

// counted is a connection of a breakable.
type counted struct {
	net.Conn
	by *breakable
}

func (c *counted) Close() error {
	c.by.mu.Lock()
	defer c.by.mu.Unlock()
	delete(c.by.conns, c)
	return c.Conn.Close()
}

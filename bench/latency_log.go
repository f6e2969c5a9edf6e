package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/dualchain/dualchain/voter/event"
)

// times holds the time at which each height was first seen.
type times struct {
	heights chan uint64 // in the order of put; dropped if the channel is full

	mu   sync.Mutex
	when map[uint64]time.Time
}

func newTimes() *times {
	return &times{heights: make(chan uint64, 64), when: map[uint64]time.Time{}}
}

func (t *times) put(height uint64, when time.Time) {
	t.mu.Lock()
	_, known := t.when[height]
	if !known {
		t.when[height] = when
	}
	t.mu.Unlock()
	if known {
		return
	}
	select {
	case t.heights <- height:
	default:
	}
}

// at returns the time of a height, and whether it was seen.
func (t *times) at(height uint64) (time.Time, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	when, known := t.when[height]
	return when, known
}

// votedLog is the voter's log. It looks for the line that reports that the node accepted a vote, made at a height.
type votedLog struct {
	found func(height uint64, when time.Time)
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (votedLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// WithAttrs implements slog.Handler.
func (l votedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	l.attrs = slices.Concat(l.attrs, attrs)
	return l
}

// WithGroup implements slog.Handler.
func (l votedLog) WithGroup(string) slog.Handler { return l }

// Handle implements slog.Handler.
func (l votedLog) Handle(_ context.Context, line slog.Record) error {
	voted := false
	line.Attrs(func(attr slog.Attr) bool {
		voted = voted || attr.Equal(event.Voted)
		return true
	})
	if !voted {
		return nil
	}
	for _, attr := range l.attrs {
		if attr.Key == "height" {
			l.found(attr.Value.Uint64(), line.Time)
		}
	}
	return nil
}

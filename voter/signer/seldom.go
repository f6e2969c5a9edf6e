package signer

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// seldom logs what can happen as often as strangers like, with a pause after each line.
type seldom struct {
	pause time.Duration
	log   *slog.Logger

	mu      sync.Mutex
	last    time.Time
	skipped int
}

// say logs like slog.Logger.Log, or counts: the next line then tells how many were left out.
func (s *seldom) say(level slog.Level, message string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(s.last) < s.pause {
		s.skipped++
		return
	}
	if s.skipped > 0 {
		args = append(args, "left_out", s.skipped)
	}
	s.last, s.skipped = now, 0
	s.log.Log(context.Background(), level, message, args...)
}

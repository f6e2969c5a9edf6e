package signerd

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"google.golang.org/grpc/status"
)

// maxKinds bounds what a seldom remembers. Beyond it, all kinds of one who are one.
const maxKinds = 1024

// seldom logs what others can make happen as often as they like, with a pause after each line of a kind.
type seldom struct {
	pause time.Duration
	log   *slog.Logger

	mu   sync.Mutex
	said map[kind]said
}

// kind is what lines have in common of which one is enough. A who is a client with a certificate, or empty.
type kind struct{ who, what string }

type said struct {
	last    time.Time
	skipped int
}

// say logs like slog.Logger.Log, or counts: the next line of the kind then tells how many were left out.
func (s *seldom) say(of kind, level slog.Level, message string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if _, known := s.said[of]; !known && len(s.said) >= maxKinds {
		maps.DeleteFunc(s.said, func(_ kind, before said) bool { return now.Sub(before.last) >= s.pause })
		if len(s.said) >= maxKinds {
			of = kind{who: of.who}
		}
	}
	before, known := s.said[of]
	if known && now.Sub(before.last) < s.pause {
		before.skipped++
		s.said[of] = before
		return
	}
	if before.skipped > 0 {
		args = append(args, "left_out", before.skipped)
	}
	if s.said == nil {
		s.said = map[kind]said{}
	}
	s.said[of] = said{last: now}
	s.log.Log(context.Background(), level, message, args...)
}

// reasonOf tells refusals apart, not their details.
func reasonOf(err error) string {
	if refusal := refusalOf(err); refusal != nil {
		return fmt.Sprintf("%T", refusal.GetReason())
	}
	return status.Code(toStatus(err)).String()
}

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

// maxKinds limits how many (client, message) pairs a rateLimitedLog tracks. Past the limit, all further messages of one client share one entry.
const maxKinds = 1024

// rateLimitedLog logs messages that other machines can cause without limit. After each line of a kind it pauses for that kind.
type rateLimitedLog struct {
	pause time.Duration
	log   *slog.Logger

	mu   sync.Mutex
	said map[kind]said
}

// kind groups lines of which one per pause is enough. who is the name of a client with a certificate, or empty.
type kind struct{ who, what string }

type said struct {
	last    time.Time
	skipped int
}

// say logs like slog.Logger.Log, with an event. During a pause it only counts, and the next line of the kind has the number of
// skipped lines.
func (s *rateLimitedLog) say(of kind, level slog.Level, message string, what slog.Attr, args ...any) {
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
	s.log.Log(context.Background(), level, message, append([]any{what}, args...)...)
}

// refusalKind returns the kind of a refusal, without its details.
func refusalKind(err error) string {
	if refusal := refusalOf(err); refusal != nil {
		return fmt.Sprintf("%T", refusal.GetReason())
	}
	return status.Code(toStatus(err)).String()
}

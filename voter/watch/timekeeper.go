package watch

import (
	"log/slog"
	"time"

	"github.com/dualchain/dualchain/voter/event"
)

// oldBlocks is the number of blocks in a row that raises an alarm if all are old: the first block after a halt of the chain is always old.
const oldBlocks = 2

// timekeeper raises two alarms. One is for a missing new block, by the monotonic clock, which doesn't jump. The other is for
// new blocks that are old on arrival, by this machine's clock, which may be wrong. Neither stops voting.
type timekeeper struct {
	log   *slog.Logger
	limit time.Duration

	moved   time.Time // when the last new block came
	stalled bool
	old     int // number of old blocks in a row
}

// moves records that a new block came.
func (k *timekeeper) moves(now time.Time) {
	k.moved = now
	if k.stalled {
		k.stalled = false
		k.log.Info("new blocks again", event.BlocksResumed)
	}
}

// stands records that no new block came.
func (k *timekeeper) stands(now time.Time) {
	if !k.stalled && now.Sub(k.moved) >= k.limit {
		k.stalled = true
		event.Alarm(k.log, "no new block from any node", event.BlocksStopped, "for", k.limit)
	}
}

// ages records the age of a new block on arrival.
func (k *timekeeper) ages(age time.Duration) {
	if age <= k.limit {
		if k.old >= oldBlocks {
			k.log.Info("new blocks are recent again", event.BlocksRecent)
		}
		k.old = 0
		return
	}
	if k.old++; k.old == oldBlocks {
		event.Alarm(k.log, "new blocks are old on arrival: this clock is ahead, or the node is behind", event.BlocksOld, "age", age.Round(time.Second))
	}
}

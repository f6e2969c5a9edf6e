package ordinary

import "maps"

// Reasons why a transaction is refused: the keys of [Counters.Refused].
const (
	ReasonSize        = "size"        // empty, or larger than MaxTxBytes
	ReasonDecode      = "decode"      // not a transaction
	ReasonBasic       = "basic"       // signers or a message that can't be valid, or a message that nothing handles
	ReasonPanic       = "panic"       // the decoder panicked
	ReasonKnown       = "known"       // held already
	ReasonTimeout     = "timeout"     // its last height is not above the latest block
	ReasonSender      = "sender"      // a signer has MaxPerSender pending, or too many depend on each other
	ReasonSequence    = "sequence"    // a hole before it
	ReasonReplacement = "replacement" // less than ReplacementPercent above what it would replace
	ReasonFull        = "full"        // the lane is full of what pays as much
	ReasonAnte        = "ante"        // the ante handler's answer
	ReasonState       = "state"       // there is no committed state, or it changed too often meanwhile
	ReasonClosed      = "closed"      // the lane was closed
)

// Counters count since the start. What was inserted is held, or counted once among committed, replaced, evicted, expired and invalid.
type Counters struct {
	Inserted  uint64
	Committed uint64 // were in a block
	Replaced  uint64 // by another of the same sender and number
	Evicted   uint64 // for a better one, in a full lane
	Expired   uint64 // after TTL blocks or above their own timeout height, and what stood behind them
	Invalid   uint64 // the ante handler no longer accepts them, and what stood behind them

	Rechecked uint64            // runs of the ante handler after blocks
	Reaped    uint64            // sent for the first time
	Refilled  uint64            // sent again
	Refused   map[string]uint64 // by reason
}

func newCounters() Counters { return Counters{Refused: map[string]uint64{}} }

// Counters returns the counters.
func (l *Lane) Counters() Counters {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := l.counts
	counts.Refused = maps.Clone(counts.Refused)
	return counts
}

// drop removes a transaction and counts it.
func (l *Lane) drop(e *entry, count *uint64) {
	l.held.unlink(e)
	l.forget(e)
	*count++
}

// forget updates what the lane knows of a transaction that has left the pool.
func (l *Lane) forget(e *entry) {
	if !e.reaped {
		l.fresh--
	}
}

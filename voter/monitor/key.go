package monitor

import (
	"errors"
	"fmt"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
)

// Key is the record of one key. Its methods may be called from any goroutine.
type Key struct {
	monitor *Monitor
	public  ffg.PublicKey

	member   bool // of the head's voter set
	jail     Jail
	fineAt   time.Time
	reason   Reason // why it does not vote, if err isn't nil
	err      error
	since    time.Time // of err
	last     Vote
	failures map[string]uint64 // by code

	signed, recorded, resent, lost uint64

	unrecorded time.Time // when the oldest vote since the last recorded one was signed; zero if no vote waits
	lostInARow int
}

// Jail tells whether the chain keeps a voter out of new voter sets.
type Jail struct {
	Until      time.Time `json:"until,omitzero"` // zero if it is not jailed
	Tombstoned bool      `json:"tombstoned"`
}

// reason returns a nil error for a voter that is free.
func (j Jail) reason() (Reason, error) {
	switch {
	case j.Tombstoned:
		return Tombstoned, errors.New("expected no evidence against this key, found some on the chain")
	case !j.Until.IsZero():
		return InJail, fmt.Errorf("expected the voter to be free, found it jailed until %s", j.Until.UTC().Format(time.DateTime))
	}
	return Reason{}, nil
}

// Vote is a vote that this client signed.
type Vote struct {
	Epoch    uint64    `json:"epoch"`
	At       time.Time `json:"at"`
	Accepted bool      `json:"accepted"` // by the node
	Recorded bool      `json:"recorded"` // by the chain
	Blocks   uint64    `json:"blocks"`   // until it was recorded
}

func (k *Key) locked(do func()) {
	k.monitor.mu.Lock()
	defer k.monitor.mu.Unlock()
	do()
}

// Duty records the head and whether the key has a bit in the head's voter set.
func (k *Key) Duty(epoch uint64, member bool) {
	k.locked(func() {
		k.member = member
		k.monitor.epoch = max(k.monitor.epoch, epoch)
	})
}

// Signed records a signature for an epoch.
func (k *Key) Signed(epoch uint64) {
	k.locked(func() {
		k.signed++
		k.last = Vote{Epoch: epoch, At: k.monitor.config.Now()}
		if k.unrecorded.IsZero() {
			k.unrecorded = k.last.At
		}
	})
}

// Accepted records that a node accepted the latest vote, and how long after the block was announced.
func (k *Key) Accepted(took time.Duration) {
	k.locked(func() { k.last.Accepted = true })
	k.monitor.metrics.latency.Observe(took.Seconds())
}

// Recorded records that the chain has a vote, and the number of blocks since it was sent.
func (k *Key) Recorded(epoch, blocks uint64) {
	k.locked(func() {
		k.recorded++
		k.expectNoRecord()
		if k.last.Epoch == epoch {
			k.last.Recorded, k.last.Blocks = true, blocks
		}
	})
	k.monitor.metrics.inclusion.WithLabelValues(k.public.String()).Observe(float64(blocks))
}

// Resent records that a vote was sent again.
func (k *Key) Resent(uint64) { k.locked(func() { k.resent++ }) }

// Lost records that a vote was given up.
func (k *Key) Lost(uint64) {
	k.locked(func() {
		k.lost++
		k.lostInARow++
	})
}

// expectNoRecord forgets the votes that wait to be recorded.
func (k *Key) expectNoRecord() { k.unrecorded, k.lostInARow = time.Time{}, 0 }

// Result records, after each block, why the key did not do its duty; err is nil if it did.
func (k *Key) Result(reason Reason, err error) {
	defer k.monitor.Review()
	k.locked(func() {
		now := k.monitor.config.Now()
		if err == nil || reason.Severity == Waiting {
			k.fineAt = now
		}
		if err != nil && reason.Severity == Waiting { // earlier votes can no longer be recorded
			k.expectNoRecord()
		}
		if err != nil {
			k.failures[reason.Code]++
		}
		if err != nil && (k.err == nil || k.reason.Code != reason.Code) {
			k.since = now
		}
		k.reason, k.err = reason, err
	})
}

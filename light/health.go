package light

import (
	"errors"
	"fmt"
	"time"
)

// ErrStale is wrapped by Health if the client doesn't keep up.
var ErrStale = errors.New("not up to date")

// Missed updates after which the client doesn't keep up: so many intervals, and as long as an update itself may take.
const missedUpdates = 3

// health is how the last updates went.
type health struct {
	interval time.Duration // of Run, 0 before it
	updated  time.Time     // when the last one succeeded
	failed   error         // what the last one ended with
}

// record notes how an update went.
func (c *Client) record(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.health.failed = err; err == nil {
		c.health.updated = c.now()
	}
}

// Health returns nil if an update succeeded lately, otherwise the conflict that stopped the client, or ErrStale with the reason.
func (c *Client) Health() error {
	if _, err := c.Trust(); err != nil {
		return err
	}
	c.mu.RLock()
	h := c.health
	c.mu.RUnlock()
	most := missedUpdates*h.interval + nodeTimeout
	age := c.now().Sub(h.updated)
	found := fmt.Sprintf("one %s ago", age.Round(time.Second))
	if h.updated.IsZero() {
		found = "none yet"
	}
	switch {
	case !h.updated.IsZero() && age <= most:
		return nil
	case h.failed != nil:
		return fmt.Errorf("%w: expected an update within %s, found %s; the last one: %w", ErrStale, most, found, h.failed)
	}
	return fmt.Errorf("%w: expected an update within %s, found %s", ErrStale, most, found)
}

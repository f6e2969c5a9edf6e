package daemon

import (
	"errors"
	"fmt"
	"time"
)

// ErrStale is wrapped by Health if the client has not updated lately.
var ErrStale = errors.New("not up to date")

// missedUpdates is how many intervals may pass without an update, beside the time that an update itself may take.
const missedUpdates = 3

// health is the outcome of the latest updates.
type health struct {
	interval time.Duration // of Run, 0 before it
	updated  time.Time     // when an update last succeeded
	failed   error         // of the latest update
}

// record notes the outcome of an update.
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
	most := missedUpdates*h.interval + c.policy.Update
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

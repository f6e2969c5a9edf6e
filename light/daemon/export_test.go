package daemon

import (
	"time"

	"github.com/dualchain/dualchain/core/light"
)

// SetClock gives a client another clock.
func SetClock(c *Client, now func() time.Time) { c.now = now }

// SetPolicy gives a client other times to wait.
func SetPolicy(c *Client, policy light.Policy) { c.policy = policy }

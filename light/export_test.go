package light

import "time"

// SetClock gives a client another clock.
func SetClock(c *Client, now func() time.Time) { c.now = now }

// Path is what a question asks a node for.
func (q Question) Path() string { return q.path }

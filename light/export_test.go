package light

import (
	"time"

	"github.com/dualchain/dualchain/core/cert"
)

// SetClock gives a client another clock.
func SetClock(c *Client, now func() time.Time) { c.now = now }

// Path is what a question asks a node for.
func (q Question) Path() string { return q.path }

// WriteBase is the first half of Rebase.
func (s *Store) WriteBase(base cert.Trust) error { return s.writeTrust(baseFile, base) }

// ContestEvery is how often a node is contested.
const ContestEvery = contestEvery

// LatestBlock asks for a block that has to be as recent as the latest state.
func LatestBlock(height uint64) Question {
	q := AboutBlock(height)
	q.latest = true
	return q
}

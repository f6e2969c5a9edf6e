package votes

import "time"

// bucket is a budget of CPU time: it fills at a share of the time that passes, up to burst, and work empties it, below zero if need be.
type bucket struct {
	share int // thousandths of a core
	left  time.Duration
	at    time.Time
}

func newBucket(share int, now time.Time) bucket { return bucket{share: share, left: burst, at: now} }

func (b *bucket) fill(now time.Time) {
	if passed := now.Sub(b.at); passed > 0 {
		passed = min(passed, time.Hour) // so that the product fits
		b.left = min(burst, b.left+passed*time.Duration(b.share)/1000)
	}
	b.at = now
}

// wait returns how long to wait until there is something in the bucket.
func (b *bucket) wait(now time.Time) time.Duration {
	if b.fill(now); b.left > 0 {
		return 0
	}
	return (-b.left)*1000/time.Duration(b.share) + time.Millisecond
}

// spend takes what work has cost.
func (b *bucket) spend(now time.Time, cost time.Duration) {
	b.fill(now)
	b.left -= cost
}

package votes

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/dualchain/dualchain/gossip"
)

// job is a pack that waits for verification, without the votes that were not wanted when it came.
type job struct {
	place   *Place
	parts   []gossip.Part
	own     bool       // by RPC
	quiet   bool       // not sent on: CometBFT's flood mempool does that
	verdict chan error // of a pack by RPC; has room for one
}

func (j *job) id() id { return id{j.place.Vote, j.place.SetHash} }

// answer gives the verdict, once.
func (j *job) answer(err error) {
	if j.verdict != nil {
		j.verdict <- err
		j.verdict = nil
	}
}

// intake is a queue of packs with a worker, which runs as long as packs wait. The lock of the lane guards it.
type intake struct {
	lane     *Lane
	maxVotes int
	budget   bucket

	queue   []*job
	votes   int // in the queue
	limit   int // votes in the next batch
	running bool
	last    int           // votes in the latest batch; the worker's own
	ended   time.Time     // when it ended
	wake    chan struct{} // a whole batch waits
}

func newIntake(l *Lane, share, maxVotes int) *intake {
	return &intake{lane: l, maxVotes: maxVotes, budget: newBucket(share, time.Now()), limit: batchVotes, wake: make(chan struct{}, 1)}
}

// push queues a job. In a full queue, packs from neighbours make room at random, so that honest ones have their share of a flood;
// a pack by RPC is refused, since its sender learns of it and tries again. Errors: [ErrBusy].
func (in *intake) push(j *job) error {
	for in.votes+len(j.parts) > in.maxVotes {
		if j.own || len(in.queue) == 0 {
			return ErrBusy.Wrapf("expected at most %d, found %d", in.maxVotes, in.votes+len(j.parts))
		}
		in.remove(rand.IntN(len(in.queue)))
		in.lane.counts.Crowded++
	}
	in.queue, in.votes = append(in.queue, j), in.votes+len(j.parts)
	if !in.running {
		in.running = true
		go in.work()
	}
	if in.votes >= batchVotes {
		select {
		case in.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

func (in *intake) remove(i int) *job {
	j := in.queue[i]
	in.queue, in.votes = slices.Delete(in.queue, i, i+1), in.votes-len(j.parts)
	return j
}

// work verifies until nothing waits.
func (in *intake) work() {
	l := in.lane
	for {
		l.mu.Lock()
		if len(in.queue) == 0 {
			in.running = false
			l.mu.Unlock()
			return
		}
		dry, gather := in.budget.wait(time.Now()), in.gather(time.Now())
		if dry > 0 || gather > 0 {
			l.mu.Unlock()
			in.pause(dry, gather)
			continue
		}
		batch := in.next()
		l.mu.Unlock()

		in.last = votesIn(batch)
		cost := l.measure(func() { in.adapt(l.processSafely(batch), len(batch)) })

		l.mu.Lock()
		in.ended = time.Now()
		in.budget.spend(in.ended, cost)
		l.mu.Unlock()
	}
}

// gather returns how long to wait for other votes: a moment after a batch that was not small, since there may be many more.
func (in *intake) gather(now time.Time) time.Duration {
	if in.last < smallBatch || in.votes >= batchVotes {
		return 0
	}
	return max(0, batchWait-now.Sub(in.ended))
}

// pause waits for the budget, or for more votes unless a whole batch waits.
func (in *intake) pause(dry, gather time.Duration) {
	if dry > 0 {
		time.Sleep(dry)
		return
	}
	select {
	case <-in.wake:
	case <-time.After(gather):
	}
}

func votesIn(batch []*job) (votes int) {
	for _, j := range batch {
		votes += len(j.parts)
	}
	return votes
}

// next takes the next batch out of the queue: packs of one vote, as they came, up to the limit. Votes that count go before early ones,
// those before stray ones, and newer targets before older ones.
func (in *intake) next() []*job {
	best := -1
	for i, j := range in.queue {
		if best < 0 || in.queue[best].before(j) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	wanted, votes := in.queue[best].id(), 0
	var batch []*job
	in.queue = slices.DeleteFunc(in.queue, func(j *job) bool {
		if j.id() != wanted || len(batch) > 0 && votes+len(j.parts) > in.limit {
			return false
		}
		batch, votes = append(batch, j), votes+len(j.parts)
		return true
	})
	in.votes -= votes
	return batch
}

// before reports whether other goes first.
func (j *job) before(other *job) bool {
	if a, b := j.rank(), other.rank(); a != b {
		return b < a
	}
	return other.place.Vote.Target.Epoch > j.place.Vote.Target.Epoch
}

func (j *job) rank() int {
	switch {
	case j.place.Target == nil:
		return 1
	case j.place.Stray():
		return 2
	default:
		return 0
	}
}

// adapt makes batches small after one that failed, and larger again with each that passes: a batch with one bad vote costs its
// verification and then that of each of its packs.
func (in *intake) adapt(passed bool, packs int) {
	switch {
	case passed:
		in.limit = min(batchVotes, in.limit*2)
	case packs > 1:
		in.limit = 1
	}
}

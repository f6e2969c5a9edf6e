package voter

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/sign"
	"github.com/dualchain/dualchain/voter/submit"
	"github.com/dualchain/dualchain/voter/watch"
)

// watcher is stage one: package watch.
type watcher interface {
	Tips(ctx context.Context) <-chan watch.Header
	Round() *watch.Round
	Doubt(duty watch.Duty, key ffg.PublicKey)
	votedFor
}

// signer is stages two and three: it approves, records and signs, in that order. Package sign, or another process.
type signer interface {
	Keys(ctx context.Context) ([]ffg.PublicKey, error)
	Sign(ctx context.Context, key ffg.PublicKey, vote ffg.Vote) (ffg.Signature, error)
	Past(ctx context.Context, key ffg.PublicKey, target uint64) (sign.Past, error)
}

// submitter is stage four, for one key: package submit.
type submitter interface {
	Send(ctx context.Context, vote ffg.AggregateVote, height uint64) error
	Settle(ctx context.Context, height, head uint64)
}

// client runs the stages for all of the signer's keys, one block after another.
type client struct {
	watch     watcher
	signer    signer
	submitter func(submit.Observer, *slog.Logger) submitter // makes one for a key
	look      uint64                                        // epochs to look for a doppelganger
	retry     time.Duration                                 // after a failure, if no block comes before
	seen      *monitor.Monitor
	log       *slog.Logger

	ballots    []*ballot // one per key
	rightChain bool      // the node has been on our chain
	signerLost bool      // and that was reported
}

// run votes until ctx is done. It returns an error only if the node is on another chain from the start, which is a mistake in the
// configuration. Later, that is an alarm like every other.
func (c *client) run(ctx context.Context) error {
	var again <-chan time.Time
	tips := c.watch.Tips(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case tip := <-tips:
			c.seen.Block(tip.Height)
		case <-again:
		}
		again = nil
		c.step(ctx, c.ballots)
		c.step(ctx, c.findKeys(ctx)) // after the votes, so that they don't wait for it
		if ctx.Err() != nil {
			return nil
		}
		err := c.report()
		if c.rightChain = c.rightChain || !errors.Is(err, watch.ErrWrongChain); !c.rightChain {
			return err
		}
		if err != nil || c.signerLost {
			again = time.After(c.retry)
		}
	}
}

// step handles a block for all keys at the same time.
func (c *client) step(ctx context.Context, ballots []*ballot) {
	started, round := time.Now(), c.watch.Round()
	var wg sync.WaitGroup
	for _, b := range ballots {
		wg.Go(func() { b.failure = b.step(ctx, round, started) })
	}
	wg.Wait()
}

// report logs and returns what went wrong in the last step of each key.
func (c *client) report() error {
	var errs []error
	for _, b := range c.ballots {
		b.report(b.failure)
		errs = append(errs, b.failure)
	}
	return errors.Join(errs...)
}

// findKeys asks the signer for its keys, which may change, and returns the new ones. While the signer doesn't answer, the voter keeps the
// keys that it knows.
func (c *client) findKeys(ctx context.Context) (found []*ballot) {
	keys, err := c.signer.Keys(ctx)
	if ctx.Err() != nil {
		return nil
	}
	reason := reasonOf(err)
	c.seen.Signer(keys, reason, err)
	if lost := err != nil; lost != c.signerLost {
		c.signerLost = lost
		if lost {
			event.Alarm(c.log, "no answer from the signer", event.SignerLost, "code", reason.Code, "error", err)
		} else {
			c.log.Info("the signer answers again", event.SignerBack)
		}
	}
	if err != nil {
		return nil
	}
	c.ballots = slices.DeleteFunc(c.ballots, func(b *ballot) bool {
		gone := !slices.Contains(keys, b.key)
		if gone {
			b.log.Info("key removed", event.KeyRemoved)
			c.seen.Forget(b.key)
		}
		return gone
	})
	for _, key := range keys {
		if !slices.ContainsFunc(c.ballots, func(b *ballot) bool { return b.key == key }) {
			log := c.log.With("key", key.String()[:8])
			log.Info("voting with key", event.KeyFound, "public_key", key.String())
			seen := c.seen.Key(key)
			b := &ballot{
				key: key, watch: c.watch, signer: c.signer, seen: seen, log: log,
				double: doppelganger{key: key, past: c.signer, chain: c.watch, epochs: c.look},
			}
			b.submit = c.submitter(followed{seen, b}, log)
			found = append(found, b)
		}
	}
	c.ballots = append(c.ballots, found...)
	return found
}

package voter

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/sign"
	"github.com/dualchain/dualchain/voter/submit"
	"github.com/dualchain/dualchain/voter/watch"
)

// watcher is stage one: package watch.
type watcher interface {
	Tips(ctx context.Context) <-chan watch.Header
	Duty(ctx context.Context, key ffg.PublicKey) (watch.Duty, error)
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

// voter runs the stages for all of the signer's keys, one block after the other.
type voter struct {
	watch     watcher
	signer    signer
	submitter func(submit.Observer, *slog.Logger) submitter // makes one for a key
	look      uint64                                        // epochs to look for a doppelganger
	retry     time.Duration                                 // after a failure, if no block comes before
	seen      *monitor.Monitor
	log       *slog.Logger

	ballots    []*ballot // one a key
	rightChain bool      // whether the node was ever on our chain
	signerLost bool      // whether that was reported
}

// run votes until ctx is done. It returns an error only if the node is on another chain from the start: that is a mistake
// in the configuration. Later it is an alarm, like everything else.
func (v *voter) run(ctx context.Context) error {
	var again <-chan time.Time
	tips := v.watch.Tips(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case tip := <-tips:
			v.seen.Block(tip.Height)
		case <-again:
		}
		again = nil
		step(ctx, v.ballots)
		step(ctx, v.findKeys(ctx)) // after the votes, which don't wait for it
		if ctx.Err() != nil {
			return nil
		}
		err := v.report()
		if v.rightChain = v.rightChain || !errors.Is(err, watch.ErrWrongChain); !v.rightChain {
			return err
		}
		if err != nil || v.signerLost {
			again = time.After(v.retry)
		}
	}
}

// step does for every key what is due at a block, all at the same time.
func step(ctx context.Context, ballots []*ballot) {
	started := time.Now()
	var wg sync.WaitGroup
	for _, b := range ballots {
		wg.Go(func() { b.failure = b.step(ctx, started) })
	}
	wg.Wait()
}

// report tells what went wrong in the last step of every key, and returns it.
func (v *voter) report() error {
	var errs []error
	for _, b := range v.ballots {
		b.report(b.failure)
		errs = append(errs, b.failure)
	}
	return errors.Join(errs...)
}

// findKeys asks the signer for its keys, which may come and go, and returns the new ones. While it doesn't answer, those known
// are kept.
func (v *voter) findKeys(ctx context.Context) (found []*ballot) {
	keys, err := v.signer.Keys(ctx)
	if ctx.Err() != nil {
		return nil
	}
	v.seen.Signer(reasonOf(err), err)
	if lost := err != nil; lost != v.signerLost {
		v.signerLost = lost
		if lost {
			v.log.Error("ALARM: no answer from the signer", "error", err)
		} else {
			v.log.Info("the signer answers again")
		}
	}
	if err != nil {
		return nil
	}
	v.ballots = slices.DeleteFunc(v.ballots, func(b *ballot) bool {
		gone := !slices.Contains(keys, b.key)
		if gone {
			b.log.Info("key removed")
			v.seen.Forget(b.key)
		}
		return gone
	})
	for _, key := range keys {
		if !slices.ContainsFunc(v.ballots, func(b *ballot) bool { return b.key == key }) {
			log := v.log.With("key", key.String()[:8])
			log.Info("voting with key", "public_key", key.String())
			seen := v.seen.Key(key)
			found = append(found, &ballot{
				key: key, watch: v.watch, signer: v.signer, submit: v.submitter(seen, log), seen: seen, log: log,
				double: doppelganger{key: key, past: v.signer, chain: v.watch, epochs: v.look},
			})
		}
	}
	v.ballots = append(v.ballots, found...)
	return found
}

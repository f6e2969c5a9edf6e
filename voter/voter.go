package voter

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/watch"
)

// watcher is stage one: package watch.
type watcher interface {
	Tips(ctx context.Context) <-chan watch.Header
	Duty(ctx context.Context, tip watch.Header) (watch.Duty, error)
}

// signer is stages two and three: it approves, records and signs, in that order. Package sign, or another process.
type signer interface {
	Sign(ctx context.Context, vote ffg.Vote) (ffg.Signature, error)
}

// submitter is stage four: package submit.
type submitter interface {
	Send(ctx context.Context, vote ffg.AggregateVote, height uint64) error
	Settle(ctx context.Context, height, head uint64)
}

// voter runs the stages, one checkpoint after the other.
type voter struct {
	watch  watcher
	signer signer
	submit submitter
	retry  time.Duration // after a failure, if no block comes before
	log    *slog.Logger

	last       ffg.Vote // that was signed
	rightChain bool     // whether the node was ever on our chain
	reported   string   // what was said last of what keeps us from voting
}

func newVoter(w watcher, s signer, to submitter, retry time.Duration, log *slog.Logger) *voter {
	return &voter{watch: w, signer: s, submit: to, retry: retry, log: log}
}

// run votes until ctx is done. It returns an error only if the node is on another chain from the start: that is a mistake
// in the configuration. Later it is an alarm, like everything else.
func (v *voter) run(ctx context.Context) error {
	var tip watch.Header
	var again <-chan time.Time
	tips := v.watch.Tips(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case tip = <-tips:
		case <-again:
		}
		again = nil
		err := v.step(ctx, tip)
		if ctx.Err() != nil {
			return nil
		}
		if v.rightChain = v.rightChain || !errors.Is(err, watch.ErrWrongChain); !v.rightChain {
			return err
		}
		if err != nil {
			again = time.After(v.retry)
		}
		v.report(err)
	}
}

// step does what is due at a block: the vote for the head first, then votes that aren't recorded yet.
func (v *voter) step(ctx context.Context, tip watch.Header) error {
	started := time.Now()
	duty, err := v.watch.Duty(ctx, tip)
	if err != nil {
		return err
	}
	err = v.vote(ctx, duty, started)
	v.submit.Settle(ctx, duty.Executed, duty.Vote.Target.Epoch)
	return err
}

func (v *voter) vote(ctx context.Context, duty watch.Duty, started time.Time) error {
	vote := duty.Vote
	if !duty.Member {
		return errNotMember
	}
	if duty.Recorded || vote == v.last {
		return nil
	}
	signature, err := v.signer.Sign(ctx, vote)
	if err != nil {
		return err
	}
	v.last = vote
	log := v.log.With("epoch", vote.Target.Epoch, "target", vote.Target.Root.String(), "source", vote.Source.Epoch, "height", duty.Executed)
	if err := v.submit.Send(ctx, duty.Aggregate(signature), duty.Executed); err != nil {
		log.Warn("voted, but the node didn't take the vote: sending it again with the next block", "error", err)
		return nil
	}
	log.Info("voted", "took", time.Since(started).Round(10*time.Microsecond))
	return nil
}

// errNotMember keeps from voting like watch.ErrNoDuty does.
var errNotMember = errors.New("the key has no bit in the voter set of the head")

// report says what keeps from voting when it changes.
func (v *voter) report(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text == v.reported {
		return
	}
	v.reported = text
	var offence *ffg.Offence
	var forgotten *guard.BelowFloor
	switch {
	case err == nil:
		v.log.Info("voting again")
	case errors.Is(err, watch.ErrNoDuty), errors.Is(err, errNotMember):
		v.log.Info("waiting", "reason", err)
	case errors.As(err, &offence), errors.As(err, &forgotten):
		v.log.Error("ALARM: slashing protection refused a vote", "error", err)
	case errors.Is(err, watch.ErrWrongChain), errors.Is(err, watch.ErrInconsistent), errors.Is(err, watch.ErrFuture):
		v.log.Error("ALARM: not voting on what the node says", "error", err)
	default:
		v.log.Warn("not voting", "error", err)
	}
}

package voter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/watch"
)

// tolerated is by how many epochs the next node may be behind the one that failed. What is further behind has another head.
const tolerated = 2

// doubted is asked again for what it has told of a key: a watcher.
type doubted interface {
	Doubt(duty watch.Duty, key ffg.PublicKey)
}

// ballot votes with one key.
type ballot struct {
	key    ffg.PublicKey
	watch  doubted
	signer signer
	submit submitter
	double doppelganger
	seen   *monitor.Key
	log    *slog.Logger

	last     ffg.Vote // that was signed or found on the chain
	sent     watch.Duty
	failure  error  // of the last step
	reported string // what was said last of what keeps us from voting
}

// step does what is due at a block: the vote for the head first, then votes that aren't recorded yet.
func (b *ballot) step(ctx context.Context, round *watch.Round, started time.Time) error {
	duty, err := round.Duty(ctx, b.key)
	if err != nil {
		return err
	}
	b.seen.Duty(duty.Vote.Target.Epoch, duty.Member)
	err = b.vote(ctx, duty, started)
	b.submit.Settle(ctx, duty.Executed, duty.Vote.Target.Epoch)
	return err
}

func (b *ballot) vote(ctx context.Context, duty watch.Duty, started time.Time) error {
	vote := duty.Vote
	if !duty.Member {
		return errNotMember
	}
	switch found, last := vote.Target.Epoch, b.last.Target.Epoch; {
	case found+tolerated < last: // or the one before told of an epoch that never came
		return fmt.Errorf("%w: expected a head of epoch %d or later, since this key has voted for epoch %d, found epoch %d", watch.ErrNotSynced, last-tolerated, last, found)
	case found < last, vote == b.last:
		return nil
	}
	if err := b.double.check(ctx, duty); err != nil {
		return err
	}
	if duty.Recorded { // by this voter before a restart, or by another one with the same signer
		b.last = vote
		return nil
	}
	signature, err := b.signer.Sign(ctx, b.key, vote)
	if err != nil {
		return err
	}
	b.last, b.sent = vote, duty
	b.seen.Signed(vote.Target.Epoch)
	log := b.log.With("epoch", vote.Target.Epoch, "target", vote.Target.Root.String(), "source", vote.Source.Epoch, "height", duty.Executed)
	if err := b.submit.Send(ctx, duty.Aggregate(signature), duty.Executed); err != nil {
		b.watch.Doubt(duty, b.key)
		log.Warn("voted, but the node didn't take the vote: sending it again with the next block", event.NotTaken, "error", err)
		return nil
	}
	took := time.Since(started)
	b.seen.Accepted(took)
	log.Info("voted", event.Voted, "took", took.Round(10*time.Microsecond))
	return nil
}

// followed is told what happens to a ballot's votes. A vote that isn't recorded in time may have the wrong bit.
type followed struct {
	*monitor.Key
	ballot *ballot
}

// Resent implements submit.Observer.
func (f followed) Resent(epoch uint64) {
	f.Key.Resent(epoch)
	f.ballot.watch.Doubt(f.ballot.sent, f.ballot.key)
}

// errNotMember keeps from voting like watch.ErrNoDuty does.
var errNotMember = errors.New("the key has no bit in the voter set of the head")

// report says what keeps from voting when it changes.
func (b *ballot) report(err error) {
	reason := reasonOf(err)
	b.seen.Result(reason, err)
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text == b.reported {
		return
	}
	b.reported = text
	switch {
	case err == nil:
		b.log.Info("voting again", event.VotingAgain)
	case reason.Severity == monitor.Waiting:
		b.log.Info(reason.Message, event.NotVoting, "reason", err, "code", reason.Code)
	case reason.Severity == monitor.Alarm:
		event.Alarm(b.log, reason.Message, event.NotVoting, "error", err, "code", reason.Code)
	default:
		b.log.Warn(reason.Message, event.NotVoting, "error", err, "code", reason.Code)
	}
}

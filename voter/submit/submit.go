// Package submit brings signed votes to the chain. It sends a vote at once, and again while later blocks show that the
// chain lacks it and still accepts it. It always sends the same signature, so sending again is safe.
package submit

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
)

const (
	// maxPending bounds the votes that are followed. Above it, the oldest is given up.
	maxPending = 16
	// maxAttempts bounds how often a vote is sent. The pauses double, so the last attempt is 64 blocks after the first.
	maxAttempts = 8
)

// Node accepts votes and reports which votes the chain has.
type Node interface {
	// Broadcast returns nil once the node has the vote.
	Broadcast(ctx context.Context, vote ffg.AggregateVote) error
	// Tally returns the signers recorded for an epoch, by position in its voter set.
	Tally(ctx context.Context, epoch uint64) (ffg.Bitfield, error)
	// Window returns the number of epochs, counted from the head, that accept votes.
	Window(ctx context.Context) (uint64, error)
}

// Observer is told what happens to votes that were sent.
type Observer interface {
	// Recorded reports that the chain has the vote, and the number of blocks since it was sent.
	Recorded(epoch, blocks uint64)
	// Resent reports that the vote was sent again.
	Resent(epoch uint64)
	// Lost reports that the vote is given up.
	Lost(epoch uint64)
}

// Submitter sends votes and follows them until they are recorded. It is used by one goroutine.
type Submitter struct {
	node    Node
	seen    Observer
	log     *slog.Logger
	pending []pending // ascending by epoch
}

// pending is a vote that was sent and not yet seen in the tally.
type pending struct {
	vote     ffg.AggregateVote
	height   uint64 // executed when it was first sent
	attempts int
	due      uint64 // height at which to look for it
}

// New returns a submitter that sends through a node.
func New(node Node, seen Observer, log *slog.Logger) *Submitter {
	return &Submitter{node: node, seen: seen, log: log}
}

// Send sends a vote that was made at a height. Settle follows the vote up even if Send returns an error.
func (s *Submitter) Send(ctx context.Context, vote ffg.AggregateVote, height uint64) error {
	if len(s.pending) == maxPending {
		s.giveUp(s.pending[0], fmt.Sprintf("%d newer votes wait too", maxPending))
		s.pending = s.pending[1:]
	}
	s.pending = append(s.pending, pending{vote: vote, height: height, attempts: 1, due: height + 1})
	return s.node.Broadcast(ctx, vote)
}

// Settle looks for the votes that are due at an executed height and sends the missing ones again. If the node doesn't
// answer, Settle asks again at the next height.
func (s *Submitter) Settle(ctx context.Context, height, head uint64) {
	left := s.pending[:0]
	for _, p := range s.pending {
		if p.due > height || s.settle(ctx, &p, height, head) {
			left = append(left, p)
		}
	}
	clear(s.pending[len(left):])
	s.pending = left
}

// settle reports whether the vote is still pending.
func (s *Submitter) settle(ctx context.Context, p *pending, height, head uint64) bool {
	epoch := p.vote.Vote.Target.Epoch
	signers, err := s.node.Tally(ctx, epoch)
	if err == nil && p.vote.Signers.AndNot(signers).IsEmpty() {
		s.seen.Recorded(epoch, height-p.height)
		s.log.Info("vote recorded", event.Recorded, "epoch", epoch, "blocks", height-p.height, "attempts", p.attempts)
		return false
	}
	window, windowErr := s.node.Window(ctx)
	switch {
	case windowErr == nil && head >= epoch && head-epoch >= window:
		s.giveUp(*p, fmt.Sprintf("target is out of the vote window of %d epochs", window))
		return false
	case err != nil || windowErr != nil:
		s.log.Debug("could not look for the vote", event.LookupFailed, "epoch", epoch, "tally", err, "window", windowErr)
		return true
	case p.attempts == maxAttempts:
		s.giveUp(*p, "sent often enough")
		return false
	}
	p.due = height + 1<<(p.attempts-1)
	p.attempts++
	s.seen.Resent(epoch)
	if err := s.node.Broadcast(ctx, p.vote); err != nil {
		s.log.Warn("vote sent again without success", event.SentAgain, "epoch", epoch, "attempts", p.attempts, "error", err)
	} else {
		s.log.Info("vote sent again", event.SentAgain, "epoch", epoch, "attempts", p.attempts)
	}
	return true
}

func (s *Submitter) giveUp(p pending, reason string) {
	s.seen.Lost(p.vote.Vote.Target.Epoch)
	s.log.Warn("vote not recorded", event.NotRecorded, "epoch", p.vote.Vote.Target.Epoch, "sent_at", p.height, "attempts", p.attempts, "reason", reason)
}

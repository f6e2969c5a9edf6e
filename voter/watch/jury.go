package watch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
)

const (
	// juryPatience bounds how long a vote waits for a witness that agrees. A witness may be behind.
	juryPatience = 2 * time.Second
	// objectionTime is how long the other witnesses may contradict once one agrees.
	objectionTime = 200 * time.Millisecond
	// lastRecheck bounds the pauses between questions to a witness that is behind.
	lastRecheck = 160 * time.Millisecond
)

// jury is the witnesses. It confirms a vote if at least one of them reports the same vote and none reports another.
type jury struct {
	pool      *Pool
	witnesses []*member

	mu        sync.Mutex
	confirmed ffg.Vote
	asking    *inquiry // in progress
	said      string   // the kind of the last logged reason not to vote
}

// inquiry is a question to the witnesses. It is the same for all keys.
type inquiry struct {
	vote ffg.Vote
	done chan struct{}
	err  error // set once done is closed
}

// testimony is a witness's answer.
type testimony struct {
	*member
	vote ffg.Vote
	err  error
}

// confirm returns nil if there are no witnesses, or if they confirm a node's vote. Errors: ErrDisputed, ErrUnconfirmed.
func (j *jury) confirm(ctx context.Context, node string, vote ffg.Vote) error {
	if len(j.witnesses) == 0 {
		return nil
	}
	j.mu.Lock()
	if vote == j.confirmed {
		j.mu.Unlock()
		return nil
	}
	q := j.asking
	if q == nil || q.vote != vote {
		q = &inquiry{vote: vote, done: make(chan struct{})}
		j.asking = q
		go j.answer(ctx, node, q)
	}
	j.mu.Unlock()
	select {
	case <-q.done:
		return q.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answer ends an inquiry.
func (j *jury) answer(ctx context.Context, node string, q *inquiry) {
	objection, silent := j.hear(ctx, q.vote)
	j.mu.Lock()
	defer j.mu.Unlock()
	defer close(q.done)
	if j.asking == q {
		j.asking = nil
	}
	switch {
	case ctx.Err() != nil:
		q.err = ctx.Err()
		return
	case objection != nil:
		q.err = fmt.Errorf("%w: %s", ErrDisputed, objection.Address)
	case silent != nil:
		q.err = ErrUnconfirmed
	default:
		j.confirmed = q.vote
	}
	if kind(q.err) == j.said {
		return
	}
	j.said = kind(q.err)
	switch log, epoch := j.pool.log, q.vote.Target.Epoch; {
	case objection != nil:
		event.Alarm(log, "a witness contradicts the node: not voting", event.Contradicted, "epoch", epoch,
			"node", node, "node_reports", q.vote.String(), "witness", objection.Address, "witness_reports", objection.vote.String())
	case silent != nil:
		event.Alarm(log, "no witness confirms the checkpoint: not voting", event.Unconfirmed, "epoch", epoch, "reasons", strings.Join(silent, "; "))
	default:
		log.Info("witnesses confirm the node again", event.Confirmed, "epoch", epoch)
	}
}

// hear asks the witnesses about an epoch. It returns a contradicting testimony, or the reason of each if none agrees.
func (j *jury) hear(ctx context.Context, vote ffg.Vote) (objection *testimony, silent []string) {
	hearing, cancel := context.WithTimeout(ctx, juryPatience)
	defer cancel()
	witnesses := j.call()
	answers := make(chan testimony, len(witnesses))
	for _, w := range witnesses {
		go func() {
			found, err := w.testify(hearing, vote.Target.Epoch)
			answers <- testimony{w, found, err}
		}()
	}
	agreed := false
	for range witnesses {
		switch t := <-answers; {
		case t.err == nil && t.vote != vote:
			return &t, nil
		case t.err == nil && !agreed:
			agreed = true
			defer time.AfterFunc(objectionTime, cancel).Stop()
		case t.err != nil && !agreed:
			reason := "is behind"
			if !errors.Is(t.err, ErrNoDuty) && ctx.Err() == nil {
				reason = t.err.Error()
				j.pool.learn(t.member, func(h *health) { h.failed(t.err) })
			}
			silent = append(silent, t.Address+": "+reason)
		}
	}
	if agreed {
		return nil, nil
	}
	return nil, silent
}

// call returns the witnesses to ask: the healthy ones, so that no vote waits for the others, or all if none is healthy.
func (j *jury) call() []*member {
	j.pool.mu.Lock()
	defer j.pool.mu.Unlock()
	var healthy []*member
	for _, w := range j.witnesses {
		if w.problem == nil {
			healthy = append(healthy, w)
		}
	}
	if healthy == nil {
		return j.witnesses
	}
	return healthy
}

// testify asks for the vote for an epoch until the node has the checkpoint or ctx is done. The node may be behind.
func (n *node) testify(ctx context.Context, epoch uint64) (ffg.Vote, error) {
	var behind error
	for wait := firstRecheck; ; wait = min(2*wait, lastRecheck) {
		vote, _, err := n.vote(ctx, strconv.FormatUint(epoch, 10))
		switch {
		case errors.Is(err, ErrNoDuty):
			behind = err
		case err != nil && behind != nil && ctx.Err() != nil:
			return ffg.Vote{}, behind
		default:
			return vote, err
		}
		if !pause(ctx, wait) {
			return ffg.Vote{}, behind
		}
	}
}

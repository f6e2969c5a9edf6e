package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/dualchain/dualchain/core/ffg"
)

// Round asks the nodes what is due at one block, for any number of keys at the same time. Each node is asked once for what is the same
// for all keys, and once per voter set for the bit of each key.
type Round struct {
	pool *Pool

	mu    sync.Mutex
	asked map[*member]*question
}

// question is a question to a node about its head.
type question struct {
	done chan struct{}
	head headDuty // set once done is closed, as is err
	err  error    // of the question

	waiting int // number of keys; guarded by the round's lock
	cancel  context.CancelFunc
}

// Round begins to ask anew.
func (p *Pool) Round() *Round { return &Round{pool: p, asked: map[*member]*question{}} }

// Duty asks the node in use for the duty of a key at its newest block. If that node fails, Duty asks the next healthy one at
// once. A node that reports nothing to vote on may lie or be behind, so Duty asks the others, and its answer counts if none
// of them has a duty. Without witnesses, their duty must be for the same vote: a less preferred node alone must not lead to
// another vote. Witnesses, if there are any, must confirm every duty, even a recorded one. Errors: ErrNoDuty, ErrFuture,
// ErrNoNode, ErrDisputed, ErrUnconfirmed; ErrWrongChain if all nodes are on another chain; or the first node's error.
func (r *Round) Duty(ctx context.Context, key ffg.PublicKey) (Duty, error) {
	p := r.pool
	var failure, idleErr error
	var idle *Duty
	asked := map[*member]bool{}
	for {
		m, tip, others := p.next(asked)
		if m == nil {
			break
		}
		asked[m] = true
		duty, err := r.ask(ctx, m, key, tip, others || idle != nil)
		duty.from = m
		switch {
		case ctx.Err() != nil:
			return Duty{}, ctx.Err()
		case err == nil && duty.Member && idle != nil && len(p.jury.witnesses) == 0 && duty.Vote != idle.Vote:
		case err == nil && duty.Member:
			if err := p.jury.confirm(ctx, m.Address, duty.Vote); err != nil {
				return Duty{}, err
			}
			return duty, nil
		case err == nil, errors.Is(err, ErrNoDuty), errors.Is(err, ErrFuture):
			if idle == nil {
				idle, idleErr = &duty, err
			}
		default:
			failure = cmp.Or(failure, err)
			p.learn(m, func(h *health) { h.failed(err) })
		}
	}
	switch {
	case idleErr != nil:
		return Duty{}, idleErr
	case idle != nil:
		return *idle, nil
	}
	return Duty{}, cmp.Or(failure, p.wrongChain(), ErrNoNode)
}

// ask asks a node, and waits only for patience if there are other nodes. The node is asked about the key itself unless it has told the
// key's bit in the head's voter set before.
func (r *Round) ask(ctx context.Context, m *member, key ffg.PublicKey, tip Header, others bool) (Duty, error) {
	if others {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	head, err := r.head(ctx, m, tip)
	if err != nil {
		return Duty{}, err
	}
	if position, known := m.place(key, head.duty); known {
		return head.of(position), nil
	}
	duty, err := m.duty(ctx, key, tip)
	if err != nil {
		return Duty{}, err
	}
	if duty.VoterSetHash == head.duty.VoterSetHash && duty.Size != head.duty.Size {
		return Duty{}, fmt.Errorf("check duty: %w: size of the voter set: expected %d as in the answer before, found %d", ErrInconsistent, head.duty.Size, duty.Size)
	}
	m.keep(key, duty)
	return duty, nil
}

// head returns a node's answer to all keys. The first key asks, the others wait for the same answer. The question ends when no key waits.
func (r *Round) head(ctx context.Context, m *member, tip Header) (headDuty, error) {
	r.mu.Lock()
	q := r.asked[m]
	if q == nil {
		asking, cancel := context.WithCancel(context.WithoutCancel(ctx)) // other keys may wait longer
		q = &question{done: make(chan struct{}), cancel: cancel}
		r.asked[m] = q
		go func() {
			defer cancel()
			defer close(q.done)
			q.head, q.err = m.head(asking, tip)
		}()
	}
	q.waiting++
	r.mu.Unlock()
	select {
	case <-q.done:
		return q.head, q.err
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.waiting--; q.waiting == 0 {
		q.cancel()
		delete(r.asked, m)
	}
	return headDuty{}, fmt.Errorf("ask for duty: %w in time: %w", ErrNoAnswer, ctx.Err())
}

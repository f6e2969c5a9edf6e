package light

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How long nodes are waited for when one answer is enough. A silent node must cost little, a slow one alone must be heard.
const (
	hedge = time.Second     // after this, the next node is asked as well
	grace = 2 * time.Second // for the others, once one has answered what all are asked
	last  = 5 * time.Second // for all others, once one has said that it doesn't have what one is asked: it may lie
)

// errSilent: others have answered meanwhile.
var errSilent = errors.New("expected an answer soon after the others', found none")

// reply is what a node answered.
type reply[T any] struct {
	from  int
	value T
	err   error
}

// firstOf returns the first good answer. Nodes are asked in their order, the next one when one has failed or been silent for a
// while; all of them, once one doesn't have it, since another may. The error joins what each node said.
func firstOf[T any](ctx context.Context, nodes []Provider, ask func(context.Context, Provider) (T, error)) (T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	replies, errs := make(chan reply[T], len(nodes)), make([]error, len(nodes))
	asked, answered := 0, 0
	var ending *time.Timer
	next := func() {
		if asked == len(nodes) {
			return
		}
		i := asked
		asked++
		go func() {
			value, err := ask(ctx, nodes[i])
			replies <- reply[T]{i, value, err}
		}()
	}
	timer := time.NewTicker(hedge)
	defer timer.Stop()
	for next(); answered < len(nodes); {
		select {
		case <-timer.C:
			next()
		case r := <-replies:
			if r.err == nil {
				return r.value, nil
			}
			answered++
			errs[r.from] = fmt.Errorf("%s: %w", nodes[r.from].Name(), r.err)
			if lacks := errors.Is(r.err, ErrNotThere) || errors.Is(r.err, errQuestion); lacks && ending == nil {
				for asked < len(nodes) {
					next()
				}
				ending = time.AfterFunc(last, func() { cancel(errSilent) })
			}
			timer.Reset(hedge)
			next()
		}
	}
	var none T
	return none, errors.Join(errs...)
}

// allOf asks all nodes at the same time, and returns what each answered, in their order.
func allOf[T any](ctx context.Context, nodes []Provider, ask func(context.Context, Provider) (T, error)) []reply[T] {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	replies, out := make(chan reply[T], len(nodes)), make([]reply[T], len(nodes))
	for i, node := range nodes {
		go func() {
			value, err := ask(ctx, node)
			replies <- reply[T]{i, value, err}
		}()
	}
	for range nodes {
		r := <-replies
		if r.err == nil {
			time.AfterFunc(grace, func() { cancel(errSilent) })
		} else {
			r.err = fmt.Errorf("%s: %w", nodes[r.from].Name(), r.err)
		}
		out[r.from] = r
	}
	return out
}

package light

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errSilent: others have answered meanwhile.
var errSilent = errors.New("expected an answer soon after the others', found none")

// reply is what a provider answered.
type reply[T any] struct {
	from  int
	value T
	err   error
}

// firstOf returns the first good answer. Providers are asked in their order, the next one when one has failed or has been silent
// for a while. Once one lacks the answer, all of them are asked, since another may have it. The error joins those of all.
func firstOf[T any](ctx context.Context, p Policy, providers []Provider, ask func(context.Context, Provider) (T, error)) (T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	replies, errs := make(chan reply[T], len(providers)), make([]error, len(providers))
	asked, answered := 0, 0
	var ending *time.Timer
	next := func() {
		if asked == len(providers) {
			return
		}
		i := asked
		asked++
		go func() {
			value, err := ask(ctx, providers[i])
			replies <- reply[T]{i, value, err}
		}()
	}
	timer := time.NewTicker(p.Hedge)
	defer timer.Stop()
	for next(); answered < len(providers); {
		select {
		case <-timer.C:
			next()
		case r := <-replies:
			if r.err == nil {
				return r.value, nil
			}
			answered++
			errs[r.from] = fmt.Errorf("%s: %w", providers[r.from].Name(), r.err)
			if lacks := errors.Is(r.err, ErrNotFound) || errors.Is(r.err, ErrInvalidRequest); lacks && ending == nil {
				for asked < len(providers) {
					next()
				}
				ending = time.AfterFunc(p.Second, func() { cancel(errSilent) })
			}
			timer.Reset(p.Hedge)
			next()
		}
	}
	var none T
	return none, errors.Join(errs...)
}

// allOf asks all providers at the same time, and returns their replies in the providers' order.
func allOf[T any](ctx context.Context, p Policy, providers []Provider, ask func(context.Context, Provider) (T, error)) []reply[T] {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	replies, out := make(chan reply[T], len(providers)), make([]reply[T], len(providers))
	for i, provider := range providers {
		go func() {
			value, err := ask(ctx, provider)
			replies <- reply[T]{i, value, err}
		}()
	}
	for range providers {
		r := <-replies
		if r.err == nil {
			time.AfterFunc(p.Grace, func() { cancel(errSilent) })
		} else {
			r.err = fmt.Errorf("%s: %w", providers[r.from].Name(), r.err)
		}
		out[r.from] = r
	}
	return out
}

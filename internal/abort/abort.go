// Package abort lets a caller leave steps that can't be interrupted, such as a prompt or the derivation of a key.
package abort

import (
	"context"
	"fmt"
)

// Do returns what f returns or, as soon as ctx is done, an error wrapping ctx's. Then f goes on in the background, and what it
// returns is lost: nothing that it uses may be changed afterwards, and it must change nothing that outlives the process.
func Do[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	if ctx.Err() != nil {
		return none, fmt.Errorf("interrupted: %w", ctx.Err())
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := f()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return none, fmt.Errorf("interrupted: %w", ctx.Err())
	}
}

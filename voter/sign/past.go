package sign

import (
	"context"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// Past is what a guard remembers of a key in one chain.
type Past struct {
	Signed bool   // whether a vote for the epoch in question was approved; true also if it is too long ago to tell
	Latest uint64 // the newest target epoch approved, 0 if none
}

// Past returns what the guard remembers of a key, and of a vote for a target epoch. Errors: the guard's.
func (k *Keyring) Past(_ context.Context, key ffg.PublicKey, target uint64) (Past, error) {
	_, known, err := k.guard.Lookup(k.domain, key, target)
	if err != nil {
		return Past{}, fmt.Errorf("look up epoch %d: %w", target, err)
	}
	latest, _, err := k.guard.Latest(k.domain, key)
	if err != nil {
		return Past{}, fmt.Errorf("look up the latest vote: %w", err)
	}
	floor, err := k.guard.FloorOf(k.domain, key)
	if err != nil {
		return Past{}, fmt.Errorf("look up the floor: %w", err)
	}
	return Past{
		Signed: known || target <= floor.Target,
		Latest: max(latest.Target, floor.Target),
	}, nil
}

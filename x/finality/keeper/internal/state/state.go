// Package state holds what all components of x/finality's keeper share.
package state

import (
	"context"
	"errors"
	"math"
	"time"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Params reads the parameters.
type Params func(context.Context) (types.Params, error)

// Domain returns the domain that this chain's votes are signed for.
func Domain(ctx context.Context) ffg.Root { return ffg.Domain(sdk.UnwrapSDKContext(ctx).ChainID()) }

// Simulated reports whether a transaction is only tried, to learn its gas. Anybody may ask a node for that, so gas is charged and
// nothing is verified.
func Simulated(ctx context.Context) bool {
	return sdk.UnwrapSDKContext(ctx).ExecMode() == sdk.ExecModeSimulate
}

// Found turns a missing value into false.
func Found[T any](v T, err error) (T, bool, error) {
	if errors.Is(err, collections.ErrNotFound) {
		return v, false, nil
	}
	return v, err == nil, err
}

// Or returns err if there is one, else the sentinel with its detail.
func Or(err error, sentinel interface{ Wrap(string) error }, detail string) error {
	if err != nil {
		return err
	}
	return sentinel.Wrap(detail)
}

// Try does something whole or, if it fails, not at all: what it wrote is dropped, and so are its events.
func Try(ctx context.Context, do func(context.Context) error) error {
	tried, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	if err := do(tried); err != nil {
		return err
	}
	write()
	return nil
}

// Emit emits a typed event.
func Emit(ctx context.Context, event interface {
	Reset()
	String() string
	ProtoMessage()
},
) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(event)
}

// Remember adds to a map in a node's memory, dropping an arbitrary entry when it is full.
func Remember[K comparable, V any](m map[K]V, key K, value V, size int) {
	if _, known := m[key]; !known && len(m) >= size {
		for old := range m {
			delete(m, old)
			break
		}
	}
	m[key] = value
}

// Nanos returns a time as a key that sorts like it: nanoseconds since 1970, which an int64 holds from 1678 to 2262. Times outside are
// taken for the nearest one inside.
func Nanos(t time.Time) int64 {
	first, last := time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)
	switch {
	case t.Before(first):
		return math.MinInt64
	case t.After(last):
		return math.MaxInt64
	}
	return t.UnixNano()
}

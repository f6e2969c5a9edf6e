// Package sets is who votes: pairs of voter sets, installed one after the other, and the unbonding clocks that installations start.
package sets

import (
	"context"
	"fmt"
	"time"

	"cosmossdk.io/collections"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/keeper/stake"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Keeper owns the state of pairs and clocks.
type Keeper struct {
	params state.Params
	stake  *stake.Keeper
	memo   *memo // node-local and content-addressed: it changes no answer, only how fast it comes

	pairs   collections.Map[uint64, types.Pair]
	inForce collections.Item[uint64] // index of the latest pair; absent before the anchor
	sets    collections.Map[[]byte, types.Members]
	setUses collections.Map[[]byte, uint64] // number of kept pairs that have the set
	next    collections.Item[types.Members]
	clocks  collections.Map[uint64, types.UnbondingClock]       // started clocks
	ends    collections.KeySet[collections.Pair[int64, uint64]] // (completion time, clock) of those with entries to pay
	last    collections.Map[uint64, uint64]                     // registration → last pair in which its key has power, as far as is known
}

// New adds the component's collections to a schema. keys remembers parsed keys.
func New(sb *collections.SchemaBuilder, cdc codec.BinaryCodec, params state.Params, stake *stake.Keeper, keys *bls.Cache) *Keeper {
	return &Keeper{
		params: params, stake: stake, memo: newMemo(keys),

		pairs:   collections.NewMap(sb, types.PairsPrefix, "pairs", collections.Uint64Key, codec.CollValue[types.Pair](cdc)),
		inForce: collections.NewItem(sb, types.InForcePrefix, "in_force", collections.Uint64Value),
		sets:    collections.NewMap(sb, types.SetsPrefix, "sets", collections.BytesKey, types.MembersValue),
		setUses: collections.NewMap(sb, types.SetUsesPrefix, "set_uses", collections.BytesKey, collections.Uint64Value),
		next:    collections.NewItem(sb, types.NextSetPrefix, "next_set", types.MembersValue),
		clocks:  collections.NewMap(sb, types.ClocksPrefix, "clocks", collections.Uint64Key, codec.CollValue[types.UnbondingClock](cdc)),
		ends:    collections.NewKeySet(sb, types.ClockEndsPrefix, "clock_ends", collections.PairKeyCodec(collections.Int64Key, collections.Uint64Key)),
		last:    collections.NewMap(sb, types.LastPairsPrefix, "last_pairs", collections.Uint64Key, collections.Uint64Value),
	}
}

// Anchored reports whether there are voter sets.
func (k *Keeper) Anchored(ctx context.Context) (bool, error) { return k.inForce.Has(ctx) }

// ClockOf returns the clock of unbonding entries made under a pair. Clock 0 is for those made before the anchor, each with a time
// of its own.
func ClockOf(pair uint64) uint64 { return pair + 1 }

// Clock returns the clock of unbonding entries made now.
func (k *Keeper) Clock(ctx context.Context) (uint64, error) {
	pair, anchored, err := state.Found(k.inForce.Get(ctx))
	if err != nil {
		return 0, fmt.Errorf("read pair in force: %w", err)
	}
	if !anchored {
		return 0, nil
	}
	return ClockOf(pair), nil
}

// Completion returns when a clock runs out, or false while it has not started.
func (k *Keeper) Completion(ctx context.Context, clock uint64) (time.Time, bool, error) {
	c, started, err := state.Found(k.clocks.Get(ctx, clock))
	return c.CompletionTime, started, err
}

// Ended returns the clocks that have run out and are not paid, in the order of their ends, at most a number of them.
func (k *Keeper) Ended(ctx context.Context, limit int) ([]types.UnbondingClock, error) {
	var ended []types.UnbondingClock
	now := state.Nanos(sdk.UnwrapSDKContext(ctx).BlockTime())
	err := k.ends.Walk(ctx, nil, func(end collections.Pair[int64, uint64]) (bool, error) {
		if end.K1() > now || len(ended) == limit {
			return true, nil
		}
		ended = append(ended, types.UnbondingClock{Clock: end.K2(), CompletionTime: time.Unix(0, end.K1()).UTC()})
		return false, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the ends of clocks: %w", err)
	}
	return ended, nil
}

// Paid takes a clock off the list of those that have run out.
func (k *Keeper) Paid(ctx context.Context, clock types.UnbondingClock) error {
	return k.ends.Remove(ctx, collections.Join(state.Nanos(clock.CompletionTime), clock.Clock))
}

// setClock starts a clock.
func (k *Keeper) setClock(ctx context.Context, clock types.UnbondingClock) error {
	if err := k.clocks.Set(ctx, clock.Clock, clock); err != nil {
		return fmt.Errorf("start clock %d: %w", clock.Clock, err)
	}
	return k.ends.Set(ctx, collections.Join(state.Nanos(clock.CompletionTime), clock.Clock))
}

// Pair returns a kept pair.
func (k *Keeper) Pair(ctx context.Context, index uint64) (types.Pair, error) {
	pair, err := k.pairs.Get(ctx, index)
	if err != nil {
		return pair, fmt.Errorf("read pair %d: %w", index, err)
	}
	return pair, nil
}

// OldestPair returns the oldest pair that is kept.
func (k *Keeper) OldestPair(ctx context.Context) (oldest types.Pair, err error) {
	if err := k.pairs.Walk(ctx, nil, func(_ uint64, p types.Pair) (bool, error) {
		oldest = p
		return true, nil
	}); err != nil {
		return oldest, fmt.Errorf("find oldest pair: %w", err)
	}
	return oldest, nil
}

// Drop forgets a pair, its clock, and its set unless another pair has the same.
func (k *Keeper) Drop(ctx context.Context, pair types.Pair) error {
	if err := k.pairs.Remove(ctx, pair.Index); err != nil {
		return fmt.Errorf("remove pair %d: %w", pair.Index, err)
	}
	hash, _, err := pair.Hashes()
	if err != nil {
		return err
	}
	if err := k.dropSet(ctx, hash); err != nil {
		return err
	}
	clock, started, err := state.Found(k.clocks.Get(ctx, ClockOf(pair.Index)))
	if err != nil || !started {
		return err
	}
	if err := k.Paid(ctx, clock); err != nil {
		return err
	}
	return k.clocks.Remove(ctx, clock.Clock)
}

// Members returns the members of a kept set, with their registrations.
func (k *Keeper) Members(ctx context.Context, hash ffg.Root) (types.Members, error) {
	members, err := k.sets.Get(ctx, hash[:])
	if err != nil {
		return members, fmt.Errorf("read set %s: %w", hash, err)
	}
	return members, nil
}

// Next returns the set that follows the pair in force.
func (k *Keeper) Next(ctx context.Context) (types.Members, error) {
	next, err := k.next.Get(ctx)
	if err != nil {
		return next, fmt.Errorf("read next set: %w", err)
	}
	return next, nil
}

package stake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Undelegated stake stays slashable. Its entry remembers the pair in force; its clock starts when rear, current and next
// were all computed after it (package sets starts it), and it is paid unbonding_time later (protocol §7). All entries with
// the same pair share one clock, so starting it is one write.

// Clocks tells when unbonding clocks run out.
type Clocks interface {
	// Completion returns when a clock runs out, or false while it has not started.
	Completion(ctx context.Context, clock uint64) (time.Time, bool, error)
	// Ended returns the clocks that have run out, in the order of their ends, at most a number of them.
	Ended(ctx context.Context, limit int) ([]types.UnbondingClock, error)
	// Paid takes a clock, all of whose entries are paid or frozen, off the list of those that have run out.
	Paid(ctx context.Context, clock types.UnbondingClock) error
}

// newEntry returns a numbered entry without shares, unless the delegator has as many with the voter as are allowed.
func (k *Keeper) newEntry(ctx context.Context, voter uint64, delegator sdk.AccAddress, clock uint64) (types.Unbonding, error) {
	params, err := k.params(ctx)
	if err != nil {
		return types.Unbonding{}, err
	}
	open, err := k.openUnbondings(ctx, delegator, voter)
	if err != nil {
		return types.Unbonding{}, err
	}
	if open >= int(params.MaxUnbondings) {
		return types.Unbonding{}, types.ErrTooManyUnbondings.Wrapf("expected fewer than %d with voter %d, found %d", params.MaxUnbondings, voter, open)
	}
	now := sdk.UnwrapSDKContext(ctx).BlockTime()
	entry := types.Unbonding{VoterIndex: voter, Delegator: delegator.String(), StartTime: now, Clock: clock}
	if clock == 0 {
		completion := now.Add(params.UnbondingTime)
		entry.CompletionTime = &completion
	}
	if entry.Id, err = k.unbondingSeq.Next(ctx); err != nil {
		return entry, fmt.Errorf("take unbonding number: %w", err)
	}
	return entry, nil
}

// setUnbonding writes an entry with its indexes; queued entries are paid when they fall due, others are frozen.
func (k *Keeper) setUnbonding(ctx context.Context, entry types.Unbonding, delegator sdk.AccAddress, queued bool) error {
	if err := k.unbondings.Set(ctx, entry.Id, entry); err != nil {
		return fmt.Errorf("set unbonding %d: %w", entry.Id, err)
	}
	if err := k.unbondingsByDelegator.Set(ctx, collections.Join([]byte(delegator), entry.Id)); err != nil {
		return fmt.Errorf("index unbonding %d: %w", entry.Id, err)
	}
	if !queued {
		return nil
	}
	if entry.Clock == 0 {
		return k.unbondingTimes.Set(ctx, collections.Join(state.Nanos(*entry.CompletionTime), entry.Id))
	}
	return k.unbondingQueue.Set(ctx, collections.Join(entry.Clock, entry.Id))
}

// unqueue makes sure that an entry is not paid.
func (k *Keeper) unqueue(ctx context.Context, entry types.Unbonding) error {
	if entry.Clock == 0 {
		return k.unbondingTimes.Remove(ctx, collections.Join(state.Nanos(*entry.CompletionTime), entry.Id))
	}
	return k.unbondingQueue.Remove(ctx, collections.Join(entry.Clock, entry.Id))
}

// removeUnbonding removes an entry and takes its shares out of the voter's unbonding pool; it returns their worth, rounded down.
func (k *Keeper) removeUnbonding(ctx context.Context, entry types.Unbonding) (math.Int, error) {
	delegator, err := sdk.AccAddressFromBech32(entry.Delegator)
	if err != nil {
		return math.Int{}, err
	}
	if err := k.unbondings.Remove(ctx, entry.Id); err != nil {
		return math.Int{}, fmt.Errorf("remove unbonding %d: %w", entry.Id, err)
	}
	if err := k.unbondingsByDelegator.Remove(ctx, collections.Join([]byte(delegator), entry.Id)); err != nil {
		return math.Int{}, fmt.Errorf("unindex unbonding %d: %w", entry.Id, err)
	}
	if err := k.unqueue(ctx, entry); err != nil {
		return math.Int{}, fmt.Errorf("unqueue unbonding %d: %w", entry.Id, err)
	}
	tokens := math.ZeroInt()
	_, err = k.updateVoter(ctx, entry.VoterIndex, func(v *types.Voter) error {
		if entry.Pool != v.Unbonding.Number { // that pool was slashed to nothing
			return nil
		}
		own := v.Operator == entry.Delegator
		tokens = v.Unbonding.Worth(entry.Shares)
		v.Unbonding.Abandon(v.Unbonding.Take(entry.Shares, tokens, own), own)
		return nil
	})
	return tokens, err
}

// openUnbondings counts the entries of a delegator with a voter.
func (k *Keeper) openUnbondings(ctx context.Context, delegator sdk.AccAddress, voter uint64) (int, error) {
	count := 0
	prefix := collections.NewPrefixedPairRange[[]byte, uint64](delegator)
	err := k.unbondingsByDelegator.Walk(ctx, prefix, func(id collections.Pair[[]byte, uint64]) (bool, error) {
		entry, err := k.unbondings.Get(ctx, id.K2())
		if err == nil && entry.VoterIndex == voter {
			count++
		}
		return false, err
	})
	return count, err
}

// CancelUnbonding bonds a whole entry again with the same voter. clock is that of entries made now.
func (k *Keeper) CancelUnbonding(ctx context.Context, msg *types.MsgCancelUnbonding, clock uint64) (*types.MsgCancelUnbondingResponse, error) {
	delegator, err := sdk.AccAddressFromBech32(msg.Delegator)
	if err != nil {
		return nil, types.ErrInvalidVoter.Wrapf("delegator: %s", err)
	}
	entry, has, err := state.Found(k.unbondings.Get(ctx, msg.UnbondingId))
	if err != nil {
		return nil, fmt.Errorf("read unbonding %d: %w", msg.UnbondingId, err)
	}
	if !has || entry.Delegator != delegator.String() {
		return nil, types.ErrUnbondingNotFound.Wrapf("number %d of %s", msg.UnbondingId, msg.Delegator)
	}
	params, err := k.params(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := k.removeUnbonding(ctx, entry)
	if err != nil {
		return nil, err
	}
	if !tokens.IsPositive() {
		return nil, types.ErrInvalidAmount.Wrapf("unbonding %d is worth nothing", entry.Id)
	}
	if err := k.bond(ctx, entry.VoterIndex, delegator, tokens, clock); err != nil {
		return nil, err
	}
	if err := state.Emit(ctx, &types.EventUnbondingCancelled{UnbondingId: entry.Id, Amount: tokens.String()}); err != nil {
		return nil, err
	}
	return &types.MsgCancelUnbondingResponse{Bonded: sdk.NewCoin(params.BondDenom, tokens)}, nil
}

// payBatch bounds the entries paid in one block, and the clocks that it looks at.
const payBatch = 100

// due is what falls due together: an entry of clock 0, or all entries of another clock.
type due struct {
	clock types.UnbondingClock
	id    uint64 // of the entry, if the clock is 0
}

// PayUnbondings pays the entries that are due, in the order of their completion times.
func (k *Keeper) PayUnbondings(ctx context.Context, clocks Clocks) error {
	dues, err := k.dues(ctx, clocks)
	if err != nil {
		return err
	}
	left := payBatch
	for _, d := range dues {
		paid, err := k.payDue(ctx, clocks, d, left)
		if err != nil {
			return err
		}
		if left -= paid; left == 0 {
			return nil
		}
	}
	return nil
}

// dues returns what is due, oldest first.
func (k *Keeper) dues(ctx context.Context, clocks Clocks) ([]due, error) {
	var dues []due
	now := state.Nanos(sdk.UnwrapSDKContext(ctx).BlockTime())
	err := k.unbondingTimes.Walk(ctx, nil, func(place collections.Pair[int64, uint64]) (bool, error) {
		if place.K1() > now || len(dues) == payBatch {
			return true, nil
		}
		dues = append(dues, due{clock: types.UnbondingClock{CompletionTime: time.Unix(0, place.K1())}, id: place.K2()})
		return false, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read unbonding times: %w", err)
	}
	ended, err := clocks.Ended(ctx, payBatch)
	if err != nil {
		return nil, err
	}
	for _, clock := range ended {
		dues = append(dues, due{clock: clock})
	}
	slices.SortStableFunc(dues, func(a, b due) int { return a.clock.CompletionTime.Compare(b.clock.CompletionTime) })
	return dues, nil
}

// payDue pays at most limit entries, and returns how many.
func (k *Keeper) payDue(ctx context.Context, clocks Clocks, d due, limit int) (int, error) {
	ids := []uint64{d.id}
	if d.clock.Clock > 0 {
		ids = nil
		entries := collections.NewPrefixedPairRange[uint64, uint64](d.clock.Clock)
		if err := k.unbondingQueue.Walk(ctx, entries, func(place collections.Pair[uint64, uint64]) (bool, error) {
			ids = append(ids, place.K2())
			return len(ids) == limit, nil
		}); err != nil {
			return 0, fmt.Errorf("read entries of clock %d: %w", d.clock.Clock, err)
		}
	}
	for _, id := range ids {
		entry, err := k.unbondings.Get(ctx, id)
		if err != nil {
			return 0, fmt.Errorf("read unbonding %d: %w", id, err)
		}
		if err := k.pay(ctx, entry); err != nil {
			return 0, fmt.Errorf("unbonding %d: %w", id, err)
		}
	}
	if d.clock.Clock > 0 && len(ids) < limit {
		return len(ids), clocks.Paid(ctx, d.clock)
	}
	return len(ids), nil
}

// Queued reports whether any entry of a clock waits for payment.
func (k *Keeper) Queued(ctx context.Context, clock uint64) (bool, error) {
	waits := false
	err := k.unbondingQueue.Walk(ctx, collections.NewPrefixedPairRange[uint64, uint64](clock), func(collections.Pair[uint64, uint64]) (bool, error) {
		waits = true
		return true, nil
	})
	return waits, err
}

// completion returns when an entry is paid, or false while its clock has not started.
func completion(ctx context.Context, clocks Clocks, entry types.Unbonding) (time.Time, bool, error) {
	if entry.CompletionTime != nil {
		return *entry.CompletionTime, true, nil
	}
	return clocks.Completion(ctx, entry.Clock)
}

// pay pays an entry out. With a tombstoned voter it stays, frozen, and is not asked for again.
func (k *Keeper) pay(ctx context.Context, entry types.Unbonding) error {
	voter, err := k.Voter(ctx, entry.VoterIndex)
	if err != nil {
		return err
	}
	if voter.Tombstoned {
		if err := k.unqueue(ctx, entry); err != nil {
			return err
		}
		return state.Emit(ctx, &types.EventUnbondingFrozen{UnbondingId: entry.Id})
	}
	tokens, err := k.removeUnbonding(ctx, entry)
	if err != nil {
		return err
	}
	if tokens.IsPositive() {
		params, err := k.params(ctx)
		if err != nil {
			return err
		}
		delegator, err := sdk.AccAddressFromBech32(entry.Delegator)
		if err != nil {
			return err
		}
		if err := k.payOut(ctx, entry.Id, delegator, sdk.NewCoins(sdk.NewCoin(params.BondDenom, tokens))); err != nil {
			return err
		}
	}
	return state.Emit(ctx, &types.EventUnbondingCompleted{UnbondingId: entry.Id, Delegator: entry.Delegator, Amount: tokens.String()})
}

// payOut sends the coins of an entry. The bank undelegates to accounts that exist only: if a chain has deleted the delegator's, the coins
// are sent as in a transfer, which makes a new one. What the bank refuses altogether goes to the finality pool: it would halt the chain,
// or be tried again in each block.
func (k *Keeper) payOut(ctx context.Context, id uint64, delegator sdk.AccAddress, coins sdk.Coins) error {
	undelegated := state.Try(ctx, func(ctx context.Context) error {
		return k.bank.UndelegateCoinsFromModuleToAccount(ctx, types.ModuleName, delegator, coins)
	})
	if undelegated == nil {
		return nil
	}
	sent := state.Try(ctx, func(ctx context.Context) error {
		return k.bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, delegator, coins)
	})
	if sent == nil {
		return nil
	}
	sdk.UnwrapSDKContext(ctx).Logger().Error("an unbonding goes to the finality pool: the bank refuses to pay it",
		"unbonding", id, "delegator", delegator.String(), "amount", coins.String(), "err", errors.Join(undelegated, sent))
	if err := k.bank.SendCoinsFromModuleToModule(ctx, types.ModuleName, types.RewardsName, coins); err != nil {
		return fmt.Errorf("put %s into the finality pool: %w", coins, err)
	}
	return nil
}

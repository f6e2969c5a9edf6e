package sets

import (
	"context"
	"fmt"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Checkpoints are voted on by a pair of sets, rear and current, kept as one list. Pairs are installed one after the
// other; each fixes its successor at its own installation (protocol §7, and docs/adr on why both sides vote).

// Anchor forms pair 0 of the eligible voters, who are rear, current and next; false while nobody is eligible.
func (k *Keeper) Anchor(ctx context.Context) (checkpointtypes.Commitment, bool, error) {
	if sets, has, err := k.InForce(ctx); err != nil || has {
		return sets, false, state.Or(err, types.ErrInvalidGenesis, "there are voter sets already: a chain has one anchor")
	}
	eligible, err := k.stake.Eligible(ctx)
	if err != nil || len(eligible) == 0 {
		return checkpointtypes.Commitment{}, false, err
	}
	pair, err := k.install(ctx, types.Pair{}, eligible, eligible, eligible)
	if err != nil {
		return checkpointtypes.Commitment{}, false, err
	}
	out, err := commitment(pair)
	return out, true, err
}

// InForce returns what the latest checkpoint commits to, or false before the anchor.
func (k *Keeper) InForce(ctx context.Context) (checkpointtypes.Commitment, bool, error) {
	if anchored, err := k.inForce.Has(ctx); err != nil || !anchored {
		return checkpointtypes.Commitment{}, false, err
	}
	pair, err := k.PairInForce(ctx)
	if err != nil {
		return checkpointtypes.Commitment{}, false, err
	}
	out, err := commitment(pair)
	return out, true, err
}

// Propose answers with the pair that epoch commits to, installing the next one if it is time.
func (k *Keeper) Propose(ctx context.Context, epoch, finalized uint64) (checkpointtypes.Commitment, error) {
	params, err := k.params(ctx)
	if err != nil {
		return checkpointtypes.Commitment{}, err
	}
	pair, err := k.PairInForce(ctx)
	if err != nil {
		return checkpointtypes.Commitment{}, err
	}
	if !ffg.Installs(epoch, finalized, pair.FirstEpoch, params.SetPeriod) {
		return commitment(pair)
	}
	successor, err := k.rotate(ctx, pair, epoch)
	if err != nil {
		return checkpointtypes.Commitment{}, err
	}
	return commitment(successor)
}

func commitment(p types.Pair) (checkpointtypes.Commitment, error) {
	voters, next, err := p.Hashes()
	return checkpointtypes.Commitment{Pair: p.Index, VoterSet: voters, NextVoterSet: next}, err
}

// rotate installs the successor of a pair: rear is its current, current its next, next the eligible set now, or a copy
// of current if nobody is eligible.
func (k *Keeper) rotate(ctx context.Context, before types.Pair, epoch uint64) (types.Pair, error) {
	hash, _, err := before.Hashes()
	if err != nil {
		return before, err
	}
	stitched, err := k.sets.Get(ctx, hash[:])
	if err != nil {
		return before, fmt.Errorf("read set of pair %d: %w", before.Index, err)
	}
	current, err := k.next.Get(ctx)
	if err != nil {
		return before, fmt.Errorf("read next set: %w", err)
	}
	after := types.Pair{
		Index:           before.Index + 1,
		FirstEpoch:      epoch,
		RearComputed:    before.CurrentComputed,
		CurrentComputed: before.NextComputed,
		NextComputed:    before.Index + 1,
	}
	next, err := k.stake.Eligible(ctx)
	if err != nil {
		return before, err
	}
	if len(next) == 0 {
		next, after.NextComputed = current, before.NextComputed
	}
	after, err = k.install(ctx, after, currentMembers(stitched), current, next)
	if err != nil {
		return before, err
	}
	return after, k.startClocks(ctx, before.RearComputed, after.RearComputed)
}

// install writes a pair and its sets, whose members have current power only.
func (k *Keeper) install(ctx context.Context, pair types.Pair, rear, current, next types.Members) (types.Pair, error) {
	stitched, voters, err := stitch(rear, current)
	if err != nil {
		return pair, fmt.Errorf("stitch pair %d: %w", pair.Index, err)
	}
	side, err := next.Side()
	if err != nil {
		return pair, fmt.Errorf("next set of pair %d: %w", pair.Index, err)
	}
	hash, nextHash := voters.Hash(), side.Hash()
	pair.VoterSetHash, pair.NextVoterSetHash = hash.String(), nextHash.String()
	if err := k.useSet(ctx, hash, stitched); err != nil {
		return pair, err
	}
	k.memo.prepare(hash, voters)
	before := current // the next set until now
	if pair.Index == 0 {
		before = nil
	}
	if err := k.noteNext(ctx, pair.Index, before, next); err != nil {
		return pair, err
	}
	if err := k.next.Set(ctx, next); err != nil {
		return pair, fmt.Errorf("set next set: %w", err)
	}
	if err := k.pairs.Set(ctx, pair.Index, pair); err != nil {
		return pair, fmt.Errorf("set pair %d: %w", pair.Index, err)
	}
	if err := k.inForce.Set(ctx, pair.Index); err != nil {
		return pair, fmt.Errorf("set pair in force: %w", err)
	}
	return pair, state.Emit(ctx, &types.EventPairInstalled{
		Index: pair.Index, Epoch: pair.FirstEpoch, VoterSetHash: pair.VoterSetHash, NextVoterSetHash: pair.NextVoterSetHash,
	})
}

// useSet stores a set for one more pair. Sets are stored under their hash, so an installation that changes nothing
// writes no members.
func (k *Keeper) useSet(ctx context.Context, hash ffg.Root, members types.Members) error {
	uses, has, err := state.Found(k.setUses.Get(ctx, hash[:]))
	if err != nil {
		return fmt.Errorf("read uses of set %s: %w", hash, err)
	}
	if !has {
		if err := k.sets.Set(ctx, hash[:], members); err != nil {
			return fmt.Errorf("set set %s: %w", hash, err)
		}
	}
	return k.setUses.Set(ctx, hash[:], uses+1)
}

// dropSet is the reverse of useSet.
func (k *Keeper) dropSet(ctx context.Context, hash ffg.Root) error {
	uses, err := k.setUses.Get(ctx, hash[:])
	if err != nil {
		return fmt.Errorf("read uses of set %s: %w", hash, err)
	}
	if uses > 1 {
		return k.setUses.Set(ctx, hash[:], uses-1)
	}
	if err := k.setUses.Remove(ctx, hash[:]); err != nil {
		return fmt.Errorf("remove uses of set %s: %w", hash, err)
	}
	return k.sets.Remove(ctx, hash[:])
}

// startClocks starts the unbonding clocks of all pairs in [from, to): every set in force was computed after them.
func (k *Keeper) startClocks(ctx context.Context, from, to uint64) error {
	if from >= to {
		return nil
	}
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	completion := sdk.UnwrapSDKContext(ctx).BlockTime().Add(params.UnbondingTime)
	for pair := from; pair < to; pair++ {
		if err := k.setClock(ctx, types.UnbondingClock{Clock: ClockOf(pair), CompletionTime: completion}); err != nil {
			return err
		}
	}
	return nil
}

// PairInForce returns the pair that the latest checkpoint commits to.
func (k *Keeper) PairInForce(ctx context.Context) (types.Pair, error) {
	index, err := k.inForce.Get(ctx)
	if err != nil {
		return types.Pair{}, fmt.Errorf("read pair in force: %w", err)
	}
	pair, err := k.pairs.Get(ctx, index)
	if err != nil {
		return pair, fmt.Errorf("read pair %d: %w", index, err)
	}
	return pair, nil
}

// Set returns a stored set ready for use, ErrUnknownSet if no kept pair has it.
func (k *Keeper) Set(ctx context.Context, hash ffg.Root) (*Set, error) {
	if s, cached := k.memo.set(hash); cached {
		return s, nil
	}
	ctx = withoutGas(ctx)
	members, has, err := state.Found(k.sets.Get(ctx, hash[:]))
	if err != nil {
		return nil, fmt.Errorf("read set %s: %w", hash, err)
	}
	if !has {
		return nil, types.ErrUnknownSet.Wrap(hash.String())
	}
	voters, err := members.Stitched()
	if err != nil {
		return nil, fmt.Errorf("read set %s: %w", hash, err)
	}
	s, err := k.memo.newSet(hash, voters)
	if err != nil {
		return nil, fmt.Errorf("load keys of set %s: %w", hash, err)
	}
	k.memo.addSet(s)
	return s, nil
}

// withoutGas keeps the reads that fill a node's memory off the transaction's gas: another node may have them already, and
// the gas that a transaction used is part of what nodes agree on.
func withoutGas(ctx context.Context) context.Context {
	return sdk.UnwrapSDKContext(ctx).WithGasMeter(storetypes.NewInfiniteGasMeter())
}

// hashesInForce returns the hashes of the pair in force and of the next set.
func (k *Keeper) hashesInForce(ctx context.Context) (voters, next ffg.Root, err error) {
	pair, err := k.PairInForce(ctx)
	if err != nil {
		return voters, next, err
	}
	return pair.Hashes()
}

// Successor returns the pair that follows the one in force, which is fixed already.
func (k *Keeper) Successor(ctx context.Context) (*Set, error) {
	hash, nextHash, err := k.hashesInForce(ctx)
	if err != nil {
		return nil, err
	}
	if s, cached := k.memo.successor(hash, nextHash); cached {
		return s, nil
	}
	ctx = withoutGas(ctx)
	now, err := k.Set(ctx, hash)
	if err != nil {
		return nil, err
	}
	next, err := k.next.Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("read next set: %w", err)
	}
	side, err := next.Side()
	if err != nil {
		return nil, fmt.Errorf("read next set: %w", err)
	}
	voters := ffg.Stitch(now.Voters.CurrentSide(), side)
	s, err := k.memo.newSet(voters.Hash(), voters)
	if err != nil {
		return nil, fmt.Errorf("load keys of the successor: %w", err)
	}
	k.memo.addSuccessor(hash, nextHash, s)
	return s, nil
}

// Voting are the pair in force and its successor, whose keys every node has loaded. It is empty before the anchor.
type Voting []*Set

// Voting returns the voters that count now or will: rear, current and next.
func (k *Keeper) Voting(ctx context.Context) (Voting, error) {
	if anchored, err := k.Anchored(ctx); err != nil || !anchored {
		return nil, err
	}
	hash, _, err := k.hashesInForce(ctx)
	if err != nil {
		return nil, err
	}
	now, err := k.Set(ctx, hash)
	if err != nil {
		return nil, err
	}
	next, err := k.Successor(ctx)
	if err != nil {
		return nil, err
	}
	return Voting{now, next}, nil
}

// Key returns a voter's key, or nil if none of the sets has it.
func (v Voting) Key(key ffg.PublicKey) *bls.PublicKey {
	for _, set := range v {
		if position, member := set.Voters.Position(key); member {
			return set.Keys.Key(position)
		}
	}
	return nil
}

// UpcomingSets returns the hashes of the pair in force and of its successor: what votes above the head may count in.
func (k *Keeper) UpcomingSets(ctx context.Context) ([]ffg.Root, error) {
	hash, _, err := k.hashesInForce(ctx)
	if err != nil {
		return nil, err
	}
	s, err := k.Successor(ctx)
	if err != nil {
		return nil, err
	}
	return []ffg.Root{hash, s.Hash}, nil
}

// Keys returns the voters and keys of a stored set or of the successor of the pair in force.
func (k *Keeper) Keys(ctx context.Context, hash ffg.Root) (ffg.VoterSet, *bls.KeySet, error) {
	if has, err := k.sets.Has(ctx, hash[:]); err != nil {
		return nil, nil, fmt.Errorf("read set %s: %w", hash, err)
	} else if has {
		s, err := k.Set(ctx, hash)
		if err != nil {
			return nil, nil, err
		}
		return s.Voters, s.Keys, nil
	}
	s, err := k.Successor(ctx)
	if err != nil {
		return nil, nil, err
	}
	if s.Hash != hash {
		return nil, nil, types.ErrUnknownSet.Wrap(hash.String())
	}
	return s.Voters, s.Keys, nil
}

// stitch joins two sides, as members and as the rules see them.
func stitch(rear, current types.Members) (types.Members, ffg.VoterSet, error) {
	rearSide, err := rear.Side()
	if err != nil {
		return nil, nil, fmt.Errorf("rear: %w", err)
	}
	currentSide, err := current.Side()
	if err != nil {
		return nil, nil, fmt.Errorf("current: %w", err)
	}
	voters := ffg.Stitch(rearSide, currentSide)
	members := make(types.Members, len(voters))
	for i, v := range voters {
		members[i] = types.Member{Key: v.Key, Rear: v.Rear, Current: v.Current}
		for _, side := range []*types.Members{&rear, &current} { // both ascend by key, as the voters do
			if len(*side) > 0 && (*side)[0].Key == v.Key {
				members[i].Registration, *side = (*side)[0].Registration, (*side)[1:]
			}
		}
	}
	return members, voters, nil
}

// currentMembers returns the current side of a stitched set.
func currentMembers(s types.Members) types.Members {
	out := make(types.Members, 0, len(s))
	for _, m := range s {
		if m.Current > 0 {
			out = append(out, types.Member{Registration: m.Registration, Key: m.Key, Current: m.Current})
		}
	}
	return out
}

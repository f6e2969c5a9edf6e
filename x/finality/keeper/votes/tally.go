package votes

import (
	"context"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/keeper/sets"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A checkpoint's votes are one bitfield and one signature. An aggregate that is disjoint from the tally is added, a strict
// superset replaces it, anything else is redundant (protocol §6). EndBlock turns tallies at quorum into links (§5).

// SubmitVotes adds an aggregate to the tally of its target, injected by a proposer or signed by an account. The gas of votes that a
// proposer injects has a meter that hides it (package ante); those that another module executes, for a contract or an interchain
// account, pay like any other message.
func (k *Keeper) SubmitVotes(ctx context.Context, msg *types.MsgSubmitVotes) (*types.MsgSubmitVotesResponse, error) {
	agg, err := msg.Votes.ToFFG()
	if err != nil {
		return nil, err
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(types.GasAggregate+types.GasSigner*uint64(agg.Signers.Count()), "verify votes")
	before, tally, err := k.admit(ctx, agg)
	if err != nil {
		return nil, err
	}
	epoch := agg.Vote.Target.Epoch
	if err := k.tallies.Set(ctx, epoch, tally); err != nil {
		return nil, fmt.Errorf("set tally of epoch %d: %w", epoch, err)
	}
	if err := k.touched.Set(ctx, epoch); err != nil {
		return nil, fmt.Errorf("mark epoch %d: %w", epoch, err)
	}
	signers := uint32(ffg.Bitfield(tally.Signers).Count())
	added := signers - uint32(before.Count())
	return &types.MsgSubmitVotesResponse{Added: added}, state.Emit(ctx, &types.EventVotesAccepted{Epoch: epoch, Added: added, Signers: signers})
}

// CheckVotes says whether an aggregate would enter the tally now: ProcessProposal asks it before anything is executed.
func (k *Keeper) CheckVotes(ctx context.Context, agg ffg.AggregateVote) error {
	_, _, err := k.admit(ctx, agg)
	return err
}

// admit checks everything about an aggregate, the cheap things first. It returns the signers recorded so far and the tally
// with the aggregate in it.
func (k *Keeper) admit(ctx context.Context, agg ffg.AggregateVote) (before ffg.Bitfield, after types.Tally, err error) {
	epoch := agg.Vote.Target.Epoch
	oldest, head, anchored, err := k.Window(ctx)
	if err != nil {
		return nil, after, err
	}
	if !anchored {
		return nil, after, types.ErrNoEpochs
	}
	if epoch < oldest || epoch > head {
		return nil, after, types.ErrVoteWindow.Wrapf("expected epoch %d to %d, found %d", oldest, head, epoch)
	}
	t, err := k.Target(ctx, epoch)
	if err != nil {
		return nil, after, err
	}
	if agg.Vote != t.Vote {
		return nil, after, types.ErrOtherVote.Wrapf("expected %s, found %s", t.Vote, agg.Vote)
	}
	if agg.VoterSetHash != t.Set.Hash {
		return nil, after, types.ErrUnknownSet.Wrapf("expected %s for epoch %d, found %s", t.Set.Hash, epoch, agg.VoterSetHash)
	}
	if err := agg.Signers.Validate(len(t.Set.Voters)); err != nil {
		return nil, after, types.ErrInvalidBitfield.Wrap(err.Error())
	}
	if agg.Signers.IsEmpty() {
		return nil, after, types.ErrInvalidBitfield.Wrap("expected at least one signer, found none")
	}
	before = t.Tally.Signers
	joins := len(before) > 0 && agg.Signers.Disjoint(before) // else it replaces the tally
	if len(before) > 0 && !joins && !agg.Signers.StrictSupersetOf(before) {
		return nil, after, types.ErrRedundant.Wrapf("epoch %d: expected signers disjoint from the %d recorded, or all of them and more",
			epoch, before.Count())
	}
	if state.Simulated(ctx) {
		return before, types.Tally{Signers: agg.Signers.Or(before), Signature: agg.Signature[:]}, nil
	}
	if err := k.verified.verify(t.Set, agg, state.Domain(ctx)); err != nil {
		return nil, after, types.ErrInvalidSignature.Wrap(err.Error())
	}
	if !joins {
		return before, types.Tally{Signers: agg.Signers, Signature: agg.Signature[:]}, nil
	}
	after, err = merge(t.Tally, agg)
	return before, after, err
}

// merge adds an aggregate to a tally that has none of its signers.
func merge(tally types.Tally, agg ffg.AggregateVote) (types.Tally, error) {
	recorded, err := types.ParseSignature(tally.Signature)
	if err != nil {
		return types.Tally{}, err
	}
	sum, err := bls.Aggregate(recorded, agg.Signature)
	if err != nil {
		return types.Tally{}, types.ErrInvalidSignature.Wrap(err.Error())
	}
	return types.Tally{Signers: ffg.Bitfield(tally.Signers).Or(agg.Signers), Signature: sum[:]}, nil
}

// Target is a checkpoint with all that a vote for it is measured by.
type Target struct {
	Record checkpointtypes.Record
	Vote   ffg.Vote // the only one that counts for it
	Set    *sets.Set
	Tally  types.Tally
}

// Target reads an epoch's record, its source's record and its tally, each once; the set comes from memory as a rule.
func (k *Keeper) Target(ctx context.Context, epoch uint64) (t Target, err error) {
	if t.Record, err = k.checkpoints.Record(ctx, epoch); err != nil {
		return t, err
	}
	if t.Vote, err = k.checkpoints.CanonicalVote(ctx, t.Record); err != nil {
		return t, err
	}
	if t.Set, err = k.sets.Set(ctx, t.Record.VoterSetHash); err != nil {
		return t, err
	}
	t.Tally, err = k.tally(ctx, epoch)
	return t, err
}

// OpenTarget returns all that the transport of votes has to know about an epoch in the window.
func (k *Keeper) OpenTarget(ctx context.Context, epoch uint64) (types.OpenTarget, error) {
	t, err := k.Target(ctx, epoch)
	if err != nil {
		return types.OpenTarget{}, err
	}
	return types.OpenTarget{
		Vote: t.Vote, SetHash: t.Set.Hash, Set: t.Set.Voters, Keys: t.Set.Keys,
		Signers: t.Tally.Signers, Justified: t.Record.Justified,
	}, nil
}

// tally returns the votes recorded for an epoch; empty if nobody has voted.
func (k *Keeper) tally(ctx context.Context, epoch uint64) (types.Tally, error) {
	tally, _, err := state.Found(k.tallies.Get(ctx, epoch))
	if err != nil {
		return tally, fmt.Errorf("read tally of epoch %d: %w", epoch, err)
	}
	return tally, nil
}

// Tally returns the signers recorded for an epoch, nil if nobody has voted.
func (k *Keeper) Tally(ctx context.Context, epoch uint64) (ffg.Bitfield, error) {
	tally, err := k.tally(ctx, epoch)
	return tally.Signers, err
}

// Recorded returns a target's canonical vote with its tally: no signers and no signature while nobody has voted.
func (k *Keeper) Recorded(ctx context.Context, r checkpointtypes.Record) (ffg.AggregateVote, error) {
	vote, err := k.checkpoints.CanonicalVote(ctx, r)
	if err != nil {
		return ffg.AggregateVote{}, err
	}
	tally, err := k.tally(ctx, r.Epoch)
	if err != nil {
		return ffg.AggregateVote{}, err
	}
	out := ffg.AggregateVote{Vote: vote, VoterSetHash: r.VoterSetHash, Signers: tally.Signers}
	if len(tally.Signature) > 0 {
		out.Signature, err = types.ParseSignature(tally.Signature)
	}
	return out, err
}

// Move is a move of the finalized head.
type Move struct{ From, To checkpointtypes.Record }

// Count reports a link for every epoch whose tally grew in this block and has quorum now. It returns how the finalized head moved.
func (k *Keeper) Count(ctx context.Context) (moves []Move, err error) {
	var epochs []uint64
	if err := k.touched.Walk(ctx, nil, func(epoch uint64) (bool, error) {
		epochs = append(epochs, epoch)
		return false, nil
	}); err != nil {
		return nil, fmt.Errorf("read touched epochs: %w", err)
	}
	for _, epoch := range epochs {
		quorum, err := k.quorum(ctx, epoch)
		if err != nil {
			return nil, fmt.Errorf("epoch %d: %w", epoch, err)
		}
		if !quorum {
			continue
		}
		from, to, moved, err := k.checkpoints.AddLink(ctx, epoch)
		if err != nil {
			return nil, fmt.Errorf("add link of epoch %d: %w", epoch, err)
		}
		if moved {
			moves = append(moves, Move{from, to})
		}
	}
	return moves, nil
}

func (k *Keeper) quorum(ctx context.Context, epoch uint64) (bool, error) {
	r, err := k.checkpoints.Record(ctx, epoch)
	if err != nil {
		return false, err
	}
	signers, err := k.Tally(ctx, epoch)
	if err != nil {
		return false, err
	}
	s, rear, current, err := k.SignedPower(ctx, r, signers)
	if err != nil {
		return false, err
	}
	return ffg.Quorum(rear, s.Rear) && ffg.Quorum(current, s.Current), nil
}

// SignedPower returns a target's set and the powers of its signers. Tombstoned voters' bits weigh nothing (protocol §5).
func (k *Keeper) SignedPower(ctx context.Context, r checkpointtypes.Record, signers ffg.Bitfield) (s *sets.Set, rear, current ffg.Power, err error) {
	if s, err = k.sets.Set(ctx, r.VoterSetHash); err != nil {
		return nil, rear, current, err
	}
	tombstoned, err := k.tombstonedIn(ctx, s, r.Pair)
	if err != nil {
		return nil, rear, current, err
	}
	rear, current = s.Voters.Powers(signers.AndNot(tombstoned))
	return s, rear, current, nil
}

// tombstonedIn returns the tombstoned members of a pair's set. Sets computed after a voter was tombstoned don't have it,
// so only tombstones since the rear set was computed are looked at, however many there have ever been.
func (k *Keeper) tombstonedIn(ctx context.Context, s *sets.Set, index uint64) (ffg.Bitfield, error) {
	pair, err := k.sets.Pair(ctx, index)
	if err != nil {
		return nil, err
	}
	tombstoned := ffg.NewBitfield(len(s.Voters))
	return tombstoned, k.stake.Tombstones(ctx, sets.ClockOf(pair.RearComputed), func(key ffg.PublicKey) {
		if position, member := s.Voters.Position(key); member {
			tombstoned.Set(position)
		}
	})
}

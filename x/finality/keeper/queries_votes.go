package keeper

import (
	"context"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// VoterSet returns a set by hash, by epoch or by the word next.
func (q QueryServer) VoterSet(ctx context.Context, req *types.QueryVoterSetRequest) (*types.QueryVoterSetResponse, error) {
	if anchored, err := q.sets.Anchored(ctx); err != nil || !anchored {
		return nil, state.Or(err, types.ErrNoEpochs, "there are no voter sets")
	}
	var members types.Members
	var hash ffg.Root
	var err error
	if req.GetId() == "next" {
		if members, err = q.sets.Next(ctx); err != nil {
			return nil, err
		}
		side, err := members.Side()
		if err != nil {
			return nil, err
		}
		hash = side.Hash()
	} else {
		if hash, err = checkpointtypes.ParseRoot(req.GetId()); err != nil {
			epoch, err := q.checkpoints.ResolveEpoch(ctx, req.GetId())
			if err != nil {
				return nil, refusal.New(reason.InvalidRequest, "voter set: expected a hash of 64 lower-case hexadecimal digits, an epoch, or next; found %q", req.GetId())
			}
			r, err := q.checkpoints.Record(ctx, epoch)
			if err != nil {
				return nil, notFound(err)
			}
			hash = r.VoterSetHash
		}
		if members, err = q.sets.Members(ctx, hash); err != nil {
			return nil, refusal.New(reason.NotFound, "no kept voter set has hash %s", hash)
		}
	}
	voters, rear, current, err := q.setVoters(ctx, members, nil)
	if err != nil {
		return nil, err
	}
	return &types.QueryVoterSetResponse{Hash: hash.String(), Voters: voters, RearTotal: rear.String(), CurrentTotal: current.String()}, nil
}

// setVoters lists a set's members with their operators, and adds up the powers.
func (q QueryServer) setVoters(ctx context.Context, set types.Members, signers ffg.Bitfield) (voters []types.SetVoter, rear, current ffg.Power, err error) {
	for i, m := range set {
		voter, err := q.Keeper.Voter(ctx, m.Registration)
		if err != nil {
			return nil, rear, current, err
		}
		rear, current = rear.Add(m.Rear), current.Add(m.Current)
		voters = append(voters, types.SetVoter{
			Index: m.Registration, Operator: voter.Operator, PubKey: voter.PubKey, Rear: m.Rear, Current: m.Current, Signed: signers.Get(i),
		})
	}
	return voters, rear, current, nil
}

// Votes returns the tally of an epoch.
func (q QueryServer) Votes(ctx context.Context, req *types.QueryVotesRequest) (*types.QueryVotesResponse, error) {
	epoch, err := q.checkpoints.ResolveEpoch(ctx, req.GetEpoch())
	if err != nil {
		return nil, err
	}
	r, err := q.checkpoints.Record(ctx, epoch)
	if err != nil {
		return nil, notFound(err)
	}
	if epoch == 0 {
		return nil, refusal.New(reason.NotFound, "epoch 0 is the anchor: it is never voted on")
	}
	votes, err := q.votes.Recorded(ctx, r)
	if err != nil {
		return nil, notFound(err)
	}
	set, rear, current, err := q.votes.SignedPower(ctx, r, votes.Signers)
	if err != nil {
		return nil, notFound(err)
	}
	out := &types.QueryVotesResponse{
		Epoch: epoch, Votes: types.AggregateVoteFromFFG(votes),
		RearSigned: rear.String(), CurrentSigned: current.String(),
		RearTotal: set.Rear.String(), CurrentTotal: set.Current.String(), Justified: r.Justified,
	}
	if req.GetAggregateOnly() {
		return out, nil
	}
	members, err := q.sets.Members(ctx, r.VoterSetHash)
	if err != nil {
		return nil, notFound(err)
	}
	out.Voters, _, _, err = q.setVoters(ctx, members, votes.Signers)
	return out, err
}

// Duty returns what a voter must sign now, or without a voter what is the same for all.
func (q QueryServer) Duty(ctx context.Context, req *types.QueryDutyRequest) (*types.QueryDutyResponse, error) {
	var voter types.Voter
	everybody := req.GetVoter() == ""
	if !everybody {
		var err error
		if voter, err = q.resolveVoter(ctx, req.GetVoter()); err != nil {
			return nil, err
		}
	}
	head, anchored, err := q.checkpoints.HeadEpoch(ctx)
	if err != nil {
		return nil, err
	}
	if !anchored || head == 0 {
		return nil, refusal.New(reason.NoOpenEpoch, "%s", types.ErrNoEpochs)
	}
	t, err := q.votes.Target(ctx, head)
	if err != nil {
		return nil, err
	}
	size, signers := len(t.Set.Voters), ffg.Bitfield(t.Tally.Signers)
	out := &types.QueryDutyResponse{
		Target: checkpointtypes.CheckpointFromFFG(t.Record.Checkpoint), Source: checkpointtypes.RefFromFFG(t.Vote.Source), Size_: uint32(size),
	}
	if everybody {
		out.Signers = ffg.NewBitfield(size).Or(signers) // an epoch without votes has no signers
		return out, nil
	}
	key, err := types.ParsePublicKey(voter.PubKey)
	if err != nil {
		return nil, err
	}
	if position, member := t.Set.Voters.Position(key); member {
		out.Member, out.Position, out.Recorded = true, uint32(position), signers.Get(position)
	}
	return out, nil
}

package keeper

import (
	"context"
	"fmt"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/keeper/stake"
	"github.com/dualchain/dualchain/x/finality/types"
)

// MsgServer serves the module's messages: it passes them on to the component of their concern, with what that asks about the others.
type MsgServer struct{ *Keeper }

var _ types.MsgServer = MsgServer{}

// UpdateParams replaces the parameters. All stake is in bond_denom, and all powers are multiples of
// power_reduction: neither ever changes.
func (m MsgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if msg.Authority != m.authority {
		return nil, types.ErrUnauthorized.Wrapf("expected authority %s, found %s", m.authority, msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	before, err := m.Keeper.Params(ctx)
	if err != nil {
		return nil, err
	}
	if msg.Params.BondDenom != before.BondDenom {
		return nil, types.ErrInvalidParams.Wrapf("bond_denom: expected %s, which never changes; found %s", before.BondDenom, msg.Params.BondDenom)
	}
	if msg.Params.PowerReduction != before.PowerReduction {
		return nil, types.ErrInvalidParams.Wrapf("power_reduction: expected %d, which never changes; found %d",
			before.PowerReduction, msg.Params.PowerReduction)
	}
	if err := m.params.Set(ctx, msg.Params); err != nil {
		return nil, fmt.Errorf("set params: %w", err)
	}
	if msg.Params.MinSelfStakePpm != before.MinSelfStakePpm {
		if err := m.stake.Rerank(ctx); err != nil {
			return nil, err
		}
	}
	return &types.MsgUpdateParamsResponse{}, state.Emit(ctx, &types.EventParamsUpdated{})
}

// RegisterVoter registers a key with a first bond.
func (m MsgServer) RegisterVoter(ctx context.Context, msg *types.MsgRegisterVoter) (*types.MsgRegisterVoterResponse, error) {
	clock, err := m.sets.Clock(ctx)
	if err != nil {
		return nil, err
	}
	return m.stake.RegisterVoter(ctx, msg, clock)
}

// EditVoter replaces the description and announces a commission.
func (m MsgServer) EditVoter(ctx context.Context, msg *types.MsgEditVoter) (*types.MsgEditVoterResponse, error) {
	var eras stake.Eras
	anchored, err := m.sets.Anchored(ctx)
	if err != nil {
		return nil, err
	}
	if anchored {
		eras.Begun = true
		if eras.Open, err = m.eras.Open(ctx); err != nil {
			return nil, err
		}
		if eras.Oldest, err = m.eras.OldestUnsettled(ctx); err != nil {
			return nil, err
		}
	}
	return m.stake.EditVoter(ctx, msg, eras)
}

// Unjail makes a voter that was jailed for absence eligible again. Epochs up to the head don't count against it.
func (m MsgServer) Unjail(ctx context.Context, msg *types.MsgUnjail) (*types.MsgUnjailResponse, error) {
	head, _, err := m.checkpoints.HeadEpoch(ctx)
	if err != nil {
		return nil, err
	}
	return m.stake.Unjail(ctx, msg, head)
}

// Delegate bonds stake with a voter.
func (m MsgServer) Delegate(ctx context.Context, msg *types.MsgDelegate) (*types.MsgDelegateResponse, error) {
	clock, err := m.sets.Clock(ctx)
	if err != nil {
		return nil, err
	}
	return m.stake.Delegate(ctx, msg, clock)
}

// Undelegate moves stake out of a voter's pool into an unbonding entry with the clock of what happens now.
func (m MsgServer) Undelegate(ctx context.Context, msg *types.MsgUndelegate) (*types.MsgUndelegateResponse, error) {
	clock, err := m.sets.Clock(ctx)
	if err != nil {
		return nil, err
	}
	return m.stake.Undelegate(ctx, msg, clock)
}

// CancelUnbonding bonds a whole entry again with the same voter.
func (m MsgServer) CancelUnbonding(ctx context.Context, msg *types.MsgCancelUnbonding) (*types.MsgCancelUnbondingResponse, error) {
	clock, err := m.sets.Clock(ctx)
	if err != nil {
		return nil, err
	}
	return m.stake.CancelUnbonding(ctx, msg, clock)
}

// SubmitVotes adds an aggregate to the tally of its target.
func (m MsgServer) SubmitVotes(ctx context.Context, msg *types.MsgSubmitVotes) (*types.MsgSubmitVotesResponse, error) {
	return m.votes.SubmitVotes(ctx, msg)
}

// SubmitEvidence slashes the voters guilty of both votes.
func (m MsgServer) SubmitEvidence(ctx context.Context, msg *types.MsgSubmitEvidence) (*types.MsgSubmitEvidenceResponse, error) {
	return m.votes.SubmitEvidence(ctx, msg)
}

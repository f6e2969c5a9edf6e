package keeper

import (
	"context"
	"errors"
	"strconv"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/paging"
	"github.com/dualchain/dualchain/internal/refusal"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// QueryServer serves the module's queries: this file those of voters and stake, queries_votes.go
// those of votes and sets, queries_era.go that of participation, queries_certificate.go and archive_queries.go those of
// light clients.
type QueryServer struct{ *Keeper }

var _ types.QueryServer = QueryServer{}

// notFound gives errors about missing things their reason.
func notFound(err error) error {
	switch {
	case errors.Is(err, types.ErrVoterNotFound):
		return refusal.New(reason.VoterNotFound, "%s", err)
	case errors.Is(err, checkpointtypes.ErrNotFound), errors.Is(err, collections.ErrNotFound):
		return refusal.New(reason.NotKept, "%s", err)
	case errors.Is(err, types.ErrUnknownSet):
		return refusal.New(reason.NotFound, "%s", err)
	default:
		return err
	}
}

// Params returns the parameters.
func (q QueryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	params, err := q.Keeper.Params(ctx)
	return &types.QueryParamsResponse{Params: params}, err
}

// resolveVoter reads an operator address, a public key in hexadecimal or a registration index.
func (q QueryServer) resolveVoter(ctx context.Context, id string) (types.Voter, error) {
	if index, err := strconv.ParseUint(id, 10, 64); err == nil {
		voter, err := q.Keeper.Voter(ctx, index)
		return voter, notFound(err)
	}
	if key, err := types.ParsePublicKey(id); err == nil {
		index, _, known, err := q.Registration(ctx, key)
		if err != nil {
			return types.Voter{}, err
		}
		if !known {
			return types.Voter{}, refusal.New(reason.VoterNotFound, "no voter with public key %s", id)
		}
		return q.Keeper.Voter(ctx, index)
	}
	if _, err := sdk.AccAddressFromBech32(id); err != nil {
		return types.Voter{}, refusal.New(reason.InvalidRequest,
			"voter: expected an operator address, a public key of 96 lower-case hexadecimal digits or a registration index; found %q", id)
	}
	voter, err := q.stake.VoterOf(ctx, id)
	return voter, notFound(err)
}

// Voter returns one voter, its state and its powers.
func (q QueryServer) Voter(ctx context.Context, req *types.QueryVoterRequest) (*types.QueryVoterResponse, error) {
	voter, err := q.resolveVoter(ctx, req.GetVoter())
	if err != nil {
		return nil, err
	}
	state, err := q.states(ctx)
	if err != nil {
		return nil, err
	}
	params, err := q.Keeper.Params(ctx)
	if err != nil {
		return nil, err
	}
	out := &types.QueryVoterResponse{
		State: state(voter), Bonded: voter.BondedTokens(), Joining: voter.JoiningTokens(), Own: voter.OwnTokens(), Counted: voter.Counted(params),
	}
	out.AboveCap = out.Bonded.Sub(out.Counted)
	if out.Voter, out.Announced, err = q.announced(ctx, voter, params); err != nil {
		return nil, err
	}
	if anchored, err := q.sets.Anchored(ctx); err != nil || !anchored {
		return out, err
	}
	pair, err := q.sets.PairInForce(ctx)
	if err != nil {
		return nil, err
	}
	hash, _, err := pair.Hashes()
	if err != nil {
		return nil, err
	}
	now, err := q.sets.Set(ctx, hash)
	if err != nil {
		return nil, err
	}
	after, err := q.sets.Successor(ctx)
	if err != nil {
		return nil, err
	}
	key, err := types.ParsePublicKey(voter.PubKey)
	if err != nil {
		return nil, err
	}
	if position, member := now.Voters.Position(key); member {
		out.Rear, out.Current = now.Voters[position].Rear, now.Voters[position].Current
	}
	if position, member := after.Voters.Position(key); member {
		out.Next = after.Voters[position].Current
	}
	return out, nil
}

// announced returns a voter with the commission of the open era, and what it has announced for the next.
func (q QueryServer) announced(ctx context.Context, v types.Voter, params types.Params) (types.Voter, *types.AnnouncedCommission, error) {
	anchored, err := q.sets.Anchored(ctx)
	if err != nil || !anchored {
		return v, nil, err
	}
	open, err := q.eras.Open(ctx)
	if err != nil {
		return v, nil, err
	}
	v.SettleCommission(open.Index)
	if len(v.CommissionChanges) == 0 {
		return v, nil, nil
	}
	next := v.CommissionChanges[0] // the only one: a change holds from the next era on
	return v, &types.AnnouncedCommission{
		CommissionPpm: next.CommissionPpm, FromEra: next.FromEra, FromEpoch: open.FirstEpoch + params.EraLength,
	}, nil
}

// states returns a function that tells a voter's state.
func (q QueryServer) states(ctx context.Context) (func(types.Voter) types.VoterState, error) {
	set, err := q.stake.Eligible(ctx)
	if err != nil {
		return nil, err
	}
	eligible := make(map[uint64]bool, len(set))
	for _, m := range set {
		eligible[m.Registration] = true
	}
	return func(v types.Voter) types.VoterState {
		switch {
		case v.Tombstoned:
			return types.VoterState_VOTER_STATE_TOMBSTONED
		case v.Jailed:
			return types.VoterState_VOTER_STATE_JAILED
		case eligible[v.Index]:
			return types.VoterState_VOTER_STATE_ELIGIBLE
		}
		return types.VoterState_VOTER_STATE_WAITING
	}, nil
}

// Voters lists voters, all or those in one state.
func (q QueryServer) Voters(ctx context.Context, req *types.QueryVotersRequest) (*types.QueryVotersResponse, error) {
	if err := paging.Check(req.GetPagination()); err != nil {
		return nil, err
	}
	if _, known := types.VoterState_name[int32(req.GetState())]; !known {
		return nil, refusal.New(reason.InvalidRequest, "state: unknown value %d", req.GetState())
	}
	state, err := q.states(ctx)
	if err != nil {
		return nil, err
	}
	voters, next, err := q.stake.Voters(ctx, req.GetPagination(), func(v types.Voter) bool {
		return req.GetState() == types.VoterState_VOTER_STATE_UNSPECIFIED || state(v) == req.GetState()
	})
	if err != nil {
		return nil, err
	}
	params, err := q.Keeper.Params(ctx)
	if err != nil {
		return nil, err
	}
	for i := range voters {
		if voters[i], _, err = q.announced(ctx, voters[i], params); err != nil {
			return nil, err
		}
	}
	return &types.QueryVotersResponse{Voters: voters, Pagination: next}, nil
}

// Delegations lists the delegations to a voter.
func (q QueryServer) Delegations(ctx context.Context, req *types.QueryDelegationsRequest) (*types.QueryDelegationsResponse, error) {
	if err := paging.Check(req.GetPagination()); err != nil {
		return nil, err
	}
	voter, err := q.resolveVoter(ctx, req.GetVoter())
	if err != nil {
		return nil, err
	}
	delegations, next, err := q.stake.Delegations(ctx, voter, req.GetPagination())
	if err != nil {
		return nil, err
	}
	return &types.QueryDelegationsResponse{Delegations: delegations, Pagination: next}, nil
}

// DelegatorDelegations lists the delegations of an account.
func (q QueryServer) DelegatorDelegations(ctx context.Context, req *types.QueryDelegatorDelegationsRequest) (*types.QueryDelegatorDelegationsResponse, error) {
	if err := paging.Check(req.GetPagination()); err != nil {
		return nil, err
	}
	delegator, err := account(req.GetDelegator())
	if err != nil {
		return nil, err
	}
	delegations, next, err := q.stake.DelegatorDelegations(ctx, delegator, req.GetPagination())
	if err != nil {
		return nil, err
	}
	return &types.QueryDelegatorDelegationsResponse{Delegations: delegations, Pagination: next}, nil
}

// Unbondings lists the unbonding entries of an account.
func (q QueryServer) Unbondings(ctx context.Context, req *types.QueryUnbondingsRequest) (*types.QueryUnbondingsResponse, error) {
	if err := paging.Check(req.GetPagination()); err != nil {
		return nil, err
	}
	delegator, err := account(req.GetDelegator())
	if err != nil {
		return nil, err
	}
	unbondings, next, err := q.stake.Unbondings(ctx, delegator, req.GetPagination(), q.sets)
	if err != nil {
		return nil, err
	}
	return &types.QueryUnbondingsResponse{Unbondings: unbondings, Pagination: next}, nil
}

func account(address string) (sdk.AccAddress, error) {
	addr, err := sdk.AccAddressFromBech32(address)
	if err != nil {
		return nil, refusal.New(reason.InvalidRequest, "delegator: expected an account address, found %q: %s", address, err)
	}
	return addr, nil
}

// Evidence returns one record.
func (q QueryServer) Evidence(ctx context.Context, req *types.QueryEvidenceRequest) (*types.QueryEvidenceResponse, error) {
	record, has, err := q.votes.Evidence(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	if !has {
		return nil, refusal.New(reason.NotFound, "no evidence with id %d", req.GetId())
	}
	return &types.QueryEvidenceResponse{Record: record}, nil
}

// AllEvidence lists the records.
func (q QueryServer) AllEvidence(ctx context.Context, req *types.QueryAllEvidenceRequest) (*types.QueryAllEvidenceResponse, error) {
	if err := paging.Check(req.GetPagination()); err != nil {
		return nil, err
	}
	records, next, err := q.votes.AllEvidence(ctx, req.GetPagination())
	if err != nil {
		return nil, err
	}
	return &types.QueryAllEvidenceResponse{Records: records, Pagination: next}, nil
}

// EconomicSecurity tells what stands behind finality, and how much of it the proposal layer's operators hold.
func (q QueryServer) EconomicSecurity(ctx context.Context, _ *types.QueryEconomicSecurityRequest) (*types.QueryEconomicSecurityResponse, error) {
	params, err := q.Keeper.Params(ctx)
	if err != nil {
		return nil, err
	}
	zero := math.ZeroInt()
	out := &types.QueryEconomicSecurityResponse{
		BondDenom: params.BondDenom, ViolationStake: zero, ViolationCost: zero,
	}
	if out.Bonded, out.Unbonding, err = q.stake.Total(ctx); err != nil {
		return nil, err
	}
	if anchored, err := q.sets.Anchored(ctx); err != nil || !anchored {
		return out, err
	}
	pair, err := q.sets.PairInForce(ctx)
	if err != nil {
		return nil, err
	}
	hash, _, err := pair.Hashes()
	if err != nil {
		return nil, err
	}
	now, err := q.sets.Set(ctx, hash)
	if err != nil {
		return nil, err
	}
	least := now.Rear
	if now.Current.Cmp(least) < 0 {
		least = now.Current
	}
	third := math.NewIntFromBigInt(least.Big()).AddRaw(2).QuoRaw(3)
	out.ViolationStake = params.Stake(third)
	out.ViolationCost = types.Fraction(out.ViolationStake, params.SlashFractionEquivocationPpm)
	overlap, err := q.overlap(ctx, hash, out)
	if err != nil {
		return nil, err
	}
	out.OverlapPowerPpm = uint32(overlap.MulRaw(types.Million).Quo(math.NewIntFromBigInt(now.Current.Big())).Uint64())
	return out, nil
}

// overlap lists the operators in the current side that run a bonded validator too, and returns their power.
func (q QueryServer) overlap(ctx context.Context, hash ffg.Root, out *types.QueryEconomicSecurityResponse) (math.Int, error) {
	sum := math.ZeroInt()
	members, err := q.sets.Members(ctx, hash)
	if err != nil {
		return sum, err
	}
	for _, m := range members {
		if m.Current == 0 {
			continue
		}
		voter, err := q.Keeper.Voter(ctx, m.Registration)
		if err != nil {
			return sum, err
		}
		operator, err := sdk.AccAddressFromBech32(voter.Operator)
		if err != nil {
			return sum, err
		}
		validator, err := q.staking.GetValidator(ctx, sdk.ValAddress(operator))
		if err != nil || !validator.IsBonded() {
			continue // not a validator
		}
		sum = sum.Add(math.NewIntFromUint64(m.Current))
		out.OverlapOperators = append(out.OverlapOperators, voter.Operator)
	}
	return sum, nil
}

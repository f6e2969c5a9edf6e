package keeper

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// InitGenesis writes the state. It must run after x/bank's, whose balances it checks, and before x/checkpoint's, which
// asks it for the anchor's voter sets.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := g.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, g.Params); err != nil {
		return fmt.Errorf("set params: %w", err)
	}
	if err := k.checkSupply(ctx, g.Params); err != nil {
		return types.ErrInvalidGenesis.Wrapf("supply: %s", err)
	}
	if err := k.initVoters(ctx, g); err != nil {
		return err
	}
	if err := k.initStake(ctx, g); err != nil {
		return err
	}
	for _, e := range g.Evidence {
		if err := k.evidence.Set(ctx, e.Id, e); err != nil {
			return fmt.Errorf("set evidence %d: %w", e.Id, err)
		}
	}
	if err := k.evidenceSeq.Set(ctx, uint64(len(g.Evidence))); err != nil {
		return fmt.Errorf("set evidence sequence: %w", err)
	}
	if g.Running != nil {
		if err := k.initRunning(ctx, *g.Running); err != nil {
			return err
		}
	}
	return k.CheckInvariants(ctx)
}

// initVoters registers the voters. Those of a new chain must prove possession of their keys; those of a running one have.
func (k *Keeper) initVoters(ctx context.Context, g types.GenesisState) error {
	proofs := make(map[uint64]string, len(g.Possessions))
	for _, p := range g.Possessions {
		proofs[p.VoterIndex] = p.Possession
	}
	for _, v := range g.Voters {
		if g.Running == nil {
			if err := k.checkGenesisPossession(ctx, v, proofs[v.Index]); err != nil {
				return types.ErrInvalidGenesis.Wrapf("voter %d: %s", v.Index, err)
			}
		}
		if err := k.register(ctx, v); err != nil {
			return fmt.Errorf("register voter %d: %w", v.Index, err)
		}
	}
	return k.voterSeq.Set(ctx, uint64(len(g.Voters)))
}

func (k *Keeper) checkGenesisPossession(ctx context.Context, v types.Voter, proof string) error {
	operator, err := sdk.AccAddressFromBech32(v.Operator)
	if err != nil {
		return err
	}
	key, err := types.ParsePublicKey(v.PubKey)
	if err != nil {
		return err
	}
	possession, err := types.ParsePossession(proof)
	if err != nil {
		return err
	}
	if err := k.checkPossession(ctx, operator, key, possession); err != nil {
		return err
	}
	return k.keepProof(ctx, v.Index, possession)
}

func (k *Keeper) initStake(ctx context.Context, g types.GenesisState) error {
	for _, d := range g.Delegations {
		delegator, err := sdk.AccAddressFromBech32(d.Delegator)
		if err != nil {
			return types.ErrInvalidGenesis.Wrapf("delegator: %s", err)
		}
		if owned, err := k.shares(ctx, d.VoterIndex, delegator); err != nil || !owned.IsZero() {
			return orWrap(err, types.ErrInvalidGenesis, "delegation of "+d.Delegator+" stands twice")
		}
		if err := k.setShares(ctx, d.VoterIndex, delegator, d.Shares); err != nil {
			return err
		}
	}
	for _, u := range g.Unbondings {
		delegator, err := sdk.AccAddressFromBech32(u.Delegator)
		if err != nil {
			return types.ErrInvalidGenesis.Wrapf("delegator: %s", err)
		}
		if !k.accounts.HasAccount(ctx, delegator) {
			return types.ErrInvalidGenesis.Wrapf("unbonding %d: expected an account that can be paid, found none at %s", u.Id, u.Delegator)
		}
		if has, err := k.unbondings.Has(ctx, u.Id); err != nil || has {
			return orWrap(err, types.ErrInvalidGenesis, fmt.Sprintf("unbonding %d stands twice", u.Id))
		}
		frozen := g.Voters[u.VoterIndex].Tombstoned // its clock may be gone, and would hold up all later ones
		if err := k.setUnbonding(ctx, u, delegator, !frozen); err != nil {
			return err
		}
	}
	return k.unbondingSeq.Set(ctx, g.NextUnbondingId)
}

func (k *Keeper) initRunning(ctx context.Context, r types.RunningState) error {
	if chainID := sdk.UnwrapSDKContext(ctx).ChainID(); r.ChainId != chainID {
		return types.ErrInvalidGenesis.Wrapf("chain_id: expected %q, whose votes are recorded here; found %q", r.ChainId, chainID)
	}
	sets := map[ffg.Root]types.VoterSet{}
	for _, s := range r.Sets {
		stitched, err := s.Stitched()
		if err != nil {
			return err
		}
		sets[stitched.Hash()] = s
	}
	for _, p := range r.Pairs {
		hash, _, err := p.Hashes()
		if err != nil {
			return err
		}
		if err := errors.Join(k.useSet(ctx, hash, sets[hash]), k.pairs.Set(ctx, p.Index, p), k.inForce.Set(ctx, p.Index)); err != nil {
			return fmt.Errorf("set pair %d: %w", p.Index, err)
		}
	}
	for _, t := range r.Tallies {
		if err := k.tallies.Set(ctx, t.Epoch, t.Tally); err != nil {
			return fmt.Errorf("set tally of epoch %d: %w", t.Epoch, err)
		}
	}
	for _, c := range r.Clocks {
		if err := k.clocks.Set(ctx, c.Clock, c); err != nil {
			return fmt.Errorf("set clock %d: %w", c.Clock, err)
		}
	}
	for _, e := range r.Closed {
		if err := k.closedEras.Set(ctx, e.Index, e); err != nil {
			return fmt.Errorf("set era %d: %w", e.Index, err)
		}
	}
	if r.Settlement != nil {
		if err := errors.Join(k.settlement.Set(ctx, *r.Settlement), k.keepScores(ctx, r.Scores)); err != nil {
			return fmt.Errorf("set settlement: %w", err)
		}
	}
	if err := k.initArchive(ctx, r.Archive); err != nil {
		return err
	}
	return errors.Join(k.next.Set(ctx, r.Next), k.era.Set(ctx, r.Era), k.firstRecord.Set(ctx, r.FirstRecord))
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.Params(ctx)
	if err != nil {
		return nil, err
	}
	g := &types.GenesisState{Params: params}
	if g.NextUnbondingId, err = k.unbondingSeq.Peek(ctx); err != nil {
		return nil, fmt.Errorf("read unbonding sequence: %w", err)
	}
	err = errors.Join(
		k.voters.Walk(ctx, nil, func(_ uint64, v types.Voter) (bool, error) {
			g.Voters = append(g.Voters, v)
			return false, nil
		}),
		k.delegations.Walk(ctx, nil, func(id collections.Pair[uint64, []byte], shares math.Int) (bool, error) {
			g.Delegations = append(g.Delegations, types.Delegation{VoterIndex: id.K1(), Delegator: sdk.AccAddress(id.K2()).String(), Shares: shares})
			return false, nil
		}),
		k.unbondings.Walk(ctx, nil, func(_ uint64, u types.Unbonding) (bool, error) {
			g.Unbondings = append(g.Unbondings, u)
			return false, nil
		}),
		k.evidence.Walk(ctx, nil, func(_ uint64, e types.EvidenceRecord) (bool, error) {
			g.Evidence = append(g.Evidence, e)
			return false, nil
		}),
		k.proofs.Walk(ctx, nil, func(index uint64, proof []byte) (bool, error) {
			g.Possessions = append(g.Possessions, types.GenesisPossession{VoterIndex: index, Possession: hex.EncodeToString(proof)})
			return false, nil
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	if anchored, err := k.inForce.Has(ctx); err != nil || !anchored {
		return g, err
	}
	g.Running, err = k.exportRunning(ctx)
	return g, err
}

func (k *Keeper) exportRunning(ctx context.Context) (*types.RunningState, error) {
	r := &types.RunningState{ChainId: sdk.UnwrapSDKContext(ctx).ChainID()}
	settlement, underWay, err := found(k.settlement.Get(ctx))
	if err != nil {
		return nil, fmt.Errorf("export settlement: %w", err)
	}
	if underWay {
		r.Settlement = &settlement
		if r.Scores, err = k.unsettledScores(ctx); err != nil {
			return nil, fmt.Errorf("export settlement: %w", err)
		}
	}
	if r.Archive, err = k.exportArchive(ctx); err != nil {
		return nil, fmt.Errorf("export the archive: %w", err)
	}
	var e1, e2, e3, e4 error
	r.Next, e1 = k.next.Get(ctx)
	r.Era, e2 = k.era.Get(ctx)
	r.FirstRecord, e3 = k.firstRecord.Get(ctx)
	r.Closed, e4 = k.closedEraList(ctx)
	err = errors.Join(e1, e2, e3, e4,
		k.pairs.Walk(ctx, nil, func(_ uint64, p types.Pair) (bool, error) {
			r.Pairs = append(r.Pairs, p)
			return false, nil
		}),
		k.sets.Walk(ctx, nil, func(_ []byte, s types.VoterSet) (bool, error) {
			r.Sets = append(r.Sets, s)
			return false, nil
		}),
		k.tallies.Walk(ctx, nil, func(epoch uint64, t types.Tally) (bool, error) {
			r.Tallies = append(r.Tallies, types.GenesisTally{Epoch: epoch, Tally: t})
			return false, nil
		}),
		k.clocks.Walk(ctx, nil, func(_ uint64, c types.UnbondingClock) (bool, error) {
			r.Clocks = append(r.Clocks, c)
			return false, nil
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return r, nil
}

package stake

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// InitGenesis writes the voters and their stake. It runs after x/bank's, whose balances CheckInvariants compares.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := k.checkSupply(ctx, g.Params); err != nil {
		return types.ErrInvalidGenesis.Wrapf("supply: %s", err)
	}
	if err := k.takeAccounts(ctx, g); err != nil {
		return err
	}
	if err := k.initVoters(ctx, g); err != nil {
		return err
	}
	return k.initStake(ctx, g)
}

// takeAccounts makes the module's accounts its own. Before an upgrade that adds the module, anybody can send coins to their addresses:
// that makes ordinary accounts of them, at which the bank panics, and a balance that no pool explains. A module that begins without
// voters puts what it finds into the finality pool.
func (k *Keeper) takeAccounts(ctx context.Context, g types.GenesisState) error {
	for _, name := range []string{types.ModuleName, types.RewardsName} {
		addr, permissions := k.accounts.GetModuleAddressAndPermissions(name)
		found := k.accounts.GetAccount(ctx, addr)
		if _, owned := found.(sdk.ModuleAccountI); found == nil || owned {
			continue
		}
		base := authtypes.NewBaseAccount(addr, nil, found.GetAccountNumber(), found.GetSequence())
		k.accounts.SetAccount(ctx, authtypes.NewModuleAccount(base, name, permissions...))
	}
	found := k.bank.GetBalance(ctx, k.accounts.GetModuleAddress(types.ModuleName), g.Params.BondDenom)
	if len(g.Voters) > 0 || !found.IsPositive() {
		return nil
	}
	if err := k.bank.SendCoinsFromModuleToModule(ctx, types.ModuleName, types.RewardsName, sdk.NewCoins(found)); err != nil {
		return fmt.Errorf("put %s into the finality pool: %w", found, err)
	}
	return nil
}

// initVoters registers the voters. Those of a new chain must prove possession of their keys; those of a running one have.
func (k *Keeper) initVoters(ctx context.Context, g types.GenesisState) error {
	proofs := make(map[uint64][]byte, len(g.Possessions))
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

func (k *Keeper) checkGenesisPossession(ctx context.Context, v types.Voter, proof []byte) error {
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
	if err := k.CheckPossession(ctx, operator, key, possession); err != nil {
		return err
	}
	return k.possessions.Set(ctx, v.Index, possession[:])
}

func (k *Keeper) initStake(ctx context.Context, g types.GenesisState) error {
	for _, d := range g.Delegations {
		delegator, err := sdk.AccAddressFromBech32(d.Delegator)
		if err != nil {
			return types.ErrInvalidGenesis.Wrapf("delegator: %s", err)
		}
		if stored, err := k.stored(ctx, d.VoterIndex, delegator); err != nil || len(stored) > 0 {
			return state.Or(err, types.ErrInvalidGenesis, "delegation of "+d.Delegator+" stands twice")
		}
		if err := k.setPositions(ctx, d.VoterIndex, delegator, d.Positions); err != nil {
			return err
		}
	}
	for _, p := range g.Promotions {
		if err := k.setPromotion(ctx, p); err != nil {
			return fmt.Errorf("set promotion of pool %d of voter %d: %w", p.Pool, p.VoterIndex, err)
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
			return state.Or(err, types.ErrInvalidGenesis, fmt.Sprintf("unbonding %d stands twice", u.Id))
		}
		frozen := g.Voters[u.VoterIndex].Tombstoned // its clock may be gone
		if err := k.setUnbonding(ctx, u, delegator, !frozen); err != nil {
			return err
		}
	}
	return k.unbondingSeq.Set(ctx, g.NextUnbondingId)
}

// ExportGenesis adds the voters and their stake to a genesis state.
func (k *Keeper) ExportGenesis(ctx context.Context, g *types.GenesisState) (err error) {
	if g.NextUnbondingId, err = k.unbondingSeq.Peek(ctx); err != nil {
		return fmt.Errorf("read unbonding sequence: %w", err)
	}
	return errors.Join(
		k.voters.Walk(ctx, nil, func(_ uint64, v types.Voter) (bool, error) {
			g.Voters = append(g.Voters, v)
			return false, nil
		}),
		k.delegations.Walk(ctx, nil, func(id collections.Pair[uint64, []byte], stored types.Positions) (bool, error) {
			g.Delegations = append(g.Delegations, types.Delegation{
				VoterIndex: id.K1(), Delegator: sdk.AccAddress(id.K2()).String(), Positions: stored.Positions,
			})
			return false, nil
		}),
		k.promotions.Walk(ctx, nil, func(_ collections.Pair[uint64, uint64], p types.Promotion) (bool, error) {
			g.Promotions = append(g.Promotions, p)
			return false, nil
		}),
		k.unbondings.Walk(ctx, nil, func(_ uint64, u types.Unbonding) (bool, error) {
			g.Unbondings = append(g.Unbondings, u)
			return false, nil
		}),
		k.possessions.Walk(ctx, nil, func(index uint64, proof []byte) (bool, error) {
			g.Possessions = append(g.Possessions, types.GenesisPossession{VoterIndex: index, Possession: proof})
			return false, nil
		}),
	)
}

package stake

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A voter is a registration: one operator, one key, for ever. Identity keys, keys outside the subgroup, keys ever used
// before and keys without proof of possession for this operator and chain are refused (protocol §2).

// RegisterVoter registers a key with a first bond. clock is that of unbonding entries made now, 0 before the anchor. Until then the
// proof of possession is kept: an export is a new chain's genesis, whose voters must prove their keys.
func (k *Keeper) RegisterVoter(ctx context.Context, msg *types.MsgRegisterVoter, clock uint64) (*types.MsgRegisterVoterResponse, error) {
	operator, err := sdk.AccAddressFromBech32(msg.Operator)
	if err != nil {
		return nil, types.ErrInvalidVoter.Wrapf("operator: %s", err)
	}
	if err := types.ValidateDescription(msg.Moniker, msg.Website); err != nil {
		return nil, err
	}
	if err := types.ValidateCommission(msg.CommissionPpm, msg.MaxCommissionPpm, msg.MaxCommissionChangePpm); err != nil {
		return nil, err
	}
	key, err := types.ParsePublicKey(msg.PubKey)
	if err != nil {
		return nil, err
	}
	possession, err := types.ParsePossession(msg.Possession)
	if err != nil {
		return nil, err
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(types.GasPossession, "verify possession")
	if err := k.CheckPossession(ctx, operator, key, possession); err != nil {
		return nil, err
	}
	index, err := k.voterSeq.Next(ctx)
	if err != nil {
		return nil, fmt.Errorf("take registration number: %w", err)
	}
	voter := types.Voter{
		Index: index, Operator: operator.String(), PubKey: msg.PubKey, Moniker: msg.Moniker, Website: msg.Website,
		CommissionPpm: msg.CommissionPpm, MaxCommissionPpm: msg.MaxCommissionPpm, MaxCommissionChangePpm: msg.MaxCommissionChangePpm,
	}
	voter.AddPools()
	if err := k.register(ctx, voter); err != nil {
		return nil, err
	}
	if clock == 0 {
		if err := k.possessions.Set(ctx, index, possession[:]); err != nil {
			return nil, fmt.Errorf("set proof of voter %d: %w", index, err)
		}
	}
	if err := k.delegate(ctx, index, operator, msg.Amount, clock); err != nil {
		return nil, err
	}
	return &types.MsgRegisterVoterResponse{Index: index}, state.Emit(ctx, &types.EventVoterRegistered{
		Index: index, Operator: voter.Operator, PubKey: msg.PubKey,
	})
}

// CheckPossession verifies that the operator knows the secret of a valid key, on this chain.
func (k *Keeper) CheckPossession(ctx context.Context, operator []byte, key ffg.PublicKey, proof ffg.Signature) error {
	if state.Simulated(ctx) {
		return nil
	}
	parsed, err := k.keys.Parse(key)
	if err != nil {
		return types.ErrInvalidKey.Wrap(err.Error())
	}
	root, err := ffg.Possession(state.Domain(ctx), operator, key)
	if err != nil {
		return types.ErrInvalidVoter.Wrap(err.Error())
	}
	if err := bls.VerifyPossession(parsed, root, proof); err != nil {
		return types.ErrInvalidPossession.Wrap(err.Error())
	}
	return nil
}

// ForgetPossessions drops the proofs of possession: the chain is anchored, and its export is no new chain's genesis.
func (k *Keeper) ForgetPossessions(ctx context.Context) error {
	if err := k.possessions.Clear(ctx, nil); err != nil {
		return fmt.Errorf("clear proofs of possession: %w", err)
	}
	return nil
}

// register writes a new voter and its indexes, refusing an operator or a key that was used before.
func (k *Keeper) register(ctx context.Context, v types.Voter) error {
	operator, err := sdk.AccAddressFromBech32(v.Operator)
	if err != nil {
		return types.ErrInvalidVoter.Wrapf("operator: %s", err)
	}
	if k.bank.BlockedAddr(operator) { // it could not be paid its commission
		return types.ErrInvalidVoter.Wrapf("operator: expected an account that may receive coins, found %s", v.Operator)
	}
	key, err := types.ParsePublicKey(v.PubKey)
	if err != nil {
		return err
	}
	if taken, err := k.byOperator.Has(ctx, operator); err != nil || taken {
		return state.Or(err, types.ErrOperatorTaken, v.Operator)
	}
	if used, err := k.byKey.Has(ctx, key[:]); err != nil || used {
		return state.Or(err, types.ErrKeyUsed, v.PubKey)
	}
	if err := k.byOperator.Set(ctx, operator, v.Index); err != nil {
		return fmt.Errorf("index operator: %w", err)
	}
	if err := k.byKey.Set(ctx, key[:], v.Index); err != nil {
		return fmt.Errorf("index key: %w", err)
	}
	if v.Tombstoned {
		if err := k.tombstones.Set(ctx, collections.Join(v.TombstoneClock, key[:])); err != nil {
			return fmt.Errorf("set tombstone: %w", err)
		}
	}
	if err := k.voters.Set(ctx, v.Index, v); err != nil {
		return fmt.Errorf("set voter %d: %w", v.Index, err)
	}
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	return k.rank(ctx, v, params, true)
}

// Voter returns a voter by its registration.
func (k *Keeper) Voter(ctx context.Context, index uint64) (types.Voter, error) {
	v, has, err := state.Found(k.voters.Get(ctx, index))
	if err != nil {
		return v, fmt.Errorf("read voter %d: %w", index, err)
	}
	if !has {
		return v, types.ErrVoterNotFound.Wrapf("registration %d", index)
	}
	return v, nil
}

// VoterOf returns the voter of an operator.
func (k *Keeper) VoterOf(ctx context.Context, operator string) (types.Voter, error) {
	addr, err := sdk.AccAddressFromBech32(operator)
	if err != nil {
		return types.Voter{}, types.ErrInvalidVoter.Wrapf("operator: %s", err)
	}
	index, has, err := state.Found(k.byOperator.Get(ctx, addr))
	if err != nil {
		return types.Voter{}, fmt.Errorf("read operator: %w", err)
	}
	if !has {
		return types.Voter{}, types.ErrVoterNotFound.Wrapf("operator %s", operator)
	}
	return k.Voter(ctx, index)
}

// updateVoter changes a voter and keeps the ranking in step. It refuses stake whose power does not fit 63 bits, so every voter in
// the ranking has a power.
func (k *Keeper) updateVoter(ctx context.Context, index uint64, change func(*types.Voter) error) (types.Voter, error) {
	before, err := k.Voter(ctx, index)
	if err != nil {
		return before, err
	}
	after := before
	after.Joining = slices.Clone(before.Joining)
	if err := change(&after); err != nil {
		return before, err
	}
	params, err := k.params(ctx)
	if err != nil {
		return before, err
	}
	if bonded := after.BondedTokens(); bonded.GT(before.BondedTokens()) {
		if _, err := params.Power(bonded); err != nil {
			return before, err
		}
	}
	if err := k.voters.Set(ctx, index, after); err != nil {
		return before, fmt.Errorf("set voter %d: %w", index, err)
	}
	if was, is := counted(before, params), counted(after, params); was.Equal(is) {
		return after, nil
	}
	if err := k.rank(ctx, before, params, false); err != nil {
		return before, err
	}
	return after, k.rank(ctx, after, params, true)
}

// counted returns the stake by which a voter is ranked, 0 for one that is not.
func counted(v types.Voter, params types.Params) math.Int {
	if v.Jailed || v.Tombstoned {
		return math.ZeroInt()
	}
	return v.Counted(params)
}

// rank adds a voter to the ranking or takes it out.
func (k *Keeper) rank(ctx context.Context, v types.Voter, params types.Params, add bool) error {
	stake := counted(v, params)
	if !stake.IsPositive() {
		return nil
	}
	place := collections.Join(invert(stake), v.Index)
	if !add {
		return k.ranking.Remove(ctx, place)
	}
	key, err := types.ParsePublicKey(v.PubKey)
	if err != nil {
		return err
	}
	return k.ranking.Set(ctx, place, key[:])
}

// Rerank ranks all voters anew: governance has changed what counts. It costs as much as there are registrations.
func (k *Keeper) Rerank(ctx context.Context) error {
	params, err := k.params(ctx)
	if err != nil {
		return err
	}
	if err := k.ranking.Clear(ctx, nil); err != nil {
		return fmt.Errorf("clear ranking: %w", err)
	}
	return k.voters.Walk(ctx, nil, func(_ uint64, v types.Voter) (bool, error) {
		return false, k.rank(ctx, v, params, true)
	})
}

// invert encodes stake in 32 bytes so that more stake sorts first. An Int has at most 256 bits.
func invert(stake math.Int) []byte {
	b := stake.BigInt().FillBytes(make([]byte, 32))
	for i := range b {
		b[i] = ^b[i]
	}
	return b
}

// Eligible returns the voters that a set computed now has, ascending by key (protocol §7).
func (k *Keeper) Eligible(ctx context.Context) (types.Members, error) {
	params, err := k.params(ctx)
	if err != nil {
		return nil, err
	}
	var out types.Members
	err = k.ranking.Walk(ctx, nil, func(place collections.Pair[[]byte, uint64], key []byte) (bool, error) {
		stake := math.NewIntFromBigInt(new(big.Int).SetBytes(invertBytes(place.K1())))
		if stake.LT(params.MinStake) || len(out) == int(params.MaxVoters) {
			return true, nil
		}
		power, err := params.Power(stake)
		if err != nil {
			return true, err
		}
		if len(key) != len(ffg.PublicKey{}) {
			return true, types.ErrInvalidKey.Wrapf("registration %d: expected %d bytes, found %d", place.K2(), len(ffg.PublicKey{}), len(key))
		}
		out = append(out, types.Member{Registration: place.K2(), Key: ffg.PublicKey(key), Current: power})
		return false, nil
	})
	if err != nil {
		return out, fmt.Errorf("read ranking: %w", err)
	}
	slices.SortFunc(out, func(a, b types.Member) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return out, nil
}

func invertBytes(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = ^b[i]
	}
	return out
}

// Eras are what a commission's date depends on: the open era and the oldest that is not settled; Begun is false before the anchor.
type Eras struct {
	Open, Oldest types.Era
	Begun        bool
}

// EditVoter replaces the description and announces the commission of the next era, or of the first before the anchor.
func (k *Keeper) EditVoter(ctx context.Context, msg *types.MsgEditVoter, eras Eras) (*types.MsgEditVoterResponse, error) {
	voter, err := k.VoterOf(ctx, msg.Operator)
	if err != nil {
		return nil, err
	}
	params, err := k.params(ctx)
	if err != nil {
		return nil, err
	}
	if err := types.ValidateDescription(msg.Moniker, msg.Website); err != nil {
		return nil, err
	}
	if err := types.ValidateCommission(msg.CommissionPpm, voter.MaxCommissionPpm, voter.MaxCommissionChangePpm); err != nil {
		return nil, err
	}
	from := types.MsgEditVoterResponse{FromEpoch: 1}
	if eras.Begun {
		from = types.MsgEditVoterResponse{FromEra: eras.Open.Index + 1, FromEpoch: eras.Open.FirstEpoch + params.EraLength}
		now := voter.CommissionIn(eras.Open.Index)
		if limit := uint64(now) + uint64(voter.MaxCommissionChangePpm); uint64(msg.CommissionPpm) > limit {
			return nil, types.ErrCommissionChange.Wrapf("expected at most %d ppm, %d more than the open era's; found %d",
				limit, voter.MaxCommissionChangePpm, msg.CommissionPpm)
		}
	}
	_, err = k.updateVoter(ctx, voter.Index, func(v *types.Voter) error {
		v.Moniker, v.Website = msg.Moniker, msg.Website
		v.SettleCommission(eras.Oldest.Index)
		v.Announce(from.FromEra, msg.CommissionPpm)
		if !eras.Begun {
			v.SettleCommission(0)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &from, state.Emit(ctx, &types.EventVoterEdited{
		Index: voter.Index, CommissionPpm: msg.CommissionPpm, FromEra: from.FromEra, FromEpoch: from.FromEpoch,
	})
}

// Unjail makes a voter that was jailed for absence eligible again. Epochs up to the head don't count against it.
func (k *Keeper) Unjail(ctx context.Context, msg *types.MsgUnjail, head uint64) (*types.MsgUnjailResponse, error) {
	voter, err := k.VoterOf(ctx, msg.Operator)
	if err != nil {
		return nil, err
	}
	_, err = k.updateVoter(ctx, voter.Index, func(v *types.Voter) error {
		now := sdk.UnwrapSDKContext(ctx).BlockTime()
		switch {
		case v.Tombstoned:
			return types.ErrTombstoned.Wrapf("registration %d", v.Index)
		case !v.Jailed:
			return types.ErrNotJailed.Wrapf("registration %d", v.Index)
		case now.Before(v.JailedUntil):
			return types.ErrStillJailed.Wrapf("registration %d: expected a block time from %s, found %s", v.Index, v.JailedUntil, now)
		}
		v.Jailed, v.AccountableFrom = false, head+1
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &types.MsgUnjailResponse{}, state.Emit(ctx, &types.EventVoterUnjailed{Index: voter.Index})
}

// Registration returns the registration of a key and whether it is tombstoned.
func (k *Keeper) Registration(ctx context.Context, key ffg.PublicKey) (index uint64, tombstoned, known bool, err error) {
	index, known, err = state.Found(k.byKey.Get(ctx, key[:]))
	if err != nil || !known {
		return 0, false, false, err
	}
	voter, err := k.Voter(ctx, index)
	return index, voter.Tombstoned, true, err
}

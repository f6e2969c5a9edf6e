package localnet

import (
	"encoding/hex"
	"errors"
	"fmt"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// What a genesis ceremony refuses.
var (
	// ErrGenesis: the genesis file is not one of this chain, or this chain runs already.
	ErrGenesis = errors.New("not a new genesis of this chain")
	// ErrStake: the operator does not own what it wants to bond.
	ErrStake = errors.New("not enough stake")
	// ErrDuplicateVoter: the operator or the key is registered already.
	ErrDuplicateVoter = errors.New("voter is registered already")
	// ErrVoter: the registration itself is invalid.
	ErrVoter = errors.New("invalid voter")
)

// GenesisVoter is a registration in the finality layer at genesis.
type GenesisVoter struct {
	Operator   sdk.AccAddress
	PubKey     [bls.PublicKeySize]byte
	Possession [bls.SignatureSize]byte
	Moniker    string
	// Stake is bonded from the operator's own balance.
	Stake math.Int
	// CommissionPPM and MaxCommissionPPM are parts per million of rewards.
	CommissionPPM, MaxCommissionPPM uint32
}

// AddVoter registers a voter in the genesis of the chain chainID: the voter, its operator's own delegation, the proof of
// possession, and the stake, which moves from the operator's balance to the module's account.
//
// It wraps ErrGenesis, ErrVoter (and what package bls found wrong), ErrDuplicateVoter or ErrStake.
func AddVoter(cdc codec.Codec, state AppState, chainID string, v GenesisVoter) error {
	if err := v.validate(chainID); err != nil {
		return err
	}
	err := update(cdc, state, finalitytypes.ModuleName, func(g *finalitytypes.GenesisState) error {
		if g.Running != nil {
			return fmt.Errorf("%w: its finality layer runs since chain %s; register the voter by transaction", ErrGenesis, g.Running.ChainId)
		}
		operator, key := v.Operator.String(), hex.EncodeToString(v.PubKey[:])
		for _, other := range g.Voters {
			if other.Operator == operator || other.PubKey == key {
				return fmt.Errorf("%w: voter %d has operator %s and key %s", ErrDuplicateVoter, other.Index, other.Operator, other.PubKey)
			}
		}
		index := uint64(len(g.Voters))
		g.Voters = append(g.Voters, finalitytypes.Voter{
			Index: index, Operator: operator, PubKey: key, Moniker: v.Moniker,
			CommissionPpm: v.CommissionPPM, MaxCommissionPpm: v.MaxCommissionPPM,
			Tokens: v.Stake, Shares: v.Stake,
			UnbondingTokens: math.ZeroInt(), UnbondingShares: math.ZeroInt(),
		})
		g.Delegations = append(g.Delegations, finalitytypes.Delegation{VoterIndex: index, Delegator: operator, Shares: v.Stake})
		g.Possessions = append(g.Possessions, finalitytypes.GenesisPossession{
			VoterIndex: index, Possession: hex.EncodeToString(v.Possession[:]),
		})
		return nil
	})
	if err != nil {
		return err
	}
	return bond(cdc, state, v.Operator, finalitytypes.ModuleName, v.Stake)
}

// validate checks the registration by itself.
func (v GenesisVoter) validate(chainID string) error {
	if !v.Stake.IsPositive() {
		return fmt.Errorf("%w: expected a positive stake, found %s", ErrVoter, v.Stake)
	}
	if err := finalitytypes.ValidateCommission(v.CommissionPPM, v.MaxCommissionPPM); err != nil {
		return fmt.Errorf("%w: %w", ErrVoter, err)
	}
	if err := finalitytypes.ValidateDescription(v.Moniker, ""); err != nil {
		return fmt.Errorf("%w: %w", ErrVoter, err)
	}
	key, err := bls.ParsePublicKey(v.PubKey[:])
	if err != nil {
		return fmt.Errorf("%w: public key: %w", ErrVoter, err)
	}
	root, err := ffg.Possession(ffg.Domain(chainID), v.Operator, ffg.PublicKey(v.PubKey))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrVoter, err)
	}
	if err := bls.VerifyPossession(key, root, v.Possession); err != nil {
		return fmt.Errorf("%w: proof of possession for operator %s on chain %s: %w", ErrVoter, v.Operator, chainID, err)
	}
	return nil
}

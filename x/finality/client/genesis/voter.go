package genesis

import (
	"encoding/hex"
	"fmt"

	"cosmossdk.io/core/address"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Voter is a registration in the finality layer.
type Voter struct {
	Operator sdk.AccAddress
	PubKey   [bls.PublicKeySize]byte
	// Possession proves that the operator has the secret key; it holds for one chain id.
	Possession [bls.SignatureSize]byte
	Moniker    string
	// Stake is bonded from the operator's balance, in the chain's bond_denom.
	Stake sdk.Coin
	// CommissionPPM and MaxCommissionPPM are parts per million of rewards. MaxCommissionChangePPM bounds how much the commission rises
	// from one era to the next.
	CommissionPPM, MaxCommissionPPM, MaxCommissionChangePPM uint32
}

// AddVoters registers voters in the genesis of the chain chainID: each voter, its operator's own delegation, the proof of
// possession, and the stake, which moves from the operator's balance to the module's account. Nothing is changed if one of
// them is refused.
//
// It wraps ErrGenesis, ErrVoter (and what package bls found wrong), ErrDuplicateVoter or ErrStake.
func AddVoters(cdc codec.Codec, state State, chainID string, voters ...Voter) error {
	return Change(cdc, state, types.ModuleName, func(finality *types.GenesisState) error {
		if finality.Running != nil {
			return fmt.Errorf("%w: its finality layer has been running since chain %s; register the voter by transaction",
				ErrGenesis, finality.Running.ChainId)
		}
		return Change(cdc, state, banktypes.ModuleName, func(bank *banktypes.GenesisState) error {
			for _, v := range voters {
				if err := v.validate(chainID, finality.Params.BondDenom); err != nil {
					return err
				}
				operator, err := addresses(cdc).BytesToString(v.Operator)
				if err != nil {
					return fmt.Errorf("%w: operator: %w", ErrVoter, err)
				}
				if err := v.register(finality, operator); err != nil {
					return err
				}
				if err := bond(cdc, bank, operator, types.ModuleName, v.Stake); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// addresses is the codec of the chain's account addresses.
func addresses(cdc codec.Codec) address.Codec {
	return cdc.InterfaceRegistry().SigningContext().AddressCodec()
}

func (v Voter) register(g *types.GenesisState, operator string) error {
	key := hex.EncodeToString(v.PubKey[:])
	for _, other := range g.Voters {
		if other.Operator == operator || other.PubKey == key {
			return fmt.Errorf("%w: voter %d has operator %s and key %s", ErrDuplicateVoter, other.Index, other.Operator, other.PubKey)
		}
	}
	voter := types.Voter{
		Index: uint64(len(g.Voters)), Operator: operator, PubKey: key, Moniker: v.Moniker,
		CommissionPpm: v.CommissionPPM, MaxCommissionPpm: v.MaxCommissionPPM, MaxCommissionChangePpm: v.MaxCommissionChangePPM,
	}
	bond, err := voter.FirstBond(v.Stake.Amount)
	if err != nil {
		return fmt.Errorf("%w: stake: %w", ErrVoter, err)
	}
	g.Voters, g.Delegations = append(g.Voters, voter), append(g.Delegations, bond)
	g.Possessions = append(g.Possessions, types.GenesisPossession{VoterIndex: voter.Index, Possession: v.Possession[:]})
	return nil
}

// validate checks the registration by itself.
func (v Voter) validate(chainID, bondDenom string) error {
	if v.Stake.Denom != bondDenom {
		return fmt.Errorf("%w: stake: expected %s, found %s", ErrVoter, bondDenom, v.Stake.Denom)
	}
	if v.Stake.IsNil() || !v.Stake.IsPositive() {
		return fmt.Errorf("%w: stake: expected more than 0, found %s", ErrVoter, v.Stake)
	}
	if err := types.ValidateCommission(v.CommissionPPM, v.MaxCommissionPPM, v.MaxCommissionChangePPM); err != nil {
		return fmt.Errorf("%w: %w", ErrVoter, err)
	}
	if err := types.ValidateDescription(v.Moniker, ""); err != nil {
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

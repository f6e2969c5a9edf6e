// Package genesis writes accounts, validators and voters into the genesis of a chain that has not started. It works with
// any denomination and address prefix: addresses are written with the codecs of the chain's interface registry.
package genesis

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// Errors that the functions of this package wrap.
var (
	// ErrGenesis: the genesis lacks a module, or its finality layer runs already.
	ErrGenesis = errors.New("not a new genesis of this chain")
	// ErrStake: an operator does not own what it wants to bond.
	ErrStake = errors.New("not enough stake")
	// ErrDuplicateVoter: the operator or the key is registered already.
	ErrDuplicateVoter = errors.New("voter is registered already")
	// ErrVoter: the registration itself is invalid.
	ErrVoter = errors.New("invalid voter")
)

// State is the state of a new chain by module, as in app_state of a genesis file.
type State = map[string]json.RawMessage

// Change decodes a module's part of a genesis, changes it and encodes it again. The part is unchanged if change fails.
// It wraps ErrGenesis if there is no such module.
func Change[S any, P interface {
	*S
	proto.Message
}](cdc codec.JSONCodec, state State, module string, change func(P) error,
) error {
	raw, ok := state[module]
	if !ok {
		return fmt.Errorf("%w: it has no module %s", ErrGenesis, module)
	}
	part := P(new(S))
	if err := cdc.UnmarshalJSON(raw, part); err != nil {
		return fmt.Errorf("read the genesis of module %s: %w", module, err)
	}
	if err := change(part); err != nil {
		return err
	}
	encoded, err := cdc.MarshalJSON(part)
	if err != nil {
		return fmt.Errorf("write the genesis of module %s: %w", module, err)
	}
	state[module] = encoded
	return nil
}

// Account is an account with its coins.
type Account struct {
	Address sdk.AccAddress
	Coins   sdk.Coins
}

// AddAccounts adds accounts without a public key, and their coins to the supply.
func AddAccounts(cdc codec.Codec, state State, accounts ...Account) error {
	return Change(cdc, state, authtypes.ModuleName, func(auth *authtypes.GenesisState) error {
		return Change(cdc, state, banktypes.ModuleName, func(bank *banktypes.GenesisState) error {
			for _, a := range accounts {
				address, err := addresses(cdc).BytesToString(a.Address)
				if err != nil {
					return fmt.Errorf("add an account: %w", err)
				}
				packed, err := codectypes.NewAnyWithValue(&authtypes.BaseAccount{Address: address, AccountNumber: uint64(len(auth.Accounts))})
				if err != nil {
					return fmt.Errorf("add account %s: %w", address, err)
				}
				auth.Accounts = append(auth.Accounts, packed)
				bank.Balances = append(bank.Balances, banktypes.Balance{Address: address, Coins: a.Coins})
				bank.Supply = bank.Supply.Add(a.Coins...)
			}
			return nil
		})
	})
}

// Validator is a validator of the proposal layer.
type Validator struct {
	// Operator owns the validator and delegates Stake to it.
	Operator sdk.AccAddress
	PubKey   cryptotypes.PubKey
	Moniker  string
	// Stake is bonded from the operator's balance.
	Stake sdk.Coin
}

// AddValidators adds validators with their operators' delegations. They are written unbonded: x/staking bonds them when the
// chain starts, as it does with those that come by gentx, and tells the other modules. It wraps ErrStake.
func AddValidators(cdc codec.Codec, state State, validators ...Validator) error {
	return Change(cdc, state, stakingtypes.ModuleName, func(staking *stakingtypes.GenesisState) error {
		return Change(cdc, state, banktypes.ModuleName, func(bank *banktypes.GenesisState) error {
			for _, v := range validators {
				if err := addValidator(cdc, staking, bank, v); err != nil {
					return fmt.Errorf("add validator %s: %w", v.Moniker, err)
				}
			}
			return nil
		})
	})
}

func addValidator(cdc codec.Codec, staking *stakingtypes.GenesisState, bank *banktypes.GenesisState, v Validator) error {
	delegator, err := addresses(cdc).BytesToString(v.Operator)
	if err != nil {
		return err
	}
	operator, err := cdc.InterfaceRegistry().SigningContext().ValidatorAddressCodec().BytesToString(v.Operator)
	if err != nil {
		return err
	}
	validator, err := stakingtypes.NewValidator(operator, v.PubKey, stakingtypes.Description{Moniker: v.Moniker})
	if err != nil {
		return err
	}
	validator.Tokens = v.Stake.Amount
	validator.DelegatorShares = math.LegacyNewDecFromInt(v.Stake.Amount)
	validator.MinSelfDelegation = math.OneInt()
	staking.Validators = append(staking.Validators, validator)
	staking.Delegations = append(staking.Delegations, stakingtypes.NewDelegation(delegator, operator, validator.DelegatorShares))
	return bond(cdc, bank, delegator, stakingtypes.NotBondedPoolName, v.Stake)
}

// bond moves stake from an operator's balance to a module's account. The supply stays as it is.
func bond(cdc codec.Codec, bank *banktypes.GenesisState, operator, pool string, stake sdk.Coin) error {
	from := balanceOf(bank, operator)
	if from < 0 {
		return fmt.Errorf("%w: %s has no balance in genesis, expected at least %s", ErrStake, operator, stake)
	}
	left, negative := bank.Balances[from].Coins.SafeSub(stake)
	if negative {
		return fmt.Errorf("%w: expected at least %s of %s in genesis, found %s", ErrStake, stake, operator, bank.Balances[from].Coins)
	}
	bank.Balances[from].Coins = left

	account, err := addresses(cdc).BytesToString(authtypes.NewModuleAddress(pool))
	if err != nil {
		return err
	}
	to := balanceOf(bank, account)
	if to < 0 {
		bank.Balances = append(bank.Balances, banktypes.Balance{Address: account})
		to = len(bank.Balances) - 1
	}
	bank.Balances[to].Coins = bank.Balances[to].Coins.Add(stake)
	return nil
}

func balanceOf(bank *banktypes.GenesisState, address string) int {
	return slices.IndexFunc(bank.Balances, func(b banktypes.Balance) bool { return b.Address == address })
}

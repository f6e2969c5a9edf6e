package localnet

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// Chain is the program that a network runs: its codec and the default genesis of each of its modules.
type Chain struct {
	Codec    codec.Codec
	TxConfig client.TxConfig
	Defaults map[string]json.RawMessage
	Name     string
	Version  string
}

// AppState is a genesis by module.
type AppState map[string]json.RawMessage

// genesisAccount is an account with what it owns at genesis, before anything is staked.
type genesisAccount struct {
	address sdk.AccAddress
	amount  math.Int
}

// genesisValidator is a validator of the proposal layer.
type genesisValidator struct {
	operator sdk.AccAddress
	pubKey   cryptotypes.PubKey
	moniker  string
	stake    math.Int
}

// genesis is what a network starts with.
type genesis struct {
	spec       Spec
	time       time.Time
	accounts   []genesisAccount
	validators []genesisValidator
	voters     []GenesisVoter
}

// build returns the genesis file. Stakes are taken from the accounts of their operators.
func (g genesis) build(chain Chain) (*genutiltypes.AppGenesis, error) {
	state := AppState{}
	for module, raw := range chain.Defaults {
		state[module] = raw
	}
	steps := []struct {
		what string
		do   func(codec.Codec, AppState) error
	}{
		{"accounts", g.addAccounts},
		{"validators", g.addValidators},
		{"parameters", g.setParams},
		{"voters", g.addVoters},
	}
	for _, step := range steps {
		if err := step.do(chain.Codec, state); err != nil {
			return nil, fmt.Errorf("write the %s into genesis: %w", step.what, err)
		}
	}
	raw, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write genesis: %w", err)
	}

	params := cmttypes.DefaultConsensusParams()
	// Evidence of the proposal layer is of use only while stake behind it can be slashed.
	params.Evidence.MaxAgeDuration = g.spec.UnbondingTime
	params.Evidence.MaxAgeNumBlocks = max(1, int64(g.spec.UnbondingTime/g.spec.BlockTime))
	return &genutiltypes.AppGenesis{
		AppName: chain.Name, AppVersion: chain.Version,
		GenesisTime: g.time, ChainID: g.spec.ChainID, InitialHeight: 1,
		AppState:  raw,
		Consensus: &genutiltypes.ConsensusGenesis{Params: params},
	}, nil
}

func (g genesis) addAccounts(cdc codec.Codec, state AppState) error {
	return update(cdc, state, authtypes.ModuleName, func(auth *authtypes.GenesisState) error {
		return update(cdc, state, banktypes.ModuleName, func(bank *banktypes.GenesisState) error {
			for i, a := range g.accounts {
				packed, err := codectypes.NewAnyWithValue(authtypes.NewBaseAccount(a.address, nil, uint64(i), 0))
				if err != nil {
					return err
				}
				auth.Accounts = append(auth.Accounts, packed)
				coins := sdk.NewCoins(sdk.NewCoin(sdk.DefaultBondDenom, a.amount))
				bank.Balances = append(bank.Balances, banktypes.Balance{Address: a.address.String(), Coins: coins})
				bank.Supply = bank.Supply.Add(coins...)
			}
			return nil
		})
	})
}

// addValidators writes them unbonded, with their stake in the pool for that: at genesis the staking module then bonds
// them itself, like validators that came by gentx, and every module hears of it.
func (g genesis) addValidators(cdc codec.Codec, state AppState) error {
	for _, v := range g.validators {
		if err := bond(cdc, state, v.operator, stakingtypes.NotBondedPoolName, v.stake); err != nil {
			return fmt.Errorf("bond %s: %w", v.moniker, err)
		}
	}
	return update(cdc, state, stakingtypes.ModuleName, func(staking *stakingtypes.GenesisState) error {
		for _, v := range g.validators {
			operator := sdk.ValAddress(v.operator).String()
			validator, err := stakingtypes.NewValidator(operator, v.pubKey, stakingtypes.Description{Moniker: v.moniker})
			if err != nil {
				return fmt.Errorf("describe %s: %w", v.moniker, err)
			}
			validator.Tokens = v.stake
			validator.DelegatorShares = math.LegacyNewDecFromInt(v.stake)
			validator.MinSelfDelegation = math.OneInt()
			staking.Validators = append(staking.Validators, validator)
			staking.Delegations = append(staking.Delegations,
				stakingtypes.NewDelegation(v.operator.String(), operator, validator.DelegatorShares))
		}
		return nil
	})
}

func (g genesis) addVoters(cdc codec.Codec, state AppState) error {
	for _, v := range g.voters {
		if err := AddVoter(cdc, state, g.spec.ChainID, v); err != nil {
			return err
		}
	}
	return nil
}

// setParams shortens every time that a newcomer would otherwise wait for.
func (g genesis) setParams(cdc codec.Codec, state AppState) error {
	votingPeriod, expedited := g.spec.UnbondingTime/2, g.spec.UnbondingTime/4
	settings := []error{
		update(cdc, state, stakingtypes.ModuleName, func(s *stakingtypes.GenesisState) error {
			s.Params.UnbondingTime = g.spec.UnbondingTime
			return nil
		}),
		update(cdc, state, govtypes.ModuleName, func(s *govv1.GenesisState) error {
			s.Params.VotingPeriod, s.Params.ExpeditedVotingPeriod = &votingPeriod, &expedited
			s.Params.MaxDepositPeriod = &votingPeriod
			return nil
		}),
		update(cdc, state, checkpointtypes.ModuleName, func(s *checkpointtypes.GenesisState) error {
			s.Params.Interval = g.spec.Interval
			return nil
		}),
		update(cdc, state, finalitytypes.ModuleName, func(s *finalitytypes.GenesisState) error {
			s.Params.SetPeriod = g.spec.SetPeriod
			s.Params.EraLength = g.spec.EraLength
			s.Params.UnbondingTime = g.spec.UnbondingTime
			s.Params.JailDuration = g.spec.JailDuration
			return nil
		}),
	}
	for _, err := range settings {
		if err != nil {
			return err
		}
	}
	return nil
}

// bond moves stake from an operator's balance to a module's account. Supply stays as it is.
func bond(cdc codec.Codec, state AppState, operator sdk.AccAddress, pool string, stake math.Int) error {
	coin := sdk.NewCoin(sdk.DefaultBondDenom, stake)
	return update(cdc, state, banktypes.ModuleName, func(bank *banktypes.GenesisState) error {
		from := slices.IndexFunc(bank.Balances, func(b banktypes.Balance) bool { return b.Address == operator.String() })
		if from < 0 {
			return fmt.Errorf("%w: %s has no balance in genesis, expected at least %s", ErrStake, operator, coin)
		}
		left, negative := bank.Balances[from].Coins.SafeSub(coin)
		if negative {
			return fmt.Errorf("%w: expected at least %s of %s in genesis, found %s", ErrStake, coin, operator, bank.Balances[from].Coins)
		}
		bank.Balances[from].Coins = left

		account := authtypes.NewModuleAddress(pool).String()
		to := slices.IndexFunc(bank.Balances, func(b banktypes.Balance) bool { return b.Address == account })
		if to < 0 {
			bank.Balances = append(bank.Balances, banktypes.Balance{Address: account})
			to = len(bank.Balances) - 1
		}
		bank.Balances[to].Coins = bank.Balances[to].Coins.Add(coin)
		return nil
	})
}

// update decodes a module's genesis, changes it and encodes it again.
func update[S any, P interface {
	*S
	proto.Message
}](cdc codec.Codec, state AppState, module string, change func(P) error,
) error {
	genesis := P(new(S))
	raw, ok := state[module]
	if !ok {
		return fmt.Errorf("%w: no module %s", ErrGenesis, module)
	}
	if err := cdc.UnmarshalJSON(raw, genesis); err != nil {
		return fmt.Errorf("read the genesis of module %s: %w", module, err)
	}
	if err := change(genesis); err != nil {
		return err
	}
	encoded, err := cdc.MarshalJSON(genesis)
	if err != nil {
		return fmt.Errorf("write the genesis of module %s: %w", module, err)
	}
	state[module] = encoded
	return nil
}

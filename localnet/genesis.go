package localnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/client/genesis"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// Chain is the program that a network runs: its codec and the default genesis of each of its modules.
type Chain struct {
	Codec    codec.Codec
	TxConfig client.TxConfig
	Defaults genesis.State
	Name     string
	Version  string
}

// beginning is the content of a network's genesis.
type beginning struct {
	spec       Spec
	time       time.Time
	accounts   []genesis.Account
	validators []genesis.Validator
	voters     []genesis.Voter
}

// build returns the genesis file. Stakes are taken from the accounts of their operators.
func (g beginning) build(chain Chain) (*genutiltypes.AppGenesis, error) {
	cdc, state := chain.Codec, maps.Clone(chain.Defaults)
	err := errors.Join(
		genesis.AddAccounts(cdc, state, g.accounts...),
		genesis.AddValidators(cdc, state, g.validators...),
		g.setParams(cdc, state),
		genesis.AddVoters(cdc, state, g.spec.ChainID, g.voters...),
	)
	if err != nil {
		return nil, fmt.Errorf("write genesis: %w", err)
	}
	raw, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write genesis: %w", err)
	}

	limits := genesis.DefaultLimits()
	limits.BlockTime = g.spec.BlockTime
	return &genutiltypes.AppGenesis{
		AppName: chain.Name, AppVersion: chain.Version,
		GenesisTime: g.time, ChainID: g.spec.ChainID, InitialHeight: 1,
		AppState:  raw,
		Consensus: &genutiltypes.ConsensusGenesis{Params: limits.ConsensusParams(g.spec.UnbondingTime)},
	}, nil
}

// setParams sets the periods of the network. Proposals are voted on for at most half of the unbonding time.
func (g beginning) setParams(cdc codec.Codec, state genesis.State) error {
	usual := govv1.DefaultParams()
	votingPeriod, expedited := min(g.spec.UnbondingTime/2, *usual.VotingPeriod), min(g.spec.UnbondingTime/4, *usual.ExpeditedVotingPeriod)
	return errors.Join(
		genesis.Change(cdc, state, stakingtypes.ModuleName, func(s *stakingtypes.GenesisState) error {
			s.Params.UnbondingTime = g.spec.UnbondingTime
			return nil
		}),
		genesis.Change(cdc, state, govtypes.ModuleName, func(s *govv1.GenesisState) error {
			s.Params.VotingPeriod, s.Params.ExpeditedVotingPeriod = &votingPeriod, &expedited
			s.Params.MaxDepositPeriod = &votingPeriod
			return nil
		}),
		genesis.Change(cdc, state, checkpointtypes.ModuleName, func(s *checkpointtypes.GenesisState) error {
			s.Params.Interval = g.spec.Interval
			return nil
		}),
		genesis.Change(cdc, state, finalitytypes.ModuleName, func(s *finalitytypes.GenesisState) error {
			s.Params.SetPeriod = g.spec.SetPeriod
			s.Params.EraLength = g.spec.EraLength
			s.Params.UnbondingTime = g.spec.UnbondingTime
			s.Params.JailDuration = g.spec.JailDuration
			return nil
		}),
	)
}

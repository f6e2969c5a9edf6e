package main

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"

	"cosmossdk.io/math"

	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/client/genesis"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

const (
	// voterPower is each voter's power. A thousand tokens earn rewards in every era and stay far below the maximum.
	voterPower = 1000
	// never is more epochs than a benchmark has. It excludes from one measurement what another one measures.
	never = 10_000
)

var genesisTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// settings are the parameters of a measured chain.
type settings struct {
	interval  uint64 // blocks between checkpoints
	setPeriod uint64 // epochs between installations of voter sets
	eraLength uint64 // epochs
}

// appState returns the state of a chain that has its anchor before its first block. It is the state of a running chain,
// whose voters proved possession of their keys at registration: proving 10,000 again takes ten seconds.
func appState(a *app.App, voters []voter, s settings) ([]byte, error) {
	cdc, state := a.Encoding().Codec, a.DefaultGenesis()
	set, pair, err := anchorSet(voters)
	if err != nil {
		return nil, err
	}
	validatorPubKey, err := cryptocodec.FromCmtPubKeyInterface(validatorKey().PubKey())
	if err != nil {
		return nil, err
	}
	stake := sdk.NewCoin(app.BaseDenom, math.NewInt(voterPower).MulRaw(finalitytypes.DefaultPowerReduction))
	all := func(n int) sdk.Coins { return sdk.NewCoins(sdk.NewCoin(app.BaseDenom, stake.Amount.MulRaw(int64(n)))) }
	delegator := sdk.AccAddress(delegatorKey().PubKey().Address())
	err = errors.Join(
		genesis.AddAccounts(cdc, state, genesis.Account{Address: delegator, Coins: all(1001)}),
		genesis.AddValidators(cdc, state, genesis.Validator{Operator: delegator, PubKey: validatorPubKey, Moniker: "validator", Stake: stake}),
		genesis.Change(cdc, state, banktypes.ModuleName, func(g *banktypes.GenesisState) error {
			bonded := banktypes.Balance{Address: authtypes.NewModuleAddress(finalitytypes.ModuleName).String(), Coins: all(len(voters))}
			g.Balances, g.Supply = append(g.Balances, bonded), g.Supply.Add(bonded.Coins...)
			return nil
		}),
		genesis.Change(cdc, state, finalitytypes.ModuleName, func(g *finalitytypes.GenesisState) error {
			g.Params.MaxVoters, g.Params.SetPeriod, g.Params.EraLength, g.Params.VoteWindow = uint32(len(voters)), s.setPeriod, s.eraLength, 2
			for i, v := range voters {
				operator := sdk.AccAddress(v.key[:20]).String()
				voter := finalitytypes.Voter{
					Index: uint64(i), Operator: operator, PubKey: v.key.String(), Moniker: "voter", CommissionPpm: 100_000, MaxCommissionPpm: 100_000,
				}
				bond, err := voter.FirstBond(stake.Amount)
				if err != nil {
					return err
				}
				g.Voters, g.Delegations = append(g.Voters, voter), append(g.Delegations, bond)
			}
			g.Running = &finalitytypes.RunningState{
				ChainId: chainID, Pairs: []finalitytypes.Pair{pair}, Sets: []finalitytypes.VoterSet{set}, Next: side(voters), Era: finalitytypes.Era{FirstEpoch: 1},
			}
			return nil
		}),
		genesis.Change(cdc, state, checkpointtypes.ModuleName, func(g *checkpointtypes.GenesisState) error {
			setHash, nextHash, err := pair.Hashes()
			if err != nil {
				return err
			}
			g.Params.Interval = s.interval
			g.Chain = &checkpointtypes.ChainState{NextHeight: s.interval, Records: []checkpointtypes.GenesisRecord{{
				Checkpoint: checkpointtypes.CheckpointFromFFG(ffg.Checkpoint{
					Time: uint64(genesisTime.UnixMilli()), HistoryRoot: history.History{}.Root(),
					VoterSetHash: setHash, NextVoterSetHash: nextHash,
				}),
				Justified: true,
			}}}
			return nil
		}),
	)
	if err != nil {
		return nil, err
	}
	return json.Marshal(state)
}

// side returns the voters as a set of their own.
func side(voters []voter) finalitytypes.VoterSet {
	var set finalitytypes.VoterSet
	for i, v := range voters {
		set.Members = append(set.Members, finalitytypes.SetMember{Registration: uint64(i), PubKey: v.key.String(), Current: voterPower})
	}
	return set
}

// anchorSet returns pair 0, in which the voters are rear, current and next.
func anchorSet(voters []voter) (finalitytypes.VoterSet, finalitytypes.Pair, error) {
	stitched := side(voters)
	next, err := stitched.Side()
	if err != nil {
		return stitched, finalitytypes.Pair{}, err
	}
	for i := range stitched.Members {
		stitched.Members[i].Rear = voterPower
	}
	hash, nextHash := ffg.Stitch(next, next).Hash(), next.Hash()
	return stitched, finalitytypes.Pair{VoterSetHash: hash.String(), NextVoterSetHash: nextHash.String()}, nil
}

func validatorKey() ed25519.PrivKey { return ed25519.GenPrivKeyFromSecret([]byte("validator")) }

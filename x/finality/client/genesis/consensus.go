package genesis

import (
	"encoding/json"
	"fmt"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
)

// Limits bound what one block can ask of every node.
type Limits struct {
	MaxGas   int64 // of a block, above 0
	MaxBytes int64 // of a block, above 0
	// BlockTime is about how far apart blocks are. It turns the unbonding time into a number of blocks.
	BlockTime time.Duration
}

// DefaultLimits are those of dualchain: a block of 100,000,000 gas keeps a core busy for about a third of a second.
func DefaultLimits() Limits {
	return Limits{MaxGas: 100_000_000, MaxBytes: 2 << 20, BlockTime: time.Second}
}

// maxEvidenceBytes bounds the evidence against validators in a block: about 200 double votes. An attack on light clients by
// 150 validators takes 40 KB.
const maxEvidenceBytes = 128 << 10

// ConsensusParams returns CometBFT's default parameters within limits. Evidence against a validator is taken for as long as its
// stake can be slashed, which is the unbonding time of x/staking; with 0, for as long as CometBFT does by default.
func (l Limits) ConsensusParams(unbonding time.Duration) *cmttypes.ConsensusParams {
	params := cmttypes.DefaultConsensusParams()
	l.apply(params, unbonding)
	return params
}

func (l Limits) apply(params *cmttypes.ConsensusParams, unbonding time.Duration) {
	params.Block.MaxGas, params.Block.MaxBytes = l.MaxGas, l.MaxBytes
	params.Evidence.MaxBytes = min(maxEvidenceBytes, l.MaxBytes)
	if unbonding == 0 {
		return
	}
	params.Evidence.MaxAgeDuration = unbonding
	params.Evidence.MaxAgeNumBlocks = max(1, int64(unbonding/max(1, l.BlockTime)))
}

// WithLimits makes the SDK's init command write limits into the genesis, after what the command does already. The SDK's own genesis has
// no limit on gas, with which the finality layer refuses to start, and allows blocks of 55 MB.
func WithLimits(init *cobra.Command, limits Limits) *cobra.Command {
	withError, without := init.PostRunE, init.PostRun
	init.PostRunE = func(cmd *cobra.Command, args []string) error {
		if withError != nil { // cobra runs one of the two, this one first
			if err := withError(cmd, args); err != nil {
				return err
			}
		} else if without != nil {
			without(cmd, args)
		}
		clientCtx := client.GetClientContextFromCmd(cmd)
		return limits.write(clientCtx.Codec, genesisFile(clientCtx))
	}
	return init
}

func (l Limits) write(cdc codec.JSONCodec, file string) error {
	genesis, err := genutiltypes.AppGenesisFromFile(file)
	if err != nil {
		return fmt.Errorf("read genesis: %w", err)
	}
	if genesis.Consensus == nil {
		genesis.Consensus = new(genutiltypes.ConsensusGenesis)
	}
	if genesis.Consensus.Params == nil { // CometBFT reads a genesis without them so
		genesis.Consensus.Params = cmttypes.DefaultConsensusParams()
	}
	unbonding, err := unbondingTime(cdc, genesis.AppState)
	if err != nil {
		return err
	}
	l.apply(genesis.Consensus.Params, unbonding)
	return genutil.ExportGenesisFile(genesis, file)
}

// unbondingTime returns that of x/staking in a genesis, or 0 for a chain without it.
func unbondingTime(cdc codec.JSONCodec, appState json.RawMessage) (unbonding time.Duration, err error) {
	state := State{}
	if err := json.Unmarshal(appState, &state); err != nil {
		return 0, fmt.Errorf("read the app state: %w", err)
	}
	if _, has := state[stakingtypes.ModuleName]; !has {
		return 0, nil
	}
	err = Change(cdc, state, stakingtypes.ModuleName, func(s *stakingtypes.GenesisState) error {
		unbonding = s.Params.UnbondingTime
		return nil
	})
	return unbonding, err
}

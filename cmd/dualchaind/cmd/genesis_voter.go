package cmd

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	cmtconfig "github.com/cometbft/cometbft/config"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/localnet"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// addVoterCommand registers a voter in the genesis file of a chain that has not started.
func addVoterCommand() *cobra.Command {
	var moniker string
	var commission, maxCommission uint32
	cmd := &cobra.Command{
		Use:   "add-voter OPERATOR PUB_KEY POSSESSION AMOUNT",
		Short: "Register a voter of the finality layer in genesis",
		Long: `Register a voter of the finality layer in genesis: OPERATOR is its account, which must own AMOUNT in genesis; PUB_KEY and POSSESSION are
what its owner gets from 'dualchaind voter keys pop', made for the chain id of this genesis and for this operator.

The proof is verified before anything is written. A voter takes part from the first block on if AMOUNT is at least min_stake.`,
		Args: cobra.ExactArgs(4),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx := client.GetClientContextFromCmd(cmd)
			voter, err := parseVoter(args)
			if err != nil {
				return err
			}
			voter.Moniker, voter.CommissionPPM, voter.MaxCommissionPPM = moniker, commission, maxCommission

			file := cmtconfig.DefaultConfig().SetRoot(clientCtx.HomeDir).GenesisFile()
			genesis, err := genutiltypes.AppGenesisFromFile(file)
			if err != nil {
				return fmt.Errorf("read genesis: %w", err)
			}
			state := localnet.AppState{}
			if err := json.Unmarshal(genesis.AppState, &state); err != nil {
				return fmt.Errorf("read the app state in %s: %w", file, err)
			}
			if err := localnet.AddVoter(clientCtx.Codec, state, genesis.ChainID, voter); err != nil {
				return fmt.Errorf("add the voter to %s: %w", file, err)
			}
			if genesis.AppState, err = json.MarshalIndent(state, "", "  "); err != nil {
				return fmt.Errorf("write genesis: %w", err)
			}
			return genutil.ExportGenesisFile(genesis, file)
		},
	}
	cmd.Flags().StringVar(&moniker, "moniker", "", "name for people")
	cmd.Flags().Uint32Var(&commission, "commission-ppm", 100_000, "the operator's share of rewards in parts per million")
	cmd.Flags().Uint32Var(&maxCommission, "max-commission-ppm", 200_000, "bound of the commission for ever, in parts per million")
	return cmd
}

// parseVoter reads OPERATOR PUB_KEY POSSESSION AMOUNT.
func parseVoter(args []string) (localnet.GenesisVoter, error) {
	var v localnet.GenesisVoter
	var err error
	if v.Operator, err = sdk.AccAddressFromBech32(args[0]); err != nil {
		return v, fmt.Errorf("read OPERATOR: %w", err)
	}
	key, err := finalitytypes.ParsePublicKey(args[1])
	if err != nil {
		return v, fmt.Errorf("read PUB_KEY: %w", err)
	}
	possession, err := finalitytypes.ParsePossession(args[2])
	if err != nil {
		return v, fmt.Errorf("read POSSESSION: %w", err)
	}
	amount, err := sdk.ParseCoinNormalized(args[3])
	if err != nil {
		return v, fmt.Errorf("read AMOUNT: %w", err)
	}
	if amount.Denom != app.BaseDenom {
		return v, errors.New("read AMOUNT: expected " + app.BaseDenom + ", found " + amount.Denom)
	}
	v.PubKey, v.Possession, v.Stake = key, possession, amount.Amount
	return v, nil
}

package genesis

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	cmtconfig "github.com/cometbft/cometbft/config"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// NewAddVoterCmd returns the command add-voter, which registers a voter in the genesis file of the home. A chain adds it to
// its genesis commands, those of genutilcli.Commands.
func NewAddVoterCmd() *cobra.Command {
	var moniker string
	var commission, maxCommission, maxChange uint32
	cmd := &cobra.Command{
		Use:   "add-voter OPERATOR PUB_KEY POSSESSION AMOUNT",
		Short: "Register a voter of the finality layer in genesis",
		Long: `Register a voter of the finality layer in genesis: OPERATOR is its account, which must own AMOUNT in genesis; PUB_KEY and POSSESSION are
what its owner gets from ` + "`voter keys pop`" + `, made for the chain id of this genesis and for this operator.

The proof is verified before anything is written. A voter takes part from the first block on if AMOUNT is at least min_stake.`,
		Args: cobra.ExactArgs(4),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx := client.GetClientContextFromCmd(cmd)
			voter, err := parseVoter(clientCtx.Codec, args)
			if err != nil {
				return err
			}
			voter.Moniker, voter.CommissionPPM, voter.MaxCommissionPPM = moniker, commission, maxCommission
			voter.MaxCommissionChangePPM = maxChange
			return addToFile(clientCtx.Codec, genesisFile(clientCtx), voter)
		},
	}
	cmd.Flags().StringVar(&moniker, "moniker", "", "name for people")
	cmd.Flags().Uint32Var(&commission, "commission-ppm", 100_000, "the operator's share of rewards in parts per million")
	cmd.Flags().Uint32Var(&maxCommission, "max-commission-ppm", 200_000, "the highest commission that the voter can ever set, in parts per million")
	cmd.Flags().Uint32Var(&maxChange, "max-commission-change-ppm", 10_000,
		"how much the commission can ever rise from one era to the next, in parts per million")
	return cmd
}

func genesisFile(clientCtx client.Context) string {
	return cmtconfig.DefaultConfig().SetRoot(clientCtx.HomeDir).GenesisFile()
}

func addToFile(cdc codec.Codec, file string, voter Voter) error {
	genesis, err := genutiltypes.AppGenesisFromFile(file)
	if err != nil {
		return fmt.Errorf("read genesis: %w", err)
	}
	state := State{}
	if err := json.Unmarshal(genesis.AppState, &state); err != nil {
		return fmt.Errorf("read the app state in %s: %w", file, err)
	}
	if err := AddVoters(cdc, state, genesis.ChainID, voter); err != nil {
		return fmt.Errorf("add the voter to %s: %w", file, err)
	}
	if genesis.AppState, err = json.MarshalIndent(state, "", "  "); err != nil {
		return fmt.Errorf("write genesis: %w", err)
	}
	return genutil.ExportGenesisFile(genesis, file)
}

// parseVoter reads OPERATOR PUB_KEY POSSESSION AMOUNT; key and proof are in lower-case hexadecimal.
func parseVoter(cdc codec.Codec, args []string) (Voter, error) {
	var v Voter
	var err error
	if v.Operator, err = addresses(cdc).StringToBytes(args[0]); err != nil {
		return v, fmt.Errorf("read OPERATOR: %w", err)
	}
	if v.PubKey, err = types.ParsePublicKey(args[1]); err != nil {
		return v, fmt.Errorf("read PUB_KEY: %w", err)
	}
	if v.Possession, err = ffg.ParseSignature(args[2]); err != nil {
		return v, fmt.Errorf("read POSSESSION: %w", err)
	}
	if v.Stake, err = sdk.ParseCoinNormalized(args[3]); err != nil {
		return v, fmt.Errorf("read AMOUNT: %w", err)
	}
	return v, nil
}

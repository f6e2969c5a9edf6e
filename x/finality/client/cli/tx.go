// Package cli holds the commands that autocli can't make: those that read a file, and those of messages that may also be unsigned.
package cli

import (
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/tx"
	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/x/finality/types"
)

// NewTxCmd returns the module's transaction command with the hand-written ones; autocli adds the others.
func NewTxCmd() *cobra.Command {
	cmd := &cobra.Command{Use: types.ModuleName, Short: "Transactions of the finality layer", RunE: client.ValidateCmd}
	cmd.AddCommand(
		newRegisterCmd(),
		newSubmitCmd("submit-votes FILE", "Submit an aggregate vote as a signed transaction",
			`FILE holds an AggregateVote as JSON, as "query finality votes" prints it under votes. A censored voter uses this: proposers
that leave unsigned votes out can't refuse a signed transaction without refusing its fee.`,
			func(cdc codec.JSONCodec, raw []byte, submitter string) (sdk.Msg, error) {
				msg := &types.MsgSubmitVotes{Submitter: submitter}
				if err := cdc.UnmarshalJSON(raw, &msg.Votes); err != nil {
					return nil, err
				}
				_, err := msg.Votes.ToFFG()
				return msg, err
			}),
		newEvidenceCmd(),
	)
	return cmd
}

// GasAdjustment suffices for all messages: with it, a limit from --gas auto exceeds what is used by at most 40 %. The SDK's default
// is 1.0, and a simulation pays no fee.
const GasAdjustment = 1.3

// SetGasAdjustment makes [GasAdjustment] the default of --gas-adjustment in cmd and all commands below it.
func SetGasAdjustment(cmd *cobra.Command) {
	for _, below := range cmd.Commands() {
		SetGasAdjustment(below)
	}
	setDefault(cmd, flags.FlagGasAdjustment, strconv.FormatFloat(GasAdjustment, 'g', -1, 64))
}

// addTxFlags adds the SDK's flags of transactions. What verifies signatures takes more than the SDK's default of 200,000 gas, so the
// default is auto.
func addTxFlags(cmd *cobra.Command) {
	flags.AddTxFlagsToCmd(cmd)
	SetGasAdjustment(cmd)
	setDefault(cmd, flags.FlagGas, flags.GasFlagAuto)
	cmd.Flags().Lookup(flags.FlagGas).Usage = `gas limit of the transaction; "auto" asks a node to simulate it, which --offline can't`
}

// setDefault changes the default of a flag, if the command has it.
func setDefault(cmd *cobra.Command, name, value string) {
	if flag := cmd.Flags().Lookup(name); flag != nil && flag.Value.Set(value) == nil {
		flag.DefValue = value
	}
}

func newSubmitCmd(use, short, long string, read func(codec.JSONCodec, []byte, string) (sdk.Msg, error)) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientTxContext(cmd)
			if err != nil {
				return err
			}
			raw, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			msg, err := read(clientCtx.Codec, raw, clientCtx.GetFromAddress().String())
			if err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msg)
		},
	}
	addTxFlags(cmd)
	return cmd
}

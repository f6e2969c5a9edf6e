// Package cli holds the commands that autocli can't make: those that read a file, and those of messages that may also be unsigned.
package cli

import (
	"fmt"
	"os"

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
	flags.AddTxFlagsToCmd(cmd)
	return cmd
}

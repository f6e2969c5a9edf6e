package cli

import (
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/x/finality/types"
)

// NewQueryCmd returns the module's query command with the hand-written ones; autocli adds the others.
func NewQueryCmd() *cobra.Command {
	cmd := &cobra.Command{Use: types.ModuleName, Short: "Queries of the finality layer", RunE: client.ValidateCmd}
	cmd.AddCommand(newTxStatusCmd(), newWaitTxCmd())
	return cmd
}

func newTxStatusCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tx HASH",
		Short: "Show how final a transaction is: committed, checkpointed, justified or finalized, and how long it may take",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			answer, err := types.NewProofsClient(clientCtx).TxStatus(cmd.Context(), &types.TxStatusRequest{Hash: args[0]})
			if err != nil {
				return Said(err)
			}
			return clientCtx.PrintProto(answer)
		},
	}
	flags.AddQueryFlagsToCmd(cmd)
	return cmd
}

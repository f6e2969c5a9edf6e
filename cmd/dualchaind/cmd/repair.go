package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	connectiontypes "github.com/cosmos/ibc-go/v11/modules/core/03-connection/types"

	"github.com/cosmos/cosmos-sdk/client"
)

// repairIBC replaces the bodies of two commands of ibc-go that take no notice of the node's error and then dereference nil.
func repairIBC(root *cobra.Command) error {
	for group, query := range map[string]func(client.Context, *cobra.Command) error{
		"client": func(clientCtx client.Context, cmd *cobra.Command) error {
			res, err := clienttypes.NewQueryClient(clientCtx).ClientParams(cmd.Context(), &clienttypes.QueryClientParamsRequest{})
			if err != nil {
				return err
			}
			return clientCtx.PrintProto(res.Params)
		},
		"connection": func(clientCtx client.Context, cmd *cobra.Command) error {
			res, err := connectiontypes.NewQueryClient(clientCtx).ConnectionParams(cmd.Context(), &connectiontypes.QueryConnectionParamsRequest{})
			if err != nil {
				return err
			}
			return clientCtx.PrintProto(res.Params)
		},
	} {
		params, rest, err := root.Find([]string{"query", "ibc", group, "params"})
		if err != nil || len(rest) > 0 {
			return fmt.Errorf("find the command 'query ibc %s params': found %s, %w", group, params.CommandPath(), err)
		}
		params.RunE = func(cmd *cobra.Command, _ []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			return query(clientCtx, cmd)
		}
	}
	return nil
}

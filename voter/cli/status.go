package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter"
)

func statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the state of each key: registration, sets, last vote, participation, jail, rewards",
		Long: `Show the state of each key: its registration, its power in the voter sets, its last vote, its participation in the open era, its jail
time, its stake and its rewards. The command asks the nodes in voter.toml and the running voter, if there is one. It needs no password.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := homeOf(cmd)
			if err != nil {
				return err
			}
			config, err := dir.LoadConfig()
			if err != nil {
				return err
			}
			found, err := voter.Overview(command.Context(cmd), dir, config)
			if err != nil {
				return fmt.Errorf("voter status: %w", err)
			}
			format, err := cmd.Flags().GetString(flags.FlagOutput)
			if err != nil {
				return err
			}
			switch format {
			case flags.OutputFormatJSON:
				return command.PrintJSON(cmd, found)
			case flags.OutputFormatText:
				return found.Write(cmd.OutOrStdout())
			}
			return fmt.Errorf("--%s: expected %s or %s, found %q", flags.FlagOutput, flags.OutputFormatText, flags.OutputFormatJSON, format)
		},
	}
	cmd.Flags().StringP(flags.FlagOutput, "o", flags.OutputFormatText, "text or json")
	return cmd
}

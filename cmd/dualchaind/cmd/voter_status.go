package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
)

func voterStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how each key fares: registered, in which sets, last vote, participation, jail, rewards",
		Long: `Show how each key fares: registered, in which sets with what power, last vote, participation in the open era, until when it is
jailed, what its stake and rewards are. It asks the nodes in voter.toml and the running client, if there is one, and needs no password.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := voterHome(cmd)
			if err != nil {
				return err
			}
			config, err := home.LoadConfig()
			if err != nil {
				return err
			}
			found, err := home.Overview(contextOf(cmd), config)
			if err != nil {
				return fmt.Errorf("voter status: %w", err)
			}
			format, err := cmd.Flags().GetString(flags.FlagOutput)
			if err != nil {
				return err
			}
			switch format {
			case flags.OutputFormatJSON:
				return printJSON(cmd, found)
			case flags.OutputFormatText:
				return found.Write(cmd.OutOrStdout())
			}
			return fmt.Errorf("--%s: expected %s or %s, found %q", flags.FlagOutput, flags.OutputFormatText, flags.OutputFormatJSON, format)
		},
	}
	cmd.Flags().StringP(flags.FlagOutput, "o", flags.OutputFormatText, "text or json")
	return cmd
}

package cmd

import (
	"github.com/spf13/cobra"

	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/x/finality/client/genesis"
)

// genesisCommand holds what a genesis ceremony needs: accounts, validators, voters, collecting and validating.
func genesisCommand(description *app.App) *cobra.Command {
	cmd := genutilcli.Commands(description.Encoding().TxConfig, description.Basics(), app.DefaultNodeHome)
	cmd.Short = "Make and check genesis files"
	cmd.AddCommand(genesis.NewAddVoterCmd())
	return cmd
}

// Package cmd is the command line: each file parses the flags of one command, calls a package and prints.
package cmd

import (
	"fmt"
	"os"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/debug"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/keys"
	"github.com/cosmos/cosmos-sdk/client/pruning"
	"github.com/cosmos/cosmos-sdk/client/rpc"
	"github.com/cosmos/cosmos-sdk/client/snapshot"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authcmd "github.com/cosmos/cosmos-sdk/x/auth/client/cli"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/app"
	lightcli "github.com/dualchain/dualchain/light/cli"
	votercli "github.com/dualchain/dualchain/voter/cli"
	finalitycli "github.com/dualchain/dualchain/x/finality/client/cli"
	finalitysettings "github.com/dualchain/dualchain/x/finality/client/settings"
)

// NewRoot returns the root command with everything under it. It errs when the application can't be put together or two
// commands collide.
func NewRoot() (*cobra.Command, error) {
	// An application over an empty database, never started: the modules describe their commands and types through it.
	description, err := app.New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{})
	if err != nil {
		return nil, fmt.Errorf("describe the application: %w", err)
	}
	sdk.GetConfig().Seal() // 'keys parse' waits for it
	encoding := description.Encoding()
	clientCtx := client.Context{}.
		WithCodec(encoding.Codec).
		WithInterfaceRegistry(encoding.InterfaceRegistry).
		WithTxConfig(encoding.TxConfig).
		WithLegacyAmino(encoding.Amino).
		WithAccountRetriever(authtypes.AccountRetriever{}).
		WithHomeDir(app.DefaultNodeHome).
		WithViper("")

	voters := votercli.Options{Program: "dualchaind", AddressPrefix: app.Bech32Prefix, NodeHome: app.DefaultNodeHome}

	tidyUp := func() {}
	root := &cobra.Command{
		Use:           "dualchaind",
		Short:         "A chain whose blocks are proposed by validators and made final by separately bonded voters",
		SilenceErrors: true, // main prints them, once
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			home, err := cmd.Flags().GetString(flags.FlagHome)
			if err != nil {
				return fmt.Errorf("read --%s: %w", flags.FlagHome, err)
			}
			tidyUp = emptyFolders(home)
			if err = prepare(cmd, clientCtx); err != nil {
				tidyUp()
			}
			return err
		},
	}
	root.AddCommand(
		initCommand(description.Basics()),
		genesisCommand(description),
		configCommand(),
		queryCommand(),
		txCommand(),
		keys.Commands(),
		server.StatusCommand(),
		debug.Cmd(),
		pruning.Cmd(createApp, app.DefaultNodeHome),
		snapshot.Cmd(createApp),
		localnetCommand(description),
		testnetCommand(description),
		votercli.NewCommand(voters),
		votercli.NewSignerCommand(voters),
	)
	root.AddCommand(lightcli.Commands(lightcli.Options{Program: root.Name(), NodeHome: app.DefaultNodeHome, OpenNode: openNode})...)
	server.AddCommandsWithStartCmdOptions(root, app.DefaultNodeHome, createApp, exportApp, server.StartCmdOptions{})

	if err := description.AutoCLI(clientCtx).EnhanceRootCommand(root); err != nil {
		return nil, fmt.Errorf("add the modules' commands: %w", err)
	}
	if err := repair(root); err != nil {
		return nil, err
	}
	finalitycli.SetGasAdjustment(root)
	finalitysettings.CheckAtStart(root)
	speakPlainly(root, func() {
		tidyUp()
		tidyUp = func() {} // a command of localnet has none, and would tidy up after the one before
	})
	return root, nil
}

func queryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "query",
		Aliases: []string{"q"},
		Short:   "Query the chain",
		RunE:    client.ValidateCmd,
	}
	cmd.PersistentFlags().Bool(flagFinalized, false, "answer from the state after the latest finalized block, instead of the latest one")
	cmd.AddCommand(
		rpc.QueryEventForTxCmd(),
		server.QueryBlockCmd(),
		server.QueryBlocksCmd(),
		server.QueryBlockResultsCmd(),
		authcmd.QueryTxCmd(),
		authcmd.QueryTxsByEventsCmd(),
	)
	return cmd
}

func txCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tx",
		Short: "Make, sign and send transactions",
		RunE:  client.ValidateCmd,
	}
	cmd.AddCommand(
		authcmd.GetSignCommand(),
		authcmd.GetSignBatchCommand(),
		authcmd.GetMultiSignCommand(),
		authcmd.GetMultiSignBatchCmd(),
		authcmd.GetValidateSignaturesCommand(),
		authcmd.GetBroadcastCommand(),
		authcmd.GetEncodeCommand(),
		authcmd.GetDecodeCommand(),
		authcmd.GetSimulateCmd(),
	)
	return cmd
}

// createApp starts the application for the commands that run a node or work on its database. The SDK's signature leaves
// no way to report what it can't open but to end the process.
func createApp(logger log.Logger, db dbm.DB, appOpts servertypes.AppOptions) servertypes.Application {
	node, err := app.New(logger, db, true, appOpts, server.DefaultBaseappOptions(appOpts)...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error: start the application:", err)
		os.Exit(1)
	}
	return node
}

// exportApp writes the state at a height, -1 meaning the latest, as a genesis.
func exportApp(
	logger log.Logger, db dbm.DB, height int64, forZeroHeight bool, _ []string, appOpts servertypes.AppOptions, modules []string,
) (servertypes.ExportedApp, error) {
	node, err := app.New(logger, db, height == -1, appOpts, server.DefaultBaseappOptions(appOpts)...)
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("open the application: %w", err)
	}
	if height != -1 {
		if err := node.LoadVersion(height); err != nil {
			return servertypes.ExportedApp{}, fmt.Errorf("load height %d: %w", height, err)
		}
	}
	return node.Export(forZeroHeight, modules)
}

// noOptions is the configuration of an application that is never started.
type noOptions struct{}

func (noOptions) Get(string) any { return nil }

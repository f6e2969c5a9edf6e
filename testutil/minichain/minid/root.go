// Package minid is the command line of minichain: what a node and a voter need.
package minid

import (
	"os"
	"path/filepath"

	cmtcfg "github.com/cometbft/cometbft/config"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/config"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/keys"
	"github.com/cosmos/cosmos-sdk/server"
	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"

	"github.com/dualchain/dualchain/testutil/minichain"
	votercli "github.com/dualchain/dualchain/voter/cli"
	"github.com/dualchain/dualchain/x/finality/client/genesis"
	"github.com/dualchain/dualchain/x/finality/client/settings"
)

// home is the node's home if --home is not given.
var home = filepath.Join(os.TempDir(), "minid")

// Execute runs the command that the program's arguments name.
func Execute() error {
	root, err := newRoot()
	if err != nil {
		return err
	}
	return svrcmd.Execute(root, "", home)
}

func newRoot() (*cobra.Command, error) {
	app, err := minichain.New(log.NewNopLogger(), dbm.NewMemDB(), options{flags.FlagHome: home})
	if err != nil {
		return nil, err
	}
	clientCtx := client.Context{}.WithCodec(app.Codec).WithInterfaceRegistry(app.Registry).WithTxConfig(app.TxConfig).
		WithLegacyAmino(app.Amino).WithAccountRetriever(authtypes.AccountRetriever{}).WithInput(os.Stdin).WithBroadcastMode(flags.BroadcastSync).WithHomeDir(home).WithViper("")
	root := &cobra.Command{
		Use: "minid", SilenceUsage: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			clientCtx, err := client.ReadPersistentCommandFlags(clientCtx.WithCmdContext(cmd.Context()), cmd.Flags())
			if err != nil {
				return err
			}
			if clientCtx, err = config.ReadFromClientConfig(clientCtx); err != nil {
				return err
			}
			if err := client.SetCmdClientContextHandler(clientCtx, cmd); err != nil {
				return err
			}
			return server.InterceptConfigsPreRunHandler(cmd, serverconfig.DefaultConfigTemplate, serverconfig.DefaultConfig(), cmtcfg.DefaultConfig())
		},
	}
	root.SetOut(os.Stdout)
	genesisCmd := genutilcli.Commands(app.TxConfig, app.Basics, home)
	genesisCmd.AddCommand(genesis.NewAddVoterCmd())
	tx := &cobra.Command{Use: "tx", Short: "Make, sign and send transactions", RunE: client.ValidateCmd}
	app.Basics.AddTxCommands(tx)
	root.AddCommand(
		tx,
		genesis.WithLimits(genutilcli.InitCmd(app.Basics, home), genesis.DefaultLimits()),
		genesisCmd,
		keys.Commands(),
		votercli.NewCommand(votercli.Options{Program: "minid", AddressPrefix: minichain.Prefix, NodeHome: home}),
	)
	create := func(logger log.Logger, db dbm.DB, appOpts servertypes.AppOptions) servertypes.Application {
		app, err := minichain.New(logger, db, appOpts, server.DefaultBaseappOptions(appOpts)...)
		if err != nil {
			panic(err) // the SDK's signature has no other way
		}
		return app
	}
	root.AddCommand(server.StartCmd(create, home))
	settings.CheckAtStart(root)
	return root, nil
}

// options is a node's configuration in memory.
type options map[string]any

// Get returns an option, nil if it is not set.
func (o options) Get(name string) any { return o[name] }

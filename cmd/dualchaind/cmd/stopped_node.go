package cmd

import (
	"fmt"
	"os"
	"path/filepath"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"

	"github.com/dualchain/dualchain/app"
	lightcli "github.com/dualchain/dualchain/light/cli"
	finalitykeeper "github.com/dualchain/dualchain/x/finality/keeper"
)

// openNode opens the latest state of the stopped node in the command's home.
func openNode(cmd *cobra.Command) (lightcli.Node, error) {
	srv := server.GetServerContextFromCmd(cmd)
	if _, err := os.Stat(srv.Config.GenesisFile()); err != nil {
		return lightcli.Node{}, fmt.Errorf("open the node in %s: expected a home with a genesis: %w", srv.Config.RootDir, err)
	}
	db, err := dbm.NewDB("application", server.GetAppDBBackend(srv.Viper), filepath.Join(srv.Config.RootDir, "data"))
	if err != nil {
		return lightcli.Node{}, fmt.Errorf("open the node's database: is the node stopped? %w", err)
	}
	node, err := app.New(srv.Logger, db, true, srv.Viper, server.DefaultBaseappOptions(srv.Viper)...)
	if err != nil {
		return lightcli.Node{}, fmt.Errorf("open the application: %w", err)
	}
	state, err := node.CreateQueryContext(node.LastBlockHeight(), false)
	if err != nil {
		return lightcli.Node{}, fmt.Errorf("open the latest state: %w", err)
	}
	return lightcli.Node{
		Home: srv.Config.RootDir, ChainID: state.ChainID(), State: state,
		Queries: finalitykeeper.QueryServer{Keeper: node.FinalityKeeper}, Own: node.OwnCheckpoint(state), Closer: node,
	}, nil
}

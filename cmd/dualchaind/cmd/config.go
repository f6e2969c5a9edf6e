package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"

	confixcmd "cosmossdk.io/tools/confix/cmd"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/config"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	genutilcli "github.com/cosmos/cosmos-sdk/x/genutil/client/cli"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/localnet"
	"github.com/dualchain/dualchain/x/finality/client/genesis"
	"github.com/dualchain/dualchain/x/finality/client/settings"
	"github.com/dualchain/dualchain/x/finality/trusted"
)

const (
	// timeoutCommit is how long validators wait for late precommits after a block, and so about the block time.
	timeoutCommit = time.Second
	// minGasPrices is what a node asks for a unit of gas unless its operator says otherwise.
	minGasPrices = "0.001" + app.BaseDenom
)

// appConfig is the app.toml of a new home.
func appConfig() trusted.NodeConfig {
	cfg := serverconfig.DefaultConfig()
	cfg.MinGasPrices = minGasPrices
	cfg.API.Enable = true
	cfg.QueryGasLimit = localnet.QueryGasLimit
	return trusted.NodeConfig{Config: *cfg}
}

// setCometDefaults corrects the configuration of a new home: the SDK turns CometBFT's default timeout_commit of 1 s into
// 5 s, and opens a profiling port; and the mempool of the application carries more voters than CometBFT's.
func setCometDefaults(cfg *cmtcfg.Config) {
	cfg.Consensus.TimeoutCommit = timeoutCommit
	cfg.RPC.PprofListenAddress = ""
	settings.Defaults(cfg)
}

// configCommand reads and changes the configuration files of a home. Confix's migrations and comparisons know no release of the
// SDK after v0.50, so they are left out.
func configCommand() *cobra.Command {
	cmd := confixcmd.ConfigCommand()
	cmd.Short = "Read and change app.toml, config.toml and client.toml"
	for _, child := range cmd.Commands() {
		if name := child.Name(); name == "migrate" || name == "diff" {
			cmd.RemoveCommand(child)
		}
	}
	return cmd
}

// filesOfInit returns the files that `init` writes.
func filesOfInit(home string) []string {
	return []string{
		filepath.Join(home, "data", "priv_validator_state.json"), configFile(home, "priv_validator_key.json"), configFile(home, "node_key.json"),
		configFile(home, "genesis.json"), configFile(home, "config.toml"), configFile(home, "app.toml"), configFile(home, "client.toml"),
	}
}

// newFiles returns a function that removes those of the files, and of the empty folders, that are missing now.
func newFiles(paths []string) func() {
	var missing []string
	for _, path := range paths {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, path)
		}
	}
	return func() {
		for _, path := range missing {
			_ = os.Remove(path) // a folder that isn't empty stays
		}
	}
}

// initCommand is the SDK's init command, which writes config.toml and the genesis, with the rest of a home's configuration. A
// command that fails, or that is interrupted while it asks for a mnemonic, leaves no new folder.
func initCommand(basics module.BasicManager) *cobra.Command {
	cmd := genutilcli.InitCmd(basics, app.DefaultNodeHome)
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		clientCtx := client.GetClientContextFromCmd(cmd)
		home := clientCtx.HomeDir
		folders := []string{filepath.Join(home, "config"), filepath.Join(home, "data"), home}
		make := func() error { return os.MkdirAll(folders[0], 0o700) }
		denom, err := cmd.Flags().GetString(genutilcli.FlagDefaultBondDenom)
		if err != nil {
			return err
		}
		if denom != "" {
			if err := sdk.ValidateDenom(denom); err != nil { // the SDK panics on it
				return fmt.Errorf("--%s: %w", genutilcli.FlagDefaultBondDenom, err)
			}
		}
		undo := newFiles(append(filesOfInit(home), folders...))
		recover, err := cmd.Flags().GetBool(genutilcli.FlagRecover)
		if err != nil {
			return err
		}
		if recover {
			cmd.SetIn(&afterRead{cmd.InOrStdin(), make})
		} else if err := make(); err != nil {
			return fmt.Errorf("make the home: %w", err)
		}
		if err := run(cmd, args); err != nil {
			undo()
			return err
		}
		if _, err := config.ReadFromClientConfig(clientCtx); err != nil { // it writes what is missing
			return fmt.Errorf("write client.toml: %w", err)
		}
		return loadConfigFrom(cmd, home) // so does it: app.toml
	}
	return genesis.WithLimits(cmd, genesis.DefaultLimits())
}

// afterRead calls a function after each successful reading.
type afterRead struct {
	from io.Reader
	do   func() error
}

func (r *afterRead) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if n > 0 {
		err = errors.Join(err, r.do())
	}
	return n, err
}

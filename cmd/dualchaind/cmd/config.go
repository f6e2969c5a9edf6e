package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/x/finality/trusted"
)

const (
	// timeoutCommit is how long validators wait for late precommits after a block, and so about the block time.
	timeoutCommit = time.Second
	// minGasPrices is what a node asks for a unit of gas unless its operator says otherwise.
	minGasPrices = "0.001" + app.BaseDenom
)

// loadNodeConfig reads app.toml and config.toml of the home into the server context, and writes them first if they are
// missing.
func loadNodeConfig(cmd *cobra.Command) error {
	home, err := cmd.Flags().GetString(flags.FlagHome)
	if err != nil {
		return fmt.Errorf("read --%s: %w", flags.FlagHome, err)
	}
	cometFile := filepath.Join(home, "config", "config.toml")
	_, err = os.Stat(cometFile)
	fresh := os.IsNotExist(err)

	if err := server.InterceptConfigsPreRunHandler(cmd, trusted.ConfigTemplate, appConfig(), cmtcfg.DefaultConfig()); err != nil {
		return fmt.Errorf("read the node's configuration: %w", err)
	}
	if fresh {
		writeCometDefaults(server.GetServerContextFromCmd(cmd).Config, cometFile)
	}
	return nil
}

// appConfig is the app.toml of a new home.
func appConfig() trusted.NodeConfig {
	cfg := serverconfig.DefaultConfig()
	cfg.MinGasPrices = minGasPrices
	cfg.API.Enable = true
	return trusted.NodeConfig{Config: *cfg}
}

// writeCometDefaults corrects a config.toml that the SDK has just written: it turns CometBFT's default timeout_commit
// of 1 s into 5 s, and opens a profiling port.
func writeCometDefaults(cfg *cmtcfg.Config, file string) {
	cfg.Consensus.TimeoutCommit = timeoutCommit
	cfg.RPC.PprofListenAddress = ""
	cmtcfg.WriteConfigFile(file, cfg)
}

package cmd

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cast"
	"github.com/spf13/cobra"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/config"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/internal/durable"
	"github.com/dualchain/dualchain/x/finality/trusted"
)

// errNoNode: the command works on a node's home, and the home has no node.
var errNoNode = errors.New("no node")

// errOwner: root would leave files in a running node's home that the home's owner can't use.
var errOwner = errors.New("another user's home")

// onNode names the commands, and groups of commands, that work on a node's home and can't do so before `init`.
var onNode = []string{"start", "export", "rollback", "prune", "snapshots", "import-certificate", "comet"}

// prepare gives every command its client context and the node's configuration. Only `init` writes configuration into a home: for
// any other command, a home without has the defaults.
func prepare(cmd *cobra.Command, clientCtx client.Context) error {
	cmd.SetOut(cmd.OutOrStdout())
	cmd.SetErr(cmd.ErrOrStderr())
	// A reader for each prompt would swallow the lines of the next one, so all share one: bufio.NewReader returns it as it is.
	input := bufio.NewReader(cmd.InOrStdin())
	cmd.SetIn(input)

	if err := errors.Join(checkOutput(cmd), checkFees(cmd)); err != nil {
		return err
	}
	clientCtx, err := client.ReadPersistentCommandFlags(clientCtx.WithCmdContext(cmd.Context()).WithInput(input), cmd.Flags())
	if err != nil {
		return fmt.Errorf("read the flags: %w", err)
	}
	if err := checkHome(cmd, clientCtx.HomeDir); err != nil {
		return err
	}
	if clientCtx, err = readClientConfig(clientCtx); err != nil {
		return err
	}
	if err := client.SetCmdClientContextHandler(clientCtx, cmd); err != nil {
		return fmt.Errorf("set up the client: %w", err)
	}
	if err := askAtFinalized(cmd); err != nil {
		return err
	}
	if err := loadNodeConfig(cmd, clientCtx.HomeDir); err != nil || !needsNode(cmd) {
		return err
	}
	return checkOptions(server.GetServerContextFromCmd(cmd).Viper)
}

// checkOptions returns an error for options, of flags or app.toml, that the SDK panics on when it makes the application.
func checkOptions(options servertypes.AppOptions) error {
	if _, err := sdk.ParseDecCoins(cast.ToString(options.Get(server.FlagMinGasPrices))); err != nil {
		return fmt.Errorf("read %s: %w", server.FlagMinGasPrices, err)
	}
	if _, err := server.GetPruningOptionsFromFlags(options); err != nil {
		return fmt.Errorf("read %s: %w", server.FlagPruning, err)
	}
	return nil
}

// checkHome returns an error if the command needs a node and the home has none.
func checkHome(cmd *cobra.Command, home string) error {
	if stat, err := os.Stat(home); err == nil && !stat.IsDir() {
		return fmt.Errorf("--%s: expected a folder, found the file %s", flags.FlagHome, home)
	}
	if !needsNode(cmd) {
		return nil
	}
	if uid, foreign := durable.Foreign(home); foreign && cmd.Name() == "start" {
		return fmt.Errorf("%w: expected to run as the owner of %s, user id %d, found root: the owner could not use the files that this node writes", errOwner, home, uid)
	}
	for _, name := range []string{"config.toml", "genesis.json"} {
		file := configFile(home, name)
		if !isFile(file) {
			return fmt.Errorf("%w in %s: expected %s, found none: is --%s right? run 'dualchaind init MONIKER' to make a node's home",
				errNoNode, home, file, flags.FlagHome)
		}
	}
	return checkFiles(cmd, home)
}

// checkFiles returns an error if the SDK would panic on the node's genesis, or CometBFT would reset half of the node before it finds that it
// can't read the validator's key.
func checkFiles(cmd *cobra.Command, home string) error {
	file, err := os.Open(configFile(home, "genesis.json"))
	if err != nil {
		return fmt.Errorf("read the genesis: %w", err)
	}
	defer file.Close() //nolint:errcheck // it is only read
	if _, err := genutiltypes.ParseChainIDFromGenesis(file); err != nil {
		return fmt.Errorf("read %s: %w", file.Name(), err)
	}
	if cmd.Name() != "unsafe-reset-all" {
		return nil
	}
	key, err := os.ReadFile(configFile(home, "priv_validator_key.json"))
	if err == nil && !json.Valid(key) {
		err = errors.New("expected JSON, found something else")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a missing key is made
		return fmt.Errorf("read the validator's key: %w", err)
	}
	return nil
}

// checkOutput returns an error if --output is no format: `keys add` would make a key and then show nothing of it.
func checkOutput(cmd *cobra.Command) error {
	flag := cmd.Flags().Lookup(flags.FlagOutput)
	if flag == nil || !flag.Changed || slices.Contains([]string{"", flags.OutputFormatText, flags.OutputFormatJSON, "indent"}, flag.Value.String()) {
		return nil
	}
	return fmt.Errorf("--%s: expected text or json, found %q", flags.FlagOutput, flag.Value)
}

// checkFees returns an error if --fees or --gas-prices are no coins: the SDK panics on them.
func checkFees(cmd *cobra.Command) error {
	if _, err := sdk.ParseCoinsNormalized(command.FlagText(cmd, flags.FlagFees)); err != nil {
		return fmt.Errorf("--%s: %w", flags.FlagFees, err)
	}
	if _, err := sdk.ParseDecCoins(command.FlagText(cmd, flags.FlagGasPrices)); err != nil {
		return fmt.Errorf("--%s: %w", flags.FlagGasPrices, err)
	}
	return nil
}

func needsNode(cmd *cobra.Command) bool {
	names := strings.Fields(cmd.CommandPath())
	return len(names) > 1 && slices.Contains(onNode, names[1]) && cmd.CommandPath() != names[0]+" comet version"
}

func configFile(home, name string) string { return filepath.Join(home, "config", name) }

func isFile(path string) bool {
	stat, err := os.Stat(path)
	return err == nil && stat.Mode().IsRegular()
}

// readClientConfig reads client.toml of the home.
func readClientConfig(clientCtx client.Context) (client.Context, error) {
	home, read := clientCtx.HomeDir, config.ReadFromClientConfig
	if !isFile(configFile(home, "client.toml")) {
		read = config.ReadDefaultValuesFromDefaultClientConfig
	}
	clientCtx, err := read(clientCtx)
	if err != nil {
		return clientCtx, fmt.Errorf("read client.toml: %w", err)
	}
	if clientCtx.KeyringDir != home { // that of the defaults
		clientCtx = clientCtx.WithKeyringDir(home).WithKeyring(nil)
	}
	return clientCtx, nil
}

// loadNodeConfig reads app.toml and config.toml of the home into the server context. A home without has the defaults.
func loadNodeConfig(cmd *cobra.Command, home string) error {
	from := home
	if !isFile(configFile(home, "config.toml")) {
		// The SDK reads only what it has written, and writes what is missing.
		folder, err := os.MkdirTemp("", "dualchaind")
		if err != nil {
			return fmt.Errorf("make a folder for the default configuration: %w", err)
		}
		defer os.RemoveAll(folder) //nolint:errcheck // the system clears its folder for temporary files
		from = folder
	}
	if err := loadConfigFrom(cmd, from); err != nil {
		return fmt.Errorf("read the node's configuration: %w", err)
	}
	if from != home {
		srv := server.GetServerContextFromCmd(cmd)
		setCometDefaults(srv.Config)
		srv.Config.SetRoot(home)
	}
	return nil
}

// loadConfigFrom is the SDK's reading, with its log on standard error: standard output is for data.
func loadConfigFrom(cmd *cobra.Command, folder string) error {
	flag := cmd.Flags().Lookup(flags.FlagHome)
	home, changed := flag.Value.String(), flag.Changed
	if err := cmd.Flags().Set(flags.FlagHome, folder); err != nil {
		return err
	}
	srv, err := server.InterceptConfigsAndCreateContext(cmd, trusted.ConfigTemplate, appConfig(), cmtcfg.DefaultConfig())
	if err := errors.Join(err, cmd.Flags().Set(flags.FlagHome, home)); err != nil {
		return err
	}
	flag.Changed = changed
	logger, err := server.CreateSDKLogger(srv, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	srv.Logger = logger.With(log.ModuleKey, "server")
	return server.SetCmdServerContext(cmd, srv)
}

package cmd

import (
	"fmt"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/voter"
)

const signerFile = "signer.toml"

var defaultSignerHome = filepath.Clean(app.DefaultNodeHome) + "-signer"

// NewSignerCmd returns `dualchaind signer`: keys and slashing protection in a process of their own.
func NewSignerCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "signer",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Keep a voter's keys and slashing protection in a process of their own, for one or more voters",
		Long: `Keep a voter's keys and slashing protection in a process of their own, for one or more voters.

A signer's home is a voter's, with signer.toml: 'dualchaind voter keys' and 'dualchaind voter guard' work on it with --home. Voters
reach it over mutual TLS, and have [signer] in their voter.toml in place of keys. Any number of them may run at the same time:
what the signer signs for one it never contradicts for another. There must be one signer only.`,
		// Instead of the root's: no node configuration is written into a signer's home.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.PersistentFlags().String(flags.FlagHome, defaultSignerHome, "the signer's home")
	cmd.AddCommand(signerInitCommand(), signerCertsCommand(), signerStartCommand())
	return cmd
}

// signerFlags are the settings that flags replace.
type signerFlags struct {
	chainID, listen string
	keys, clients   []string
}

func (f *signerFlags) add(cmd *cobra.Command) {
	defaults := voter.DefaultSignerConfig()
	cmd.Flags().StringVar(&f.chainID, flags.FlagChainID, "", "the chain to sign for")
	cmd.Flags().StringVar(&f.listen, "listen", defaults.Listen, "HOST:PORT to listen on")
	cmd.Flags().StringSliceVar(&f.keys, "keys", nil, "names of the keys to sign with (default all)")
	cmd.Flags().StringSliceVar(&f.clients, "clients", nil, "common names or fingerprints of the voters that may ask (default all with a certificate)")
}

// load returns the home and its configuration with the flags that were given.
func (f *signerFlags) load(cmd *cobra.Command) (voter.Home, voter.SignerConfig, error) {
	home, err := voterHome(cmd)
	if err != nil {
		return "", voter.SignerConfig{}, err
	}
	config, err := home.LoadSignerConfig()
	if err != nil {
		return "", voter.SignerConfig{}, err
	}
	for name, set := range map[string]func(){
		flags.FlagChainID: func() { config.ChainID = f.chainID },
		"listen":          func() { config.Listen = f.listen },
		"keys":            func() { config.Keys = f.keys },
		"clients":         func() { config.Clients = f.clients },
	} {
		if cmd.Flags().Changed(name) {
			set()
		}
	}
	return home, config, nil
}

func signerInitCommand() *cobra.Command {
	var settings signerFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write signer.toml; a home that has voter.toml gives it its chain and keys",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, config, err := settings.load(cmd)
			if err != nil {
				return err
			}
			if err := config.Validate(); err != nil {
				return err
			}
			return home.WriteSignerConfig(config)
		},
	}
	settings.add(cmd)
	return cmd
}

func signerStartCommand() *cobra.Command {
	var settings signerFlags
	var promised []string
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Sign what voters ask for until Ctrl-C",
		Long: `Sign what voters ask for until Ctrl-C.

Flags replace what signer.toml says; without that file, chain and keys are those of voter.toml. The signer refuses to start
without a record of what its keys have signed. Certificates may be replaced while it runs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, config, err := settings.load(cmd)
			if err != nil {
				return err
			}
			if !isThere(home, signerFile) && !isThere(home, configFile) && !cmd.Flags().Changed(flags.FlagChainID) {
				return fmt.Errorf("%w: no signer in %s: expected %s, or %s of a voter, found neither: is --%s right? 'dualchaind signer init' makes the first",
					voter.ErrConfig, home, signerFile, configFile, flags.FlagHome)
			}
			if err := givenPasswordFile(cmd, &config.PasswordFile); err != nil {
				return err
			}
			log, err := voterLog(cmd)
			if err != nil {
				return err
			}
			if err := config.Validate(); err != nil {
				return err
			}
			if err := beginRecords(cmd, home, config.Keys, promised); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(contextOf(cmd), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if err := voter.ServeSigner(ctx, home, config, false, log); err != nil {
				return fmt.Errorf("signer: %w", err)
			}
			return nil
		},
	}
	settings.add(cmd)
	addPasswordFlag(cmd)
	addPromiseFlag(cmd, &promised)
	return cmd
}

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/version"

	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/signerd"
)

// signerFlags are the settings that flags override.
type signerFlags struct {
	chainID, listen string
	keys, clients   []string
}

func (f *signerFlags) add(cmd *cobra.Command) {
	defaults := home.DefaultSignerConfig()
	cmd.Flags().StringVar(&f.chainID, flags.FlagChainID, "", "the chain to sign for")
	cmd.Flags().StringVar(&f.listen, "listen", defaults.Listen, "HOST:PORT to listen on")
	cmd.Flags().StringSliceVar(&f.keys, "keys", nil, "names of the keys to sign with (default all)")
	cmd.Flags().StringSliceVar(&f.clients, "clients", nil, "common names or fingerprints of the voters that may ask (default all with a certificate)")
}

// load returns the home and its configuration, which the given flags override.
func (f *signerFlags) load(cmd *cobra.Command) (home.Dir, home.SignerConfig, error) {
	dir, err := homeOf(cmd)
	if err != nil {
		return "", home.SignerConfig{}, err
	}
	config, err := dir.LoadSignerConfig()
	if err != nil {
		return "", home.SignerConfig{}, err
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
	return dir, config, nil
}

func signerInitCommand() *cobra.Command {
	var settings signerFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write signer.toml, with the chain and the keys of voter.toml if the home has one",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, config, err := settings.load(cmd)
			if err != nil {
				return err
			}
			if err := config.Validate(); err != nil {
				return err
			}
			return dir.WriteSignerConfig(config)
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
		Short: "Sign votes for voters until Ctrl-C",
		Long: `Sign votes for voters until Ctrl-C.

Flags override signer.toml. Without that file, chain and keys are those of voter.toml. The signer refuses to start without a record of what
its keys have signed. Certificates may be replaced while it runs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, config, err := settings.load(cmd)
			if err != nil {
				return err
			}
			if !isThere(dir, home.SignerFile) && !isThere(dir, home.ConfigFile) && !cmd.Flags().Changed(flags.FlagChainID) {
				return fmt.Errorf("%w: no signer in %s: expected %s, or %s of a voter, found neither: is --%s right? 'signer init' makes the first",
					home.ErrConfig, dir, home.SignerFile, home.ConfigFile, flags.FlagHome)
			}
			if err := givenPasswordFile(cmd, &config.PasswordFile); err != nil {
				return err
			}
			log, err := command.Logger(cmd)
			if err != nil {
				return err
			}
			if err := config.Validate(); err != nil {
				return err
			}
			if err := beginRecords(cmd, dir, config.Keys, promised); err != nil {
				return err
			}
			ctx := command.Context(cmd)
			if err := unlessDone(ctx, signerd.Run(ctx, dir, config, version.Version, log)); err != nil {
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

// Package cli is the commands `voter` and `signer`, for the program of any chain that has x/finality:
//
//	options := cli.Options{Program: "toyd", AddressPrefix: "toy", NodeHome: home}
//	root.AddCommand(cli.NewCommand(options), cli.NewSignerCommand(options))
package cli

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/home"
)

// Options are what differs between chains.
type Options struct {
	Program       string // the name of the program, for help texts: "dualchaind"
	AddressPrefix string // the bech32 prefix of account addresses: "dual"
	NodeHome      string // the default home of nodes; those of voters and signers are beside it
}

// voterHome is beside the node's home, never in it: a voter may follow somebody else's node.
func (o Options) voterHome() string { return filepath.Clean(o.NodeHome) + "-voter" }

func (o Options) signerHome() string { return filepath.Clean(o.NodeHome) + "-signer" }

// NewCommand returns the command `voter`: the voter client and its keys.
func NewCommand(options Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "voter",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Run a voter of the finality layer and manage its keys",
		Long: `Run a voter of the finality layer and manage its keys.

A voter's home holds voter.toml (its configuration), keys/ and guard.journal (the record of what its keys have signed). Never restore an
old guard.journal, and never run two voters with one key: either can sign two conflicting votes, which costs the stake.`,
		// Replaces the root's: a voter's home is not a node's, and no node configuration is written into it.
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { command.EndOnSignals(cmd); return nil },
	}
	cmd.PersistentFlags().String(flags.FlagHome, options.voterHome(), "the voter's home")
	cmd.AddCommand(startCommand(), statusCommand(), options.keysCommand(), guardCommand(), options.moveCommand())
	return cmd
}

// NewSignerCommand returns the command `signer`: keys and slashing protection in a process of their own.
func NewSignerCommand(options Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "signer",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Keep a voter's keys and slashing protection in a process of their own, for one or more voters",
		Long: `Keep a voter's keys and slashing protection in a process of their own, for one or more voters.

A signer's home is a voter's home with signer.toml: 'voter keys' and 'voter guard' work on it with --home. Voters connect to the signer
over mutual TLS; their voter.toml has a [signer] instead of keys. Any number of voters may use one signer at the same time, because the
signer never signs two conflicting votes. There must be only one signer for a key.`,
		// Replaces the root's: no node configuration is written into a signer's home.
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { command.EndOnSignals(cmd); return nil },
	}
	cmd.PersistentFlags().String(flags.FlagHome, options.signerHome(), "the signer's home")
	cmd.AddCommand(signerInitCommand(), signerCertsCommand(), signerStartCommand())
	return cmd
}

// homeOf returns the home that --home names.
func homeOf(cmd *cobra.Command) (home.Dir, error) {
	path, err := cmd.Flags().GetString(flags.FlagHome)
	return home.Dir(path), err
}

// unlessDone returns the error of a process that runs until ctx is done. To be ended while it still asks for a password or opens keys
// is no error.
func unlessDone(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

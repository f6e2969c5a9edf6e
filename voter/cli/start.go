package cli

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/version"

	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/internal/duration"
	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// startCommand runs the voter client.
func startCommand() *cobra.Command {
	var chainID, grpcAddress, rpcAddress string
	var names []string
	var poll time.Duration
	var promised []string
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Vote on each new checkpoint until Ctrl-C",
		Long: `Vote on each new checkpoint until Ctrl-C.

Flags override voter.toml. The voter survives restarts of its node. It refuses to start without a record of what its keys have signed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := homeOf(cmd)
			if err != nil {
				return err
			}
			if !isThere(dir, home.ConfigFile) && !cmd.Flags().Changed(flags.FlagChainID) {
				return noVoter(dir)
			}
			config, err := dir.LoadConfig()
			if err != nil {
				return err
			}
			for _, flag := range []struct {
				name string
				set  func()
			}{
				{flags.FlagChainID, func() { config.ChainID = chainID }},
				{"grpc", func() { config.FirstNode().GRPC = grpcAddress }},
				{"rpc", func() { config.FirstNode().RPC = rpcAddress }},
				{"keys", func() { config.Keys = names }},
				{"poll", func() { config.PollInterval = duration.Text(poll) }},
			} {
				if cmd.Flags().Changed(flag.name) {
					flag.set()
				}
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
			options := voter.Options{Version: version.Version}
			if config.Signer.Address == "" {
				err = beginRecords(cmd, dir, config.Keys, promised)
			} else {
				options.NeverVoted = len(promised) > 0 // Start refuses it
				warnOfIgnoredKeys(dir, log)
			}
			if err != nil {
				return err
			}
			ctx := command.Context(cmd)
			return unlessDone(ctx, voter.Start(ctx, dir, config, options, log))
		},
	}
	addPasswordFlag(cmd)
	defaults, node := home.DefaultConfig(), home.DefaultNode()
	cmd.Flags().StringVar(&chainID, flags.FlagChainID, "", "the chain to vote on")
	cmd.Flags().StringVar(&grpcAddress, "grpc", node.GRPC, "gRPC address of the first node")
	cmd.Flags().StringVar(&rpcAddress, "rpc", node.RPC, "CometBFT RPC address of the same node")
	cmd.Flags().StringSliceVar(&names, "keys", nil, "names of the keys to vote with (default all)")
	cmd.Flags().DurationVar(&poll, "poll", time.Duration(defaults.PollInterval), "how often to ask for the latest block besides listening for events")
	addPromiseFlag(cmd, &promised)
	return cmd
}

func isThere(dir home.Dir, name string) bool {
	_, err := os.Stat(dir.Path(name))
	return err == nil
}

func noVoter(dir home.Dir) error {
	return fmt.Errorf("%w: no voter in %s: expected %s, found none: is --%s right? 'voter keys new' makes a voter",
		home.ErrConfig, dir, home.ConfigFile, flags.FlagHome)
}

// warnOfIgnoredKeys warns about keystores in the home of a voter that uses a signer.
func warnOfIgnoredKeys(dir home.Dir, log *slog.Logger) {
	infos, err := keys.List(dir.Keys())
	if err != nil {
		log.Warn("this home has keystores that can't be listed; the voter ignores them, because voter.toml has a [signer]",
			event.KeysUnlisted, "folder", dir.Keys(), "error", err)
	} else if len(infos) > 0 {
		log.Warn("the voter ignores the keystores of this home, because voter.toml has a [signer]",
			event.KeysIgnored, "folder", dir.Keys(), "keys", len(infos))
	}
}

// theOnlyKey is the flag's value if none is given.
const theOnlyKey = "the only key"

func addPromiseFlag(cmd *cobra.Command, promised *[]string) {
	cmd.Flags().StringSliceVar(promised, home.NeverVotedFlag, nil,
		"begin a record of votes for keys that have never voted: the only key, or the keys with these public keys; if one has ever signed a vote, its stake is at risk")
	cmd.Flags().Lookup(home.NeverVotedFlag).NoOptDefVal = theOnlyKey
}

// beginRecords begins the records that the flag of addPromiseFlag asks for, and names the keys.
func beginRecords(cmd *cobra.Command, dir home.Dir, names, promised []string) error {
	if len(promised) == 0 {
		return nil
	}
	if slices.Equal(promised, []string{theOnlyKey}) {
		promised = nil
	}
	begun, err := dir.BeginRecords(names, promised)
	for _, key := range begun {
		cmd.PrintErrf("A record of votes begins for key %s, which has never voted.\n", key)
	}
	return err
}

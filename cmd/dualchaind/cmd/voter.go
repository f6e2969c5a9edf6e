package cmd

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/version"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/keys"
)

// defaultVoterHome is beside the node's home, never in it: a voter may watch a node of somebody else.
var defaultVoterHome = filepath.Clean(app.DefaultNodeHome) + "-voter"

// NewVoterCmd returns `dualchaind voter`: the voter client and its keys.
func NewVoterCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "voter",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Run a voter of the finality layer, and keep its keys",
		Long: `Run a voter of the finality layer, and keep its keys.

A voter's home holds voter.toml (its configuration), keys/ and guard.journal (the record of what its keys have signed). Never
restore an old guard.journal and never run two voters with one key: either can sign two conflicting votes, which costs the stake.`,
		// Instead of the root's: a voter's home is not a node's, and no node configuration is written into it.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.PersistentFlags().String(flags.FlagHome, defaultVoterHome, "the voter's home")
	cmd.AddCommand(voterStartCommand(), voterStatusCommand(), voterKeysCommand(), voterGuardCommand(), voterMoveCommand(), voterUnjailCommand())
	return cmd
}

func voterHome(cmd *cobra.Command) (voter.Home, error) {
	home, err := cmd.Flags().GetString(flags.FlagHome)
	if err != nil {
		return "", fmt.Errorf("read --%s: %w", flags.FlagHome, err)
	}
	return voter.Home(home), nil
}

func voterStartCommand() *cobra.Command {
	var chainID, grpcAddress, rpcAddress string
	var names []string
	var poll time.Duration
	var promised []string
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Vote on each new checkpoint until Ctrl-C",
		Long: `Vote on each new checkpoint until Ctrl-C.

Flags replace what voter.toml says. The voter survives restarts of its node; it refuses to start without a record of
what its key has signed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := voterHome(cmd)
			if err != nil {
				return err
			}
			if !isThere(home, configFile) && !cmd.Flags().Changed(flags.FlagChainID) {
				return noVoter(home)
			}
			config, err := home.LoadConfig()
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
				{"poll", func() { config.PollInterval = voter.Duration(poll) }},
			} {
				if cmd.Flags().Changed(flag.name) {
					flag.set()
				}
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
			options := voter.Options{Version: version.Version}
			if config.Signer.Address == "" {
				err = beginRecords(cmd, home, config.Keys, promised)
			} else {
				options.NeverVoted = len(promised) > 0 // which is refused
				warnOfIgnoredKeys(home, log)
			}
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(contextOf(cmd), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if config.Unjail.Auto {
				if options.Unjailer, err = newUnjailer(cmd, home, config); err != nil {
					return err
				}
			}
			return voter.Start(ctx, home, config, options, log)
		},
	}
	addPasswordFlag(cmd)
	defaults, node := voter.DefaultConfig(), voter.DefaultNode()
	cmd.Flags().StringVar(&chainID, flags.FlagChainID, "", "the chain to vote on")
	cmd.Flags().StringVar(&grpcAddress, "grpc", node.GRPC, "gRPC address of the first node")
	cmd.Flags().StringVar(&rpcAddress, "rpc", node.RPC, "CometBFT RPC address of the same node")
	cmd.Flags().StringSliceVar(&names, "keys", nil, "names of the keys to vote with (default all)")
	cmd.Flags().DurationVar(&poll, "poll", time.Duration(defaults.PollInterval), "how often to ask for the latest block besides listening for events")
	addPromiseFlag(cmd, &promised)
	return cmd
}

const configFile = "voter.toml"

func isThere(home voter.Home, name string) bool {
	_, err := os.Stat(filepath.Join(string(home), name))
	return err == nil
}

func noVoter(home voter.Home) error {
	return fmt.Errorf("%w: no voter in %s: expected %s, found none: is --%s right? 'dualchaind voter keys new' makes a voter",
		voter.ErrConfig, home, configFile, flags.FlagHome)
}

// warnOfIgnoredKeys is for a home whose keys are a signer's. Whether they could be used doesn't matter then.
func warnOfIgnoredKeys(home voter.Home, log *slog.Logger) {
	infos, err := keys.List(home.Keys())
	if err != nil {
		log.Warn("the keys of this home are ignored, since voter.toml has a [signer], and can't be listed", "folder", home.Keys(), "error", err)
	} else if len(infos) > 0 {
		log.Warn("the keys of this home are ignored, since voter.toml has a [signer]", "folder", home.Keys(), "keys", len(infos))
	}
}

// theOnlyKey is what the flag has without a value.
const theOnlyKey = "the only key"

func addPromiseFlag(cmd *cobra.Command, promised *[]string) {
	cmd.Flags().StringSliceVar(promised, voter.NeverVotedFlag, nil,
		"begin a record of votes for the key, or those of several whose public keys are given, that have none; if one has ever signed a vote, its stake is at risk")
	cmd.Flags().Lookup(voter.NeverVotedFlag).NoOptDefVal = theOnlyKey
}

// beginRecords does what addPromiseFlag's flag says, and names the keys.
func beginRecords(cmd *cobra.Command, home voter.Home, names, promised []string) error {
	if len(promised) == 0 {
		return nil
	}
	if slices.Equal(promised, []string{theOnlyKey}) {
		promised = nil
	}
	begun, err := home.BeginRecords(names, promised)
	for _, key := range begun {
		cmd.PrintErrf("A record of votes begins for key %s, which has never voted.\n", key)
	}
	return err
}

// voterLog logs to standard error as the root's flags say. They are there when the whole program runs.
func voterLog(cmd *cobra.Command) (*slog.Logger, error) {
	var level slog.Level
	if flag := cmd.Flags().Lookup(flags.FlagLogLevel); flag != nil {
		if err := level.UnmarshalText([]byte(flag.Value.String())); err != nil {
			return nil, fmt.Errorf("read --%s: expected debug, info, warn or error, found %q", flags.FlagLogLevel, flag.Value)
		}
	}
	options := &slog.HandlerOptions{Level: level}
	if flag := cmd.Flags().Lookup(flags.FlagLogFormat); flag != nil && flag.Value.String() == flags.OutputFormatJSON {
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), options)), nil
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), options)), nil
}

// contextOf is the command's context; a command that is executed without one has none.
func contextOf(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

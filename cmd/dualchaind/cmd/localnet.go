package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"golang.org/x/term"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/version"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/localnet"
)

// defaultLocalnetHome is the home of a local network unless --home is given.
var defaultLocalnetHome = app.DefaultNodeHome + "-localnet"

// localnetCommand runs a whole network on this machine: one process per validator and per voter.
func localnetCommand(description *app.App) *cobra.Command {
	chain := chainOf(description)
	cmd := &cobra.Command{
		Use:   "localnet",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Run a whole network on this machine",
		Long: `Run a whole network on this machine: one process per validator and per voter, on loopback addresses only.

Everybody knows the mnemonics of its accounts: use it for development only.`,
		// The root command would treat --home as the home of a node and write its configuration there.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.PersistentFlags().String(flags.FlagHome, defaultLocalnetHome, "the network's directory")
	cmd.AddCommand(
		localnetStart(chain),
		localnetStop(),
		localnetStatus(),
		localnetReset(),
		localnetKill(),
		localnetRestart(),
		localnetAddNode(),
		localnetFaucet(chain),
		localnetEquivocate(),
	)
	return cmd
}

// chainOf returns the chain that the networks of package localnet run.
func chainOf(description *app.App) localnet.Chain {
	return localnet.Chain{
		Codec:    description.Encoding().Codec,
		TxConfig: description.Encoding().TxConfig,
		Defaults: description.DefaultGenesis(),
		Name:     app.Name,
		Version:  version.Version,
	}
}

const flagDetach = "detach"

func localnetStart(chain localnet.Chain) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Start the network; create it first if it does not exist",
		Long: `Start the network; create it first if it does not exist.

An existing network starts unchanged: flags that describe it must match it. Ctrl-C stops all processes.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			network, err := openOrCreate(cmd, chain)
			if err != nil {
				return err
			}
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			defer stop()
			detach, err := cmd.Flags().GetBool(flagDetach)
			if err != nil {
				return err
			}
			banner := func() error {
				return localnet.Banner(cmd.OutOrStdout(), network, chain.Codec, os.Args[0], homeFlag(network))
			}
			if detach {
				if err := localnet.Detach(ctx, network, program); err != nil {
					return err
				}
				return banner()
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Starting %s ...\n", network.Home())
			return localnet.Run(ctx, network, program, func(ctx context.Context, s *localnet.Supervisor) error {
				if err := banner(); err != nil {
					return err
				}
				if err := localnet.Live(ctx, cmd.OutOrStdout(), s, terminalWidth()); err != nil {
					return err
				}
				fmt.Fprintln(cmd.ErrOrStderr(), "Stopping ...")
				return nil
			})
		},
	}
	addSpecFlags(cmd, localnet.DefaultSpec())
	cmd.Flags().Bool("random-ports", false, "leave the usual ports (26657, 1317, 9090) to others")
	cmd.Flags().Bool(flagDetach, false, "return once the network runs, and leave it running")
	return cmd
}

// terminalWidth returns a function that returns the columns of the terminal, or nil if the output is not a terminal.
func terminalWidth() func() int {
	out := int(os.Stdout.Fd())
	if !term.IsTerminal(out) {
		return nil
	}
	return func() int {
		columns, _, err := term.GetSize(out)
		if err != nil {
			return 0
		}
		return columns
	}
}

// addSpecFlags defines the flags of a network's shape, with their defaults.
func addSpecFlags(cmd *cobra.Command, d localnet.Spec) {
	f := cmd.Flags()
	chainID := "the chain's id"
	if d.ChainID == "" {
		chainID += " (default: one that no other localnet has)"
	}
	f.String(flags.FlagChainID, d.ChainID, chainID)
	f.Int("validators", d.Validators, "validators of the proposal layer")
	f.Int("voters", d.Voters, "voters of the finality layer")
	f.Duration("block-time", d.BlockTime, "time between blocks")
	f.Uint64("interval", d.Interval, "blocks between checkpoints")
	f.UintSlice("voter-power", []uint{uint(d.VoterPower[0])}, "power of each voter, repeated if there are more voters")
	f.Uint64("set-period", d.SetPeriod, "least number of epochs between changes of the voter sets")
	f.Uint64("era-length", d.EraLength, "epochs in an era, for which rewards and absence are settled")
	f.Duration("unbonding-time", d.UnbondingTime, "time that undelegated stake stays slashable, in both layers")
	f.Duration("jail-duration", d.JailDuration, "time that a voter is jailed for absence")
}

// readSpec returns base with the flags that were given on the command line.
func readSpec(cmd *cobra.Command, base localnet.Spec) (localnet.Spec, error) {
	f := cmd.Flags()
	var errs []error
	set := func(name string, read func() error) {
		if f.Changed(name) {
			errs = append(errs, read())
		}
	}
	set(flags.FlagChainID, func() (err error) { base.ChainID, err = f.GetString(flags.FlagChainID); return })
	set("validators", func() (err error) { base.Validators, err = f.GetInt("validators"); return })
	set("voters", func() (err error) { base.Voters, err = f.GetInt("voters"); return })
	set("block-time", func() (err error) { base.BlockTime, err = f.GetDuration("block-time"); return })
	set("interval", func() (err error) { base.Interval, err = f.GetUint64("interval"); return })
	set("set-period", func() (err error) { base.SetPeriod, err = f.GetUint64("set-period"); return })
	set("era-length", func() (err error) { base.EraLength, err = f.GetUint64("era-length"); return })
	set("unbonding-time", func() (err error) { base.UnbondingTime, err = f.GetDuration("unbonding-time"); return })
	set("jail-duration", func() (err error) { base.JailDuration, err = f.GetDuration("jail-duration"); return })
	set("random-ports", func() (err error) { base.RandomPorts, err = f.GetBool("random-ports"); return })
	set("voter-power", func() error {
		powers, err := f.GetUintSlice("voter-power")
		base.VoterPower = nil
		for _, p := range powers {
			base.VoterPower = append(base.VoterPower, uint64(p))
		}
		return err
	})
	return base, errors.Join(errs...)
}

// openOrCreate opens the network in --home, which must match the flags, or creates one.
func openOrCreate(cmd *cobra.Command, chain localnet.Chain) (*localnet.Network, error) {
	network, err := openLocalnet(cmd)
	if errors.Is(err, localnet.ErrNotLocalnet) {
		spec := localnet.DefaultSpec()
		spec.ChainID = localnet.NewChainID()
		if spec, err = readSpec(cmd, spec); err != nil {
			return nil, err
		}
		home, err := cmd.Flags().GetString(flags.FlagHome)
		if err != nil {
			return nil, err
		}
		return localnet.Create(home, spec, chain)
	}
	if err != nil {
		return nil, err
	}
	spec, err := readSpec(cmd, network.Spec)
	if err != nil {
		return nil, err
	}
	if diff := spec.Diff(network.Spec); diff != "" {
		return nil, fmt.Errorf("%s holds a network of another shape (%s): leave the flags out, choose another --home, or remove it with `dualchaind localnet reset%s`",
			network.Home(), diff, homeFlag(network))
	}
	return network, nil
}

func openLocalnet(cmd *cobra.Command) (*localnet.Network, error) {
	home, err := cmd.Flags().GetString(flags.FlagHome)
	if err != nil {
		return nil, err
	}
	return localnet.Open(home)
}

// homeFlag returns the flag that a command needs to find the network: "" for the default home.
func homeFlag(n *localnet.Network) string {
	if home, err := filepath.Abs(defaultLocalnetHome); err == nil && home == n.Home() {
		return ""
	}
	return " --" + flags.FlagHome + " " + n.Home()
}

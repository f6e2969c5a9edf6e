package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/internal/durable"
	"github.com/dualchain/dualchain/light/daemon"
	"github.com/dualchain/dualchain/light/provider"
	"github.com/dualchain/dualchain/light/store"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

const (
	flagUnbonding = "unbonding-time"
	minInterval   = 100 * time.Millisecond // shorter intervals only load the nodes
)

// lightFlags are the flags of every light client command.
type lightFlags struct {
	home, trust, chainID string
	nodes                []string
	following            bool
	unbonding            time.Duration
	unbondingGiven       bool // by the user
}

func (o Options) lightCommand() *cobra.Command {
	var f lightFlags
	var listen string
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "light --trust EPOCH:ROOT --node URL [--node URL …]",
		Short: "Follow what is final without running a node, and serve it on this machine",
		Long: fmt.Sprintf(`Follow what is final without running a node, and serve it on this machine.

Start once with --trust: a finalized checkpoint that you got from somebody you trust ('%[1]s query checkpoint checkpoint
finalized', an explorer, a friend's node). The client verifies everything after it and believes no node. It keeps what it verified in
--home, so that later starts need only --node. It checks several nodes against each other.

Two valid certificates that conflict stop the client for good: it keeps both in --home/conflict.json and says what they prove.`, o.Program),
		Example: fmt.Sprintf(`  %s light --trust 42:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --node http://127.0.0.1:1317
  curl http://127.0.0.1:8899/finalized`, o.Program),
		Args:              cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // a light client's home is not a node's
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := command.Logger(cmd)
			if err != nil {
				return err
			}
			if interval < minInterval {
				return fmt.Errorf("expected --interval of at least %s, found %s", minInterval, interval)
			}
			ctx, stop := signal.NotifyContext(command.Context(cmd), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			f.unbondingGiven = cmd.Flags().Changed(flagUnbonding)
			return f.with(ctx, log, func(c *daemon.Client) error { return runLight(ctx, c, listen, interval, log) })
		},
	}
	persistent := cmd.PersistentFlags()
	persistent.StringVar(&f.home, flags.FlagHome, o.lightHome(), "folder of the light client")
	persistent.StringVar(&f.trust, "trust", "", "epoch and root of a finalized checkpoint that you trust, EPOCH:ROOT; only used on first start")
	persistent.StringArrayVar(&f.nodes, "node", nil, "REST address of a node, http://HOST:PORT; several are checked against each other")
	persistent.StringVar(&f.chainID, flags.FlagChainID, "", "the chain's id; only used on first start. If omitted, the id that all nodes report. Give it if they differ, or if the same voters vote on other chains")
	persistent.BoolVar(&f.following, "following", false, "keep every link, so that a conflict proves who is guilty; downloads more; only used on first start")
	persistent.DurationVar(&f.unbonding, flagUnbonding, finalitytypes.DefaultParams().UnbondingTime, "the chain's unbonding time; the client refuses older trust; only used on first start. If omitted, the shorter of 21 days and what the nodes report")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8899", "address to serve on; if empty, nothing is served")
	cmd.Flags().DurationVar(&interval, "interval", 5*time.Second, "how often to ask the nodes")
	cmd.AddCommand(lightStateSyncCommand(&f))
	return cmd
}

func lightStateSyncCommand(f *lightFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "state-sync",
		Short: "Update once, and print the [statesync] trust height and hash for a node's config.toml",
		Long: `Update once, and print the [statesync] trust height and hash for a node's config.toml. They come from a verified certificate:
the node trusts no RPC server for them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := command.Logger(cmd)
			if err != nil {
				return err
			}
			f.unbondingGiven = cmd.Flags().Changed(flagUnbonding)
			return f.with(command.Context(cmd), log, func(c *daemon.Client) error {
				for more := true; more; {
					if more, err = c.Update(command.Context(cmd)); err != nil {
						return err
					}
				}
				head, err := c.Head()
				if err != nil {
					return err
				}
				// This hint goes to standard error: scripts read the output, and a terminal shows both.
				if _, err := fmt.Fprintln(cmd.ErrOrStderr(), "# [statesync] in config.toml also needs: enable = true, rpc_servers (two), trust_period (shorter than the unbonding time)"); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "trust_height = %d\ntrust_hash = %q\n", head.Height, head.BlockHash)
				return err
			})
		},
	}
}

// with opens the client for one use. Its store is locked meanwhile.
func (f *lightFlags) with(ctx context.Context, log *slog.Logger, use func(*daemon.Client) error) error {
	nodes, err := f.providers()
	if err != nil {
		return err
	}
	if f.unbonding <= 0 {
		return fmt.Errorf("expected --%s above 0, found %s", flagUnbonding, f.unbonding)
	}
	if f.trust != "" { // otherwise the store exists
		if err := durable.MakeFolder(f.home); err != nil {
			return fmt.Errorf("make the folder of the light client: %w", err)
		}
	}
	lock, err := store.Lock(f.home)
	if err != nil {
		return err
	}
	defer lock.Close() //nolint:errcheck // the process ends anyway
	kept, err := store.Open(f.home)
	if errors.Is(err, store.ErrNoTrust) && f.trust != "" {
		kept, err = f.begin(ctx, nodes, log)
	} else if err == nil {
		err = f.fits(kept)
	}
	if err != nil {
		return err
	}
	return use(daemon.New(kept, nodes, log))
}

func (f *lightFlags) providers() (nodes []light.Provider, err error) {
	if len(f.nodes) == 0 {
		return nil, errors.New("expected --node http://HOST:PORT at least once, found none")
	}
	for _, address := range f.nodes {
		node, err := provider.New(address)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

// fits refuses flags of a first start that contradict the settings of the store.
func (f *lightFlags) fits(kept *store.Store) error {
	settings := kept.Settings()
	if f.chainID != "" && f.chainID != settings.ChainID {
		return fmt.Errorf("expected chain %s as in %s, found --%s %s: use another --%s", settings.ChainID, f.home, flags.FlagChainID, f.chainID, flags.FlagHome)
	}
	if f.following && !settings.Following {
		return fmt.Errorf("expected the mode of %s, skipping, found --following: use another --%s", f.home, flags.FlagHome)
	}
	if fixed := time.Duration(settings.UnbondingTime); f.unbondingGiven && f.unbonding != fixed {
		return fmt.Errorf("expected the unbonding time of %s, %s, found --%s %s: use another --%s", f.home, fixed, flagUnbonding, f.unbonding, flags.FlagHome)
	}
	if f.trust == "" {
		return nil
	}
	ref, err := parseRef(f.trust)
	if err != nil {
		return err
	}
	if origin := settings.Origin; origin != ref {
		return fmt.Errorf("%s trusts epoch %d with root %s since its first start, found --trust %s: to trust another checkpoint, use another --%s or remove it",
			f.home, origin.Epoch, origin.Root, f.trust, flags.FlagHome)
	}
	return nil
}

// begin makes the store. It asks the nodes for what the flags leave open.
func (f *lightFlags) begin(ctx context.Context, nodes []light.Provider, log *slog.Logger) (*store.Store, error) {
	ref, err := parseRef(f.trust)
	if err != nil {
		return nil, err
	}
	log.Info("first start: asking the nodes", "trust", f.trust)
	settings := store.Settings{ChainID: f.chainID, Following: f.following, UnbondingTime: store.Duration(f.unbondingTime(ctx, nodes, log))}
	kept, err := daemon.Initialize(ctx, f.home, settings, ref, nodes)
	switch {
	case errors.Is(err, light.ErrChainID):
		err = fmt.Errorf("give --%s: %w", flags.FlagChainID, err)
	case errors.Is(err, cert.ErrExpired) && !f.unbondingGiven:
		err = fmt.Errorf("use a newer checkpoint, or give --%s if you know the chain's unbonding time: %w", flagUnbonding, err)
	}
	return kept, err
}

// unbondingTime compares the flag with what the nodes report. Only a shorter time is believed, since it can at worst refuse good trust.
// It never overrules the user: otherwise one node that lies could refuse all trust.
func (f *lightFlags) unbondingTime(ctx context.Context, nodes []light.Provider, log *slog.Logger) time.Duration {
	reported, node, err := light.DefaultPolicy().ShortestUnbonding(ctx, nodes)
	switch {
	case err != nil:
		log.Warn("no node reports the chain's unbonding time: make sure that it is not shorter", flagUnbonding, f.unbonding, "error", err)
	case reported >= f.unbonding:
	case f.unbondingGiven:
		log.Warn("a node reports an unbonding time shorter than --"+flagUnbonding+": trust may be too old to be safe", flagUnbonding, f.unbonding, "reported", reported, "node", node)
	default:
		log.Info("using the unbonding time that a node reports", flagUnbonding, reported, "node", node)
		return reported
	}
	return f.unbonding
}

// runLight updates and serves until ctx is done or one of the two ends. After a conflict it continues to serve that.
func runLight(ctx context.Context, c *daemon.Client, listen string, interval time.Duration, log *slog.Logger) error {
	if listen == "" {
		return c.Run(ctx, interval)
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	log.Info("serving", "address", "http://"+listener.Addr().String())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		served <- c.Serve(ctx, listener)
		cancel()
	}()
	err = c.Run(ctx, interval)
	if errors.Is(err, light.ErrConflict) {
		log.Error("ALARM: stopped for good; still answering with the reason", "error", err)
		<-ctx.Done()
	}
	cancel()
	return errors.Join(err, <-served)
}

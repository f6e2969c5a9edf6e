package cmd

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/localnet"
)

func localnetStop() *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "Stop every process of the network",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			network, err := openLocalnet(cmd)
			if err != nil {
				return err
			}
			return localnet.NewClient(network).Stop(cmd.Context())
		},
	}
}

func localnetStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show every process with its addresses and the heads of the chain",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			network, err := openLocalnet(cmd)
			if err != nil {
				return err
			}
			output, err := cmd.Flags().GetString(flags.FlagOutput)
			if err != nil {
				return err
			}
			status, err := localnet.ReadStatus(cmd.Context(), network)
			if err != nil {
				return err
			}
			switch output {
			case flags.OutputFormatJSON:
				return command.PrintJSON(cmd, status)
			case flags.OutputFormatText:
				return printStatus(cmd.OutOrStdout(), status)
			default:
				return fmt.Errorf("expected --%s text or json, found %q", flags.FlagOutput, output)
			}
		},
	}
	cmd.Flags().StringP(flags.FlagOutput, "o", flags.OutputFormatText, "text or json")
	return cmd
}

// printStatus prints a table of the processes and one of the heads.
func printStatus(w io.Writer, s localnet.Status) error {
	fmt.Fprintf(w, "%s in %s\n\n", s.ChainID, s.Home)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSTATE\tPID\tRPC\tREST\tGRPC")
	for _, p := range s.Processes {
		state := string(p.State)
		if p.State == localnet.Exited {
			state += " (" + p.Exit + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\n", p.Name, state, p.PID, p.RPC, p.REST, p.GRPC)
	}
	fmt.Fprintln(table)
	if s.Heads == nil {
		fmt.Fprintln(table, "No node answers.")
		return table.Flush()
	}
	fmt.Fprintln(table, "HEAD\tEPOCH\tHEIGHT\tBLOCKS BEHIND\tROOT")
	fmt.Fprintf(table, "block\t\t%d\t0\t\n", s.Heads.Height)
	for _, row := range []struct {
		name string
		head *localnet.Head
	}{{"head", s.Heads.Head}, {"justified", s.Heads.Justified}, {"finalized", s.Heads.Finalized}} {
		if row.head != nil {
			fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%s\n", row.name, row.head.Epoch, row.head.Height, row.head.LagBlocks, row.head.Root)
		}
	}
	return table.Flush()
}

func localnetReset() *cobra.Command {
	return &cobra.Command{
		Use:   "reset",
		Short: "Remove the network, its chain and its keys",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := cmd.Flags().GetString(flags.FlagHome)
			if err != nil {
				return err
			}
			return localnet.Reset(home)
		},
	}
}

func localnetKill() *cobra.Command {
	return &cobra.Command{
		Use:   "kill NAME...",
		Short: "End processes at once, like a crash (SIGKILL)",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			network, err := openLocalnet(cmd)
			if err != nil {
				return err
			}
			client := localnet.NewClient(network)
			for _, name := range names {
				if err := client.Kill(cmd.Context(), name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func localnetRestart() *cobra.Command {
	return &cobra.Command{
		Use:   "restart NAME...",
		Short: "Restart processes, or start them if they do not run",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			network, err := openLocalnet(cmd)
			if err != nil {
				return err
			}
			client := localnet.NewClient(network)
			for _, name := range names {
				if err := client.Restart(cmd.Context(), name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func localnetAddNode() *cobra.Command {
	options := localnet.DefaultNodeOptions()
	cmd := &cobra.Command{
		Use:   "add-node",
		Short: "Add and start a full node that syncs from genesis",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			network, err := openLocalnet(cmd)
			if err != nil {
				return err
			}
			node, err := localnet.NewClient(network).AddNode(cmd.Context(), options)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n", node.Name)
			return nil
		},
	}
	cmd.Flags().StringVar(&options.BlockExecutor, "block-executor", options.BlockExecutor, "sequential or block-stm")
	cmd.Flags().IntVar(&options.MempoolMaxTxs, "mempool-max-txs", options.MempoolMaxTxs, "mempool.max-txs in its app.toml")
	return cmd
}

func localnetFaucet(chain localnet.Chain) *cobra.Command {
	return &cobra.Command{
		Use:     "faucet ADDRESS AMOUNT",
		Short:   "Send coins to an account and wait until they arrive",
		Example: "  dualchaind localnet faucet dual1... 5000000" + app.BaseDenom,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			network, err := openLocalnet(cmd)
			if err != nil {
				return err
			}
			to, err := sdk.AccAddressFromBech32(args[0])
			if err != nil {
				return fmt.Errorf("read the address: expected %s1..., found %q: %w", app.Bech32Prefix, args[0], err)
			}
			amount, err := sdk.ParseCoinsNormalized(args[1])
			if err != nil {
				return fmt.Errorf("read the amount: expected a number with %s, found %q: %w", app.BaseDenom, args[1], err)
			}
			hash, err := network.Fund(cmd.Context(), chain, to, amount)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "sent %s to %s in transaction %s\n", amount, to, hash)
			return nil
		},
	}
}

func localnetEquivocate() *cobra.Command {
	return &cobra.Command{
		Use:   "equivocate VOTER",
		Short: "Sign two conflicting votes with a voter's key and wait until the chain slashes it",
		Long: `Sign two conflicting votes for the head with a voter's key, bypassing its slashing protection, and wait until the chain slashes it.

Only keys in the home of a localnet can be misused in this way.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			network, err := openLocalnet(cmd)
			if err != nil {
				return err
			}
			found, err := network.Equivocate(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), `%s (voter %d) signed two votes for epoch %d:
  %s
  %s
It was slashed by %s%s and tombstoned. Both votes: dualchaind query finality evidence %d --home %s
`, found.Voter, found.Index, found.Honest.Epoch, found.Honest.Root, found.Conflicting.Root,
				found.Penalty, app.BaseDenom, found.EvidenceID, network.ClientHome())
			return nil
		},
	}
}

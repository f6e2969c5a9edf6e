package cmd

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/localnet"
)

const (
	flagOutputDir  = "output-dir"
	flagHosts      = "hosts"
	flagStartingIP = "starting-ip"
)

// testnetCommand prepares a network on several machines.
func testnetCommand(description *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "testnet",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Prepare a network on several machines",
		// The root command would write the configuration of a node into --home, which has no meaning here.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(testnetInitFiles(chainOf(description)))
	return cmd
}

func testnetInitFiles(chain localnet.Chain) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init-files",
		Short: "Write a folder for each validator and voter, to copy to its machine",
		Long: `Write a folder for each validator and voter, to copy to its machine: keys, configuration and the genesis that
all share. Every key is drawn at random. Validator i is reached at host i; voter j follows validator j modulo their number.

On their machines: dualchaind start --home validator-0, dualchaind voter start --home voter-0. The folder client
holds the faucet account. RPC, REST and gRPC listen on all addresses: keep them behind a firewall.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			spec, err := readSpec(cmd, localnet.TestnetSpec())
			if err != nil {
				return err
			}
			hosts, err := readHosts(cmd, spec.Validators)
			if err != nil {
				return err
			}
			dir, err := cmd.Flags().GetString(flagOutputDir)
			if err != nil {
				return err
			}
			nodes, voters, err := localnet.InitFiles(dir, spec, hosts, chain)
			if err != nil {
				return err
			}
			for i, n := range nodes {
				fmt.Fprintf(cmd.OutOrStdout(), "%s  %s  %s@%s:%d\n", n.Name, n.Operator, n.ID, hosts[i], n.Ports.P2P)
			}
			for _, v := range voters {
				fmt.Fprintf(cmd.OutOrStdout(), "%s  %s  follows %s\n", v.Name, v.Operator, v.Node)
			}
			return nil
		},
	}
	addSpecFlags(cmd, localnet.TestnetSpec())
	cmd.Flags().String(flagOutputDir, "testnet", "output directory, which must be missing or empty")
	cmd.Flags().StringSlice(flagHosts, nil, "host name or address of each validator")
	cmd.Flags().String(flagStartingIP, "192.168.0.1", "address of the first validator if --hosts is omitted; each following validator has the next address")
	return cmd
}

// readHosts returns a host for each validator.
func readHosts(cmd *cobra.Command, validators int) ([]string, error) {
	hosts, err := cmd.Flags().GetStringSlice(flagHosts)
	if err != nil {
		return nil, err
	}
	if len(hosts) > 0 {
		if cmd.Flags().Changed(flagStartingIP) {
			return nil, errors.New("expected one of --hosts and --starting-ip, found both")
		}
		return hosts, nil
	}
	text, err := cmd.Flags().GetString(flagStartingIP)
	if err != nil {
		return nil, err
	}
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return nil, fmt.Errorf("read --%s: %w", flagStartingIP, err)
	}
	for range validators {
		if !ip.IsValid() {
			return nil, fmt.Errorf("read --%s: expected room for %d addresses from %s on", flagStartingIP, validators, text)
		}
		hosts = append(hosts, ip.String())
		ip = ip.Next()
	}
	return hosts, nil
}

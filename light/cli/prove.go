package cli

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/x/finality/client/cli"
	"github.com/dualchain/dualchain/x/finality/types"
)

func (o Options) proveCommand() *cobra.Command {
	var start types.TrustStart
	var withoutMembers, binary bool
	cmd := &cobra.Command{
		Use:   "prove",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Get a proof that a transaction, a block or a piece of state is final, for offline verification",
		Long: fmt.Sprintf(`Get a proof that a transaction, a block or a piece of state is final, for offline verification with '%s verify'. It starts
at a finalized checkpoint that the verifier trusts, --from. Epoch 0, the anchor, is the same for everybody.`, o.Program),
		Example: fmt.Sprintf(`  %[1]s prove tx 5D5D… > proof.json
  %[1]s prove block 1000 --from 42 > proof.json
  %[1]s prove tx 5D5D… --binary > proof.bin
  %[1]s prove state bank 0014… --height 1000 > proof.json`, o.Program),
	}
	cmd.PersistentFlags().StringVar(&start.Epoch, "from", "0", "epoch of a finalized checkpoint that the verifier trusts, or finalized")
	cmd.PersistentFlags().BoolVar(&binary, "binary", false, "print the binary form, less than half as long, instead of JSON")
	cmd.PersistentFlags().BoolVar(&withoutMembers, "without-members", false, "leave out the trusted checkpoint's members, for a verifier with --trust-file")

	add := func(use, short string, args int, ask func(*cobra.Command, []string, types.ProofsClient) (types.Proof, subject, error)) *cobra.Command {
		sub := &cobra.Command{
			Use: use, Short: short, Args: cobra.ExactArgs(args),
			RunE: func(cmd *cobra.Command, args []string) error {
				clientCtx, err := client.GetClientQueryContext(cmd)
				if err != nil {
					return err
				}
				start.Members = !withoutMembers
				answer, about, err := ask(cmd, args, types.NewProofsClient(clientCtx))
				if err != nil {
					return cli.Said(err)
				}
				proof, err := cert.DecodeProof(answer.Canonical)
				if err != nil {
					return fmt.Errorf("read the node's proof: %w", err)
				}
				if err := about.check(proof); err != nil {
					return fmt.Errorf("read the node's proof: %w", err)
				}
				document := answer.Canonical
				if !binary {
					if document, err = cert.EncodeJSON(proof); err != nil {
						return fmt.Errorf("print the proof as JSON (--binary prints any): %w", err)
					}
					document = append(document, '\n')
				}
				_, err = cmd.OutOrStdout().Write(document)
				return err
			},
		}
		sub.Flags().String(flags.FlagNode, "tcp://localhost:26657", "HOST:PORT of the node's CometBFT RPC")
		cmd.AddCommand(sub)
		return sub
	}
	add("tx HASH", "Prove that a transaction is final, and what became of it", 1,
		func(cmd *cobra.Command, args []string, node types.ProofsClient) (types.Proof, subject, error) {
			answer, err := node.ProveTx(command.Context(cmd), &types.ProveTxRequest{Hash: args[0], Trust: start})
			return answer.GetProof(), subject{tx: &args[0]}, err
		})
	add("block HEIGHT", "Prove that a block is final", 1,
		func(cmd *cobra.Command, args []string, node types.ProofsClient) (types.Proof, subject, error) {
			height, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil {
				return types.Proof{}, subject{}, fmt.Errorf("read HEIGHT: expected a number, found %q", args[0])
			}
			answer, err := node.ProveBlock(command.Context(cmd), &types.ProveBlockRequest{Height: height, Trust: start})
			return answer.GetProof(), subject{block: &height}, err
		})
	var height uint64
	state := add("state STORE KEY", "Prove what a store has under a key (in hexadecimal), or that it has nothing there", 2,
		func(cmd *cobra.Command, args []string, node types.ProofsClient) (types.Proof, subject, error) {
			if _, err := hex.DecodeString(args[1]); err != nil {
				return types.Proof{}, subject{}, fmt.Errorf("read KEY: expected hexadecimal digits, found %q", args[1])
			}
			answer, err := node.ProveState(command.Context(cmd), &types.ProveStateRequest{Store: args[0], Key: args[1], Height: height, Trust: start})
			key := args[0] + "/" + args[1]
			about := subject{state: &key}
			if height > 0 {
				about.height = &height
			}
			return answer.GetProof(), about, err
		})
	state.Flags().Uint64Var(&height, flags.FlagHeight, 0, "after the block of this height (default the latest that can be proven)")
	return cmd
}

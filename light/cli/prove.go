package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

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
	var patience time.Duration
	cmd := &cobra.Command{
		Use:   "prove",
		RunE:  client.ValidateCmd, // an unknown subcommand is an error
		Short: "Get a proof that a transaction, a block or a piece of state is final, for offline verification",
		Long: fmt.Sprintf(`Get a proof that a transaction, a block or a piece of state is final, for offline verification with '%s verify'. It starts
at a finalized checkpoint that the verifier trusts, --from. Epoch 0, the anchor, is the same for everybody. A transaction and a state
can be proven once the block after theirs is final: --wait waits for it.`, o.Program),
		Example: fmt.Sprintf(`  %[1]s prove tx 5D5D… --wait 1m > proof.json
  %[1]s prove block 1000 --from 42 > proof.json
  %[1]s prove tx 5D5D… --binary > proof.bin
  %[1]s prove state bank 0014… --height 1000 > proof.json`, o.Program),
	}
	cmd.PersistentFlags().StringVar(&start.Epoch, "from", "0", "epoch of a finalized checkpoint that the verifier trusts, or finalized")
	cmd.PersistentFlags().BoolVar(&binary, "binary", false, "print the binary form, less than half as long, instead of JSON")
	cmd.PersistentFlags().BoolVar(&withoutMembers, "without-members", false, "leave out the trusted checkpoint's members, for a verifier with --trust-file")
	cmd.PersistentFlags().DurationVar(&patience, "wait", 0, "how long to wait until it can be proven; if 0, what can't be proven yet is an error at once")

	add := func(use, short string, args int, subjectOf func([]string) (cert.Subject, error)) *cobra.Command {
		sub := &cobra.Command{
			Use: use, Short: short, Args: cobra.ExactArgs(args),
			RunE: func(cmd *cobra.Command, args []string) error {
				about, err := subjectOf(args)
				if err != nil {
					return err
				}
				clientCtx, err := client.GetClientQueryContext(cmd)
				if err != nil {
					return err
				}
				if err := waitFor(command.Context(cmd), clientCtx, about, patience); err != nil {
					return cli.Said(err)
				}
				start.Members = !withoutMembers
				answer, err := ask(command.Context(cmd), types.NewProofsClient(clientCtx), about, start)
				if err != nil {
					return cli.Said(err)
				}
				return printProof(cmd, answer, about, binary)
			},
		}
		sub.Flags().String(flags.FlagNode, "tcp://localhost:26657", "HOST:PORT of the node's CometBFT RPC")
		cmd.AddCommand(sub)
		return sub
	}
	add("tx HASH", "Prove that a transaction is final, and what became of it", 1, func(args []string) (cert.Subject, error) {
		return txSubject(args[0])
	})
	add("block HEIGHT", "Prove that a block is final", 1, func(args []string) (cert.Subject, error) {
		height, err := strconv.ParseUint(args[0], 10, 64)
		if err != nil {
			return cert.Subject{}, fmt.Errorf("read HEIGHT: expected a number, found %q", args[0])
		}
		return cert.BlockSubject(height), nil
	})
	var height uint64
	state := add("state STORE KEY", "Prove what a store has under a key (in hexadecimal), or that it has nothing there", 2,
		func(args []string) (cert.Subject, error) { return stateSubject(args[0], args[1], height) })
	state.Flags().Uint64Var(&height, flags.FlagHeight, 0, "after the block of this height (default the latest that can be proven)")
	return cmd
}

// waitFor waits until a node can prove a subject. It doesn't wait at all if patience is 0.
func waitFor(ctx context.Context, node client.Context, about cert.Subject, patience time.Duration) error {
	if patience <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	switch about.Kind {
	case cert.KindTx:
		return cli.WaitProvable(ctx, node, about.TxHash.String(), 0)
	case cert.KindState:
		if about.Height > 0 {
			return cli.WaitProvable(ctx, node, "", about.Height+1)
		}
		return cli.WaitProvable(ctx, node, "", 0)
	default:
		return cli.WaitProvable(ctx, node, "", about.Height)
	}
}

// ask asks a node for the proof of a subject.
func ask(ctx context.Context, node types.ProofsClient, about cert.Subject, start types.TrustStart) (types.Proof, error) {
	switch about.Kind {
	case cert.KindTx:
		answer, err := node.ProveTx(ctx, &types.ProveTxRequest{Hash: about.TxHash.String(), Trust: start})
		return answer.GetProof(), err
	case cert.KindState:
		answer, err := node.ProveState(ctx, &types.ProveStateRequest{
			Store: about.Store, Key: fmt.Sprintf("%x", about.Key), Height: about.Height, Trust: start,
		})
		return answer.GetProof(), err
	default:
		answer, err := node.ProveBlock(ctx, &types.ProveBlockRequest{Height: about.Height, Trust: start})
		return answer.GetProof(), err
	}
}

// printProof prints a node's answer, provided that it is about the subject.
func printProof(cmd *cobra.Command, answer types.Proof, about cert.Subject, binary bool) error {
	proof, err := cert.DecodeProof(answer.Canonical)
	if err == nil {
		err = about.Check(proof)
	}
	if err != nil {
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
}

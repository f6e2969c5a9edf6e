package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// errTrustFlag: --trust or --trust-file says nothing that can be trusted.
var errTrustFlag = errors.New("invalid trust")

// TxFailed says that a transaction is proven final and failed. It has an exit code of its own, 2, so that a script that waits for a
// payment can't mistake it for one.
type TxFailed struct{ Code uint32 }

// Error says that the proof is good.
func (e *TxFailed) Error() string {
	return fmt.Sprintf("the proof is valid: the transaction is final, and it FAILED with code %d", e.Code)
}

// ExitCode returns the exit code of a process that ends with this error.
func ExitCode(err error) int {
	var failed *TxFailed
	if errors.As(err, &failed) {
		return 2
	}
	return 1
}

func (o Options) verifyCommand() *cobra.Command {
	var chainID, trust, trustFile, output string
	var unbonding time.Duration
	var allowDegraded bool
	var readSubject func() (cert.Subject, error)
	cmd := &cobra.Command{
		Use:   "verify PROOF",
		Short: "Verify offline that a block, a transaction or a piece of state is final",
		Long: fmt.Sprintf(`Verify offline that a block, a transaction or a piece of state is final, given a checkpoint that you trust. Proofs come from
'%s prove', from nodes and from light clients. The command asks nobody: it needs only the file, the trust, and this machine's clock
for the age of the trust. PROOF is a file with the proof in JSON or in binary form, or - for standard input.

A proof may be about anything. A script that acts on the exit code says what the proof must be about: --tx, --block or --state.

Exit code: 0 if the proof is valid, 2 if it is valid and shows that the transaction failed, 1 otherwise.`, o.Program),
		Example: fmt.Sprintf(`  %[1]s verify proof.json --tx 5D5D… --chain-id dualchain-1 --trust 42:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  %[1]s verify proof.json --chain-id dualchain-1 --trust-file trust.json     # curl http://127.0.0.1:8899/trust > trust.json`, o.Program),
		Args:              cobra.ExactArgs(1),
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // no node, no home
		RunE: func(cmd *cobra.Command, args []string) error {
			asJSON, err := outputFormat(output)
			if err != nil {
				return err
			}
			content, err := readArgument(cmd, args[0])
			if err != nil {
				return err
			}
			proof, err := readProof(content)
			if err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			about, err := readSubject()
			if err == nil {
				err = about.Check(proof) // before the trust, whose flags the user may have to correct for this very proof
			}
			if err != nil {
				return err
			}
			from, err := o.trustOf(trust, trustFile, proof)
			if err != nil {
				return err
			}
			options := cert.Options{Now: time.Now(), UnbondingTime: unbonding, AllowDegraded: allowDegraded}
			outcome, err := cert.VerifyProof(proof, chainID, from, about, options)
			return conclude(cmd.OutOrStdout(), verification{proof, from, outcome, err, asJSON})
		},
	}
	cmd.Flags().StringVar(&chainID, flags.FlagChainID, "", "the chain's id; a checkpoint does not contain it, and the same voters may have signed for another chain")
	cmd.Flags().StringVar(&trust, "trust", "", "epoch and root of a finalized checkpoint that you trust, EPOCH:ROOT")
	cmd.Flags().StringVar(&trustFile, "trust-file", "", "file with a finalized checkpoint and its members, as light clients serve it")
	cmd.Flags().DurationVar(&unbonding, "unbonding-time", finalitytypes.DefaultParams().UnbondingTime, "the chain's unbonding time: older trust is refused")
	cmd.Flags().BoolVar(&allowDegraded, "allow-degraded", false, "accept checkpoints whose powers the inactivity leak has lowered")
	cmd.Flags().StringVarP(&output, flags.FlagOutput, "o", "text", "text: a line for each step; json: one object, for programs")
	readSubject = subjectFlags(cmd)
	if err := cmd.MarkFlagRequired(flags.FlagChainID); err != nil {
		panic(err) // can't be: the flag is defined above
	}
	cmd.MarkFlagsOneRequired("trust", "trust-file")
	cmd.MarkFlagsMutuallyExclusive("trust", "trust-file")
	return cmd
}

// conclude prints a verification, and returns its error.
func conclude(out io.Writer, v verification) error {
	if err := v.print(out); err != nil {
		return err
	}
	if v.err != nil {
		return fmt.Errorf("not proven: %w", v.err)
	}
	if tx := v.outcome.Tx; tx != nil && tx.Result.Code != 0 {
		return &TxFailed{Code: tx.Result.Code}
	}
	return nil
}

// stage is a part of a verification that gets a line of its own.
type stage struct {
	steps []cert.Step
	says  string
}

// stepsOf returns a line for each stage of a verification that ended with err, up to the failed one.
func stepsOf(proof cert.Proof, trust cert.Trust, outcome cert.Outcome, err error) []string {
	failed, _ := cert.FailedStep(err)
	var lines []string
	for _, stage := range stagesOf(proof, trust, outcome) {
		for _, step := range stage.steps {
			if step == failed {
				return append(lines, "FAIL  "+stage.says)
			}
		}
		lines = append(lines, "ok    "+stage.says)
	}
	if err != nil {
		return nil // it failed before the first stage
	}
	return append(lines, "FINAL "+summaryOf(outcome))
}

func stagesOf(proof cert.Proof, trust cert.Trust, outcome cert.Outcome) []stage {
	stages := []stage{
		{[]cert.Step{cert.StepDecode, cert.StepChain, cert.StepSubject}, "chain      " + proof.ChainID},
		{[]cert.Step{cert.StepTrust, cert.StepExpired}, fmt.Sprintf("trust      epoch %d, root %s", trust.Checkpoint.Epoch, trust.Checkpoint.Root())},
	}
	if len(proof.HandOvers) > 0 {
		says := fmt.Sprintf("hand-overs %d of them", len(proof.HandOvers))
		if reached := outcome.Trust.Checkpoint; reached.Epoch > 0 {
			says += fmt.Sprintf(", to epoch %d, root %s", reached.Epoch, reached.Root())
		}
		stages = append(stages, stage{[]cert.Step{
			cert.StepAnchor, cert.StepOrder, cert.StepDegraded, cert.StepExtends, cert.StepSet, cert.StepNext, cert.StepSource,
			cert.StepSigners, cert.StepQuorum, cert.StepSignature,
		}, says})
	}
	included := func(what string, blocks ...cert.BlockProof) {
		for _, block := range blocks {
			what += fmt.Sprintf(" %d %s", block.Height, block.Hash)
		}
		stages = append(stages, stage{[]cert.Step{cert.StepInclusion}, "inclusion  " + what})
	}
	header := func(says string) { stages = append(stages, stage{[]cert.Step{cert.StepHeader}, "header     " + says}) }
	switch {
	case proof.Block != nil:
		included("block", *proof.Block)
	case proof.Tx != nil:
		included("blocks", proof.Tx.Block, proof.Tx.Next)
		header(fmt.Sprintf("data hash of block %d, last results hash of block %d", proof.Tx.Block.Height, proof.Tx.Next.Height))
		stages = append(stages,
			stage{[]cert.Step{cert.StepTx}, fmt.Sprintf("tx         %s is number %d in the block", proof.Tx.Hash, proof.Tx.Index)},
			stage{[]cert.Step{cert.StepResult}, fmt.Sprintf("result     code %d, gas used %d", proof.Tx.Result.Code, proof.Tx.Result.GasUsed)})
	case proof.State != nil:
		included("block", proof.State.Block)
		header(fmt.Sprintf("app hash of block %d", proof.State.Block.Height))
		stages = append(stages, stage{[]cert.Step{cert.StepState}, fmt.Sprintf("state      store %s, key %x", proof.State.Store, []byte(proof.State.Key))})
	}
	return stages
}

// summaryOf describes what is proven.
func summaryOf(o cert.Outcome) string {
	switch {
	case o.Tx != nil && o.Tx.Result.Code == 0:
		return fmt.Sprintf("transaction %s succeeded in block %d", o.Tx.Hash, o.Height)
	case o.Tx != nil:
		return fmt.Sprintf("transaction %s FAILED in block %d with code %d", o.Tx.Hash, o.Height, o.Tx.Result.Code)
	case o.State != nil && o.State.Exists():
		return fmt.Sprintf("after block %d, store %s had %x under key %x", o.Height, o.State.Store, []byte(o.State.Value), []byte(o.State.Key))
	case o.State != nil:
		return fmt.Sprintf("after block %d, store %s had nothing under key %x", o.Height, o.State.Store, []byte(o.State.Key))
	default:
		return fmt.Sprintf("block %d", o.Height)
	}
}

// trustOf returns the checkpoint that the flags trust. If they give only its epoch and root, the proof has to contain the rest.
func (o Options) trustOf(name, file string, proof cert.Proof) (cert.Trust, error) {
	if file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return cert.Trust{}, fmt.Errorf("read --trust-file: %w", err)
		}
		trust, err := readDocument[cert.Trust](content, "trust")
		if err != nil {
			return cert.Trust{}, fmt.Errorf("read --trust-file %s: %w", file, err)
		}
		return trust, nil
	}
	ref, err := parseRef(name)
	if err != nil {
		return cert.Trust{}, fmt.Errorf("read --trust: %w", err)
	}
	if proof.Trust == nil {
		return cert.Trust{}, fmt.Errorf("%w: expected a proof that contains the members of the trusted checkpoint, found one without: use --trust-file, or make the proof with '%s prove --from %d'",
			errTrustFlag, o.Program, ref.Epoch)
	}
	if found := proof.Trust.Checkpoint.Ref(); found.Epoch == ref.Epoch && found.Root != ref.Root {
		return cert.Trust{}, fmt.Errorf("%w: expected a proof that starts at epoch %d with root %s, found root %s: the proof is of another chain or fork, or the trust is wrong",
			errTrustFlag, ref.Epoch, ref.Root, found.Root)
	} else if found != ref {
		return cert.Trust{}, fmt.Errorf("%w: expected a proof that starts at epoch %d with root %s, found epoch %d with root %s: make one with '%s prove --from %d'",
			errTrustFlag, ref.Epoch, ref.Root, found.Epoch, found.Root, o.Program, ref.Epoch)
	}
	return *proof.Trust, nil
}

// parseRef reads EPOCH:ROOT.
func parseRef(text string) (ffg.Ref, error) {
	ref, err := ffg.ParseRef(text)
	if err != nil {
		return ref, fmt.Errorf("%w: %w", errTrustFlag, err)
	}
	return ref, nil
}

package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/x/finality/trusted"
	"github.com/dualchain/dualchain/x/finality/types"
)

func (o Options) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import-certificate FILE",
		Short: "Hold this node's chain to a checkpoint that a certificate proves final",
		Long: fmt.Sprintf(`Hold this node's chain to a checkpoint that a certificate proves final. FILE is a proof ('%[1]s prove block HEIGHT
--from EPOCH') of a block after a checkpoint that this node keeps, EPOCH, or a bare certificate by voters that this chain knows, such as
another node's answer to '%[1]s query finality certificate finalized --output json'; - is standard input. It must be valid, not
degraded, and start at a checkpoint younger than the unbonding time: EPOCH, or the last change of voters before a bare certificate.

If this node's chain has another checkpoint in that epoch, the command fails and shows both, and from then on the node refuses to
start: it is on a fork that finality went against. Stop the node first: the command opens its database.`, o.Program),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			content, err := readArgument(cmd, args[0])
			if err != nil {
				return err
			}
			document, err := importable(content)
			if err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			node, err := o.OpenNode(cmd)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, node.Close()) }()
			chain, err := ownChain(node)
			if err != nil {
				return err
			}
			checkpoint, err := trusted.Import(document, chain, time.Now())
			if err != nil {
				return err
			}
			if err := trusted.Add(node.Home, checkpoint); err != nil {
				return err
			}
			if err := trusted.Check([]trusted.Checkpoint{checkpoint}, chain.Own); err != nil {
				return err
			}
			return command.PrintJSON(cmd, checkpoint)
		},
	}
}

// importable returns a proof or a certificate, in any of their forms, as trusted.Import takes it.
func importable(content []byte) ([]byte, error) {
	proof, proofErr := readProof(content)
	if proofErr == nil {
		return proof.Encode()
	}
	certificate, err := readDocument[cert.Certificate](content, "certificate")
	if err == nil {
		return certificate.Encode()
	}
	return nil, fmt.Errorf("expected a proof or a certificate: %w; %w", proofErr, err)
}

// ownChain reads what certificates are verified with from a node's state.
func ownChain(node Node) (trusted.Chain, error) {
	answer, err := node.Queries.Params(node.State, &types.QueryParamsRequest{})
	if err != nil {
		return trusted.Chain{}, fmt.Errorf("read the unbonding time: %w", err)
	}
	anchor, err := node.Queries.TrustPoint(node.State, &types.QueryTrustPointRequest{Epoch: "0"})
	if err != nil {
		return trusted.Chain{}, fmt.Errorf("read the anchor: %w", err)
	}
	chain := trusted.Chain{ID: node.ChainID, UnbondingTime: answer.Params.UnbondingTime, Own: node.Own}
	if chain.Anchor, err = cert.DecodeTrust(anchor.Canonical); err != nil {
		return trusted.Chain{}, fmt.Errorf("read the anchor: %w", err)
	}
	for pair, more := chain.Anchor.Checkpoint.Pair, true; more; {
		page, err := node.Queries.HandOvers(node.State, &types.QueryHandOversRequest{Pair: pair})
		if err != nil {
			return trusted.Chain{}, fmt.Errorf("read the archive: %w", err)
		}
		for _, kept := range page.HandOvers {
			h, err := cert.DecodeHandOver(kept.Canonical)
			if err != nil {
				return trusted.Chain{}, fmt.Errorf("read the archive: %w", err)
			}
			chain.HandOvers, pair = append(chain.HandOvers, h), h.Certificate.First.Pair
		}
		more = page.More
	}
	return chain, nil
}

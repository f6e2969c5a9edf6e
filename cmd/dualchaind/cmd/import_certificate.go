package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/server"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/internal/command"
	finalitykeeper "github.com/dualchain/dualchain/x/finality/keeper"
	"github.com/dualchain/dualchain/x/finality/trusted"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

func importCertificateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import-certificate FILE",
		Short: "Hold this node's chain to a checkpoint that a certificate proves final",
		Long: `Hold this node's chain to a checkpoint that a certificate proves final. FILE is a proof ('dualchaind prove block HEIGHT
--from EPOCH') of a block after a checkpoint that this node keeps, EPOCH, or a bare certificate by voters that this chain knows, such as
another node's answer to 'dualchaind query finality certificate finalized --output json'; - is standard input. It must be valid, not
degraded, and lead from a checkpoint younger than the unbonding time: EPOCH, or the last change of voters before a bare certificate.

If this node's chain has another checkpoint in that epoch, the command fails and shows both, and from then on the node refuses to
start: it is on a fork that finality went against. Stop the node before: its database is opened.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			content, err := readArgument(cmd, args[0])
			if err != nil {
				return err
			}
			document, err := importable(content)
			if err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			srv := server.GetServerContextFromCmd(cmd)
			if _, err := os.Stat(srv.Config.GenesisFile()); err != nil {
				return fmt.Errorf("open the node in %s: expected a home with a genesis: %w", srv.Config.RootDir, err)
			}
			db, err := dbm.NewDB("application", server.GetAppDBBackend(srv.Viper), filepath.Join(srv.Config.RootDir, "data"))
			if err != nil {
				return fmt.Errorf("open the node's database, which takes a node that is stopped: %w", err)
			}
			node, err := app.New(srv.Logger, db, true, srv.Viper, server.DefaultBaseappOptions(srv.Viper)...)
			if err != nil {
				return fmt.Errorf("open the application: %w", err)
			}
			defer node.Close() //nolint:errcheck // only read
			ctx, err := node.CreateQueryContext(node.LastBlockHeight(), false)
			if err != nil {
				return fmt.Errorf("open the latest state: %w", err)
			}
			chain, err := ownChain(ctx, node)
			if err != nil {
				return err
			}
			chain.ID = ctx.ChainID()
			checkpoint, err := trusted.Import(document, chain, time.Now())
			if err != nil {
				return err
			}
			if err := trusted.Add(srv.Config.RootDir, checkpoint); err != nil {
				return err
			}
			if err := trusted.Check([]trusted.Checkpoint{checkpoint}, chain.Own); err != nil {
				return err
			}
			return command.PrintJSON(cmd, checkpoint)
		},
	}
}

// importable returns a proof or a certificate, in any form in which it is to be had, as trusted.Import takes it.
func importable(content []byte) ([]byte, error) {
	proof, proofErr := readProof(content)
	if proofErr == nil {
		return proof.Encode()
	}
	certificate, err := readDocument(content, "certificate", cert.DecodeCertificate)
	if err == nil {
		return certificate.Encode()
	}
	return nil, fmt.Errorf("expected a proof or a certificate: %w; %w", proofErr, err)
}

// ownChain reads what certificates are verified with from a node's state.
func ownChain(ctx context.Context, node *app.App) (trusted.Chain, error) {
	params, err := node.FinalityKeeper.Params(ctx)
	if err != nil {
		return trusted.Chain{}, fmt.Errorf("read the unbonding time: %w", err)
	}
	queries := finalitykeeper.QueryServer{Keeper: node.FinalityKeeper}
	anchor, err := queries.TrustPoint(ctx, &finalitytypes.QueryTrustPointRequest{Epoch: "0"})
	if err != nil {
		return trusted.Chain{}, fmt.Errorf("read the anchor: %w", err)
	}
	chain := trusted.Chain{UnbondingTime: params.UnbondingTime, Own: node.OwnCheckpoint(ctx)}
	if chain.Anchor, err = cert.DecodeTrust(anchor.Canonical); err != nil {
		return trusted.Chain{}, fmt.Errorf("read the anchor: %w", err)
	}
	for pair, more := chain.Anchor.Checkpoint.Pair, true; more; {
		answer, err := queries.HandOvers(ctx, &finalitytypes.QueryHandOversRequest{Pair: pair})
		if err != nil {
			return trusted.Chain{}, fmt.Errorf("read the archive: %w", err)
		}
		for _, kept := range answer.HandOvers {
			h, err := cert.DecodeHandOver(kept.Canonical)
			if err != nil {
				return trusted.Chain{}, fmt.Errorf("read the archive: %w", err)
			}
			chain.HandOvers, pair = append(chain.HandOvers, h), h.Certificate.First.Pair
		}
		more = answer.More
	}
	return chain, nil
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/x/finality/types"
)

// NewQueryCmd returns the module's query command with the hand-written ones; autocli adds the others.
func NewQueryCmd() *cobra.Command {
	cmd := &cobra.Command{Use: types.ModuleName, Short: "Queries of the finality layer", RunE: client.ValidateCmd}
	cmd.AddCommand(newTxStatusCmd(), newWaitTxCmd())
	return cmd
}

func newTxStatusCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tx HASH",
		Short: "Show how final a transaction is: committed, checkpointed, justified or finalized, and how long it may take",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			answer, err := types.NewProofsClient(clientCtx).TxStatus(cmd.Context(), &types.TxStatusRequest{Hash: args[0]})
			if err != nil {
				return Said(err)
			}
			return clientCtx.PrintProto(answer)
		},
	}
	flags.AddQueryFlagsToCmd(cmd)
	return cmd
}

// minPoll bounds how often wait-tx asks.
const minPoll = 10 * time.Millisecond

// ErrTimeout is wrapped when a transaction didn't become as final as was asked in time.
var ErrTimeout = errors.New("timed out")

func newWaitTxCmd() *cobra.Command {
	var level string
	var timeout, poll time.Duration
	cmd := &cobra.Command{
		Use:   "wait-tx HASH",
		Short: "Wait until a transaction is final, or as much of it as --level says",
		Long: `Wait until a transaction is final, or as much of it as --level says: committed, checkpointed, justified, finalized. It also waits
for a transaction that no block has yet. The exit code is 0 then, also if the transaction failed: look at code. The node is believed; for
a proof use 'dualchaind prove tx'.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, known := types.FinalityLevel_value["FINALITY_LEVEL_"+strings.ToUpper(level)]
			if !known || wanted == 0 {
				return fmt.Errorf("read --level: expected committed, checkpointed, justified or finalized, found %q", level)
			}
			if poll < minPoll {
				return fmt.Errorf("read --poll: expected at least %s, found %s", minPoll, poll)
			}
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			answer, err := waitForTx(ctx, types.NewProofsClient(clientCtx), args[0], types.FinalityLevel(wanted), poll)
			if err != nil {
				return Said(err)
			}
			return clientCtx.PrintProto(answer)
		},
	}
	cmd.Flags().StringVar(&level, "level", "finalized", "what to wait for: committed, checkpointed, justified or finalized")
	cmd.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait")
	cmd.Flags().DurationVar(&poll, "poll", 500*time.Millisecond, "how often to ask")
	flags.AddQueryFlagsToCmd(cmd)
	return cmd
}

// txStatuses answers how final a transaction is.
type txStatuses interface {
	TxStatus(ctx context.Context, request *types.TxStatusRequest, opts ...grpc.CallOption) (*types.TxStatusResponse, error)
}

// waitForTx asks until a transaction has a level. A transaction that is unknown may still come; any other refusal ends it.
func waitForTx(ctx context.Context, node txStatuses, hash string, level types.FinalityLevel, poll time.Duration) (*types.TxStatusResponse, error) {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	reached := "it is in no block"
	for {
		answer, err := node.TxStatus(ctx, &types.TxStatusRequest{Hash: hash})
		switch {
		case err == nil && answer.Level >= level:
			return answer, nil
		case err == nil:
			reached = fmt.Sprintf("it is %s in block %d, and its epoch %d needs about %d blocks",
				strings.ToLower(strings.TrimPrefix(answer.Level.String(), "FINALITY_LEVEL_")), answer.Height, answer.Epoch, answer.EtaBlocks)
		case status.Code(err) != codes.NotFound && ctx.Err() == nil:
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for transaction %s: %w: %s", hash, ErrTimeout, reached)
		case <-ticker.C:
		}
	}
}

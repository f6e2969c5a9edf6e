package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	gogogrpc "github.com/cosmos/gogoproto/grpc"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// minPoll bounds how often a waiting command asks.
const minPoll = 10 * time.Millisecond

// provable is the level after finalized: the block with the transaction's result is final too, so that a proof can be had.
const provable = "provable"

var (
	// ErrTimeout is wrapped when what was waited for didn't come in time.
	ErrTimeout = errors.New("timed out")
	// ErrNeverProvable is wrapped for a transaction that was committed before the first checkpoint: no vote is about it.
	ErrNeverProvable = errors.New("it can never be proven")
)

func newWaitTxCmd() *cobra.Command {
	var level string
	var timeout, poll time.Duration
	cmd := &cobra.Command{
		Use:   "wait-tx HASH",
		Short: "Wait until a transaction is final, or as much of it as --level says",
		Long: `Wait until a transaction is final, or as much of it as --level says: committed, checkpointed, justified, finalized, or provable: then
the next block, which has the result, is final too, and 'dualchaind prove tx' succeeds. It also waits for a transaction that no block
has yet. The exit code is 0 then, also if the transaction failed: look at code. The node is believed; for a proof use 'dualchaind
prove tx --wait 1m'.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			reached, err := levelNamed(level)
			if err != nil {
				return err
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
			answer, err := waitForTx(ctx, types.NewProofsClient(clientCtx), args[0], reached, poll)
			if err != nil {
				return Said(err)
			}
			return clientCtx.PrintProto(answer)
		},
	}
	cmd.Flags().StringVar(&level, "level", "finalized", "what to wait for: committed, checkpointed, justified, finalized or provable")
	cmd.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait")
	cmd.Flags().DurationVar(&poll, "poll", 500*time.Millisecond, "how often to ask")
	flags.AddQueryFlagsToCmd(cmd)
	return cmd
}

// reached reports whether a transaction has come as far as it is waited for, or can never.
type reached func(*types.TxStatusResponse) (bool, error)

func levelNamed(name string) (reached, error) {
	if name == provable {
		return isProvable, nil
	}
	wanted, known := types.FinalityLevel_value["FINALITY_LEVEL_"+strings.ToUpper(name)]
	if level := types.FinalityLevel(wanted); known && level != types.FinalityLevel_FINALITY_LEVEL_UNSPECIFIED && level != types.FinalityLevel_FINALITY_LEVEL_ANCHORED {
		return func(answer *types.TxStatusResponse) (bool, error) { return answer.Level >= level, nil }, nil
	}
	return nil, fmt.Errorf("read --level: expected committed, checkpointed, justified, finalized or provable, found %q", name)
}

func isProvable(answer *types.TxStatusResponse) (bool, error) {
	if answer.Level == types.FinalityLevel_FINALITY_LEVEL_ANCHORED {
		return false, fmt.Errorf("%w: block %d is not above the anchor, the first checkpoint", ErrNeverProvable, answer.Height)
	}
	return answer.Provable, nil
}

// txStatuses answers how final a transaction is.
type txStatuses interface {
	TxStatus(ctx context.Context, request *types.TxStatusRequest, opts ...grpc.CallOption) (*types.TxStatusResponse, error)
}

// waitForTx asks until a transaction has come far enough. A transaction that is unknown may still come; any other refusal ends it.
func waitForTx(ctx context.Context, node txStatuses, hash string, far reached, poll time.Duration) (*types.TxStatusResponse, error) {
	var answer *types.TxStatusResponse
	err := wait(ctx, "transaction "+hash, poll, func() (done bool, found string, err error) {
		answer, err = node.TxStatus(ctx, &types.TxStatusRequest{Hash: hash})
		switch {
		case status.Code(err) == codes.NotFound:
			return false, "it is in no block", nil
		case err != nil:
			return false, "", err
		}
		done, err = far(answer)
		return done, fmt.Sprintf("it is %s in block %d, and its epoch %d needs about %d blocks",
			strings.ToLower(strings.TrimPrefix(answer.Level.String(), "FINALITY_LEVEL_")), answer.Height, answer.Epoch, answer.EtaBlocks), err
	})
	return answer, err
}

// heads answers how far the chain is final.
type heads interface {
	Status(ctx context.Context, request *checkpointtypes.QueryStatusRequest, opts ...grpc.CallOption) (*checkpointtypes.QueryStatusResponse, error)
}

// waitForHeight asks until a block is final, or any above the anchor if height is 0.
func waitForHeight(ctx context.Context, node heads, height uint64, poll time.Duration) error {
	return wait(ctx, fmt.Sprintf("block %d", height), poll, func() (done bool, found string, err error) {
		answer, err := node.Status(ctx, &checkpointtypes.QueryStatusRequest{})
		switch {
		case err != nil:
			return false, "", err
		case answer.Finalized == nil:
			return false, "nothing is final", nil
		}
		done = answer.Finalized.Height >= height && (height > 0 || answer.Finalized.Epoch > 0)
		return done, fmt.Sprintf("the finalized head is block %d", answer.Finalized.Height), nil
	})
}

// WaitProvable waits until a node can prove a transaction, or if hash is empty, the block of a height; height 0 stands for any above
// the anchor. Errors wrap ErrTimeout or ErrNeverProvable, or are the node's.
func WaitProvable(ctx context.Context, node gogogrpc.ClientConn, hash string, height uint64) error {
	const poll = 500 * time.Millisecond
	if hash == "" {
		return waitForHeight(ctx, checkpointtypes.NewQueryClient(node), height, poll)
	}
	_, err := waitForTx(ctx, types.NewProofsClient(node), hash, isProvable, poll)
	return err
}

// wait asks until it is done. When the time is over, the error says what was found last.
func wait(ctx context.Context, what string, poll time.Duration, ask func() (done bool, found string, err error)) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	last := "the node has not answered"
	for {
		done, found, err := ask()
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			last = found
		case ctx.Err() == nil:
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w: %s", what, ErrTimeout, last)
		case <-ticker.C:
		}
	}
}

package proofs

import (
	"context"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	comet "github.com/cometbft/cometbft/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
)

// A node has blocks from some height on: that where it was state-synced, or up to which it was pruned. What it lacks is its
// own shortcoming (FailedPrecondition), and another node may have it.

func (s *Server) tx(ctx context.Context, hash []byte) (*coretypes.ResultTx, error) {
	found, err := s.comet.Tx(ctx, hash, false)
	switch { // CometBFT gives these errors no code: its words decide
	case err == nil:
		return found, nil
	case strings.Contains(err.Error(), "indexing is disabled"):
		return nil, refusal.New(reason.TxNotIndexed, "%s", `this node does not index transactions: set indexer = "kv" under [tx_index] in its config.toml, or ask another`)
	case !strings.Contains(err.Error(), "not found"):
		return nil, status.Errorf(codes.Unavailable, "look up transaction %X: %s", hash, err)
	}
	node, err := s.comet.Status(ctx)
	if err != nil {
		return nil, status.Errorf(codes.Unavailable, "ask for the node's blocks: %s", err)
	}
	return nil, refusal.New(reason.TxNotFound, "no transaction %X in the blocks from %d to %d, which this node has", hash,
		node.SyncInfo.EarliestBlockHeight, node.SyncInfo.LatestBlockHeight)
}

func (s *Server) block(ctx context.Context, height uint64) (*comet.Block, error) {
	at := int64(height)
	found, err := s.comet.Block(ctx, &at)
	if err != nil || found.Block == nil {
		return nil, s.missing(ctx, "block", height, err)
	}
	return found.Block, nil
}

func (s *Server) results(ctx context.Context, height uint64) ([]*abci.ExecTxResult, error) {
	at := int64(height)
	found, err := s.comet.BlockResults(ctx, &at)
	if err != nil {
		return nil, s.missing(ctx, "the results of block", height, err)
	}
	return found.TxsResults, nil
}

func (s *Server) header(ctx context.Context, height uint64) (*comet.Header, error) {
	found, err := s.comet.BlockchainInfo(ctx, int64(height), int64(height))
	if err != nil || len(found.BlockMetas) != 1 || found.BlockMetas[0] == nil || found.BlockMetas[0].Header.Height != int64(height) {
		return nil, s.missing(ctx, "the header of block", height, err)
	}
	return &found.BlockMetas[0].Header, nil
}

// missing says which blocks this node has in place of the one that it hasn't.
func (s *Server) missing(ctx context.Context, what string, height uint64, cause error) error {
	node, err := s.comet.Status(ctx)
	if err != nil {
		return status.Errorf(codes.Unavailable, "ask for the node's blocks: %s", err)
	}
	because := ""
	if cause != nil {
		because = ": " + cause.Error()
	}
	return refusal.New(reason.NodeLacks,
		"this node lacks %s %d, which another may have; it was pruned or state-synced and has blocks %d to %d%s", what, height,
		node.SyncInfo.EarliestBlockHeight, node.SyncInfo.LatestBlockHeight, because)
}

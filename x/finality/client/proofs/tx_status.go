package proofs

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// TxStatus tells how far finality has come with a transaction.
func (s *Server) TxStatus(ctx context.Context, req *types.TxStatusRequest) (*types.TxStatusResponse, error) {
	hash, err := parseHex("hash", req.GetHash(), sha256.Size, sha256.Size)
	if err != nil {
		return nil, err
	}
	found, err := s.tx(ctx, hash)
	if err != nil {
		return nil, err
	}
	heads, err := s.checkpoints.Status(ctx, &checkpointtypes.QueryStatusRequest{})
	if err != nil {
		return nil, err
	}
	height := uint64(found.Height)
	out := &types.TxStatusResponse{
		Height: height, Index: found.Index, Code: found.TxResult.Code, Codespace: found.TxResult.Codespace, Log: found.TxResult.Log,
		Level: level(heads, height),
	}
	if !heads.Anchored {
		return out, nil
	}
	if out.Epoch, err = s.covering(ctx, heads, height); err != nil {
		return nil, err
	}
	anchor, err := s.anchorHeight(ctx)
	if err != nil {
		return nil, err
	}
	out.Provable = height > anchor && height < heads.Finalized.Height // and so is the next block, which has the result
	if height <= anchor {
		out.Level = types.FinalityLevel_FINALITY_LEVEL_ANCHORED
	}
	wait, err := s.estimate(ctx, heads, height)
	out.EtaBlocks, out.EtaEpochs, out.EtaSeconds = wait.blocks, wait.epochs, wait.seconds
	return out, err
}

// level compares a height above the anchor with the heads.
func level(heads *checkpointtypes.QueryStatusResponse, height uint64) types.FinalityLevel {
	covers := func(h *checkpointtypes.Head) bool { return h != nil && h.Height >= height }
	switch {
	case covers(heads.Finalized):
		return types.FinalityLevel_FINALITY_LEVEL_FINALIZED
	case covers(heads.Justified):
		return types.FinalityLevel_FINALITY_LEVEL_JUSTIFIED
	case covers(heads.Head):
		return types.FinalityLevel_FINALITY_LEVEL_CHECKPOINTED
	default:
		return types.FinalityLevel_FINALITY_LEVEL_COMMITTED
	}
}

// covering returns the first kept epoch that covers a height, or the one to come.
func (s *Server) covering(ctx context.Context, heads *checkpointtypes.QueryStatusResponse, height uint64) (uint64, error) {
	if height > heads.Head.Height {
		return heads.Head.Epoch + 1, nil
	}
	found, err := s.checkpoints.CheckpointByHeight(ctx, &checkpointtypes.QueryCheckpointByHeightRequest{Height: height})
	if err != nil {
		return 0, err
	}
	return found.Record.Checkpoint.Epoch, nil
}

// anchorHeight returns the height of the first checkpoint. The history begins above it, and so does what votes make final.
func (s *Server) anchorHeight(ctx context.Context) (uint64, error) {
	found, err := s.checkpoints.Checkpoint(ctx, &checkpointtypes.QueryCheckpointRequest{Id: "finalized"})
	if err != nil {
		return 0, err
	}
	final := found.Record.Checkpoint
	return final.Height - final.HistorySize, nil
}

// notFinal says how far finality has come with a block that a proof needs.
func (s *Server) notFinal(ctx context.Context, heads *checkpointtypes.QueryStatusResponse, height uint64) error {
	if !heads.Anchored {
		return refusal.New(reason.NothingFinal, "nothing is final yet: no voter has been eligible")
	}
	if height > heads.Height {
		return refusal.New(reason.BlockToCome, "block %d, which the proof needs, is to come: the latest is %d, the finalized head block %d",
			height, heads.Height, heads.Finalized.Height)
	}
	wait, err := s.estimate(ctx, heads, height)
	if err != nil {
		return err
	}
	text := strings.ToLower(strings.TrimPrefix(level(heads, height).String(), "FINALITY_LEVEL_"))
	return refusal.New(reason.BlockNotFinal, "block %d, which the proof needs, is %s, not final: the finalized head is block %d; expected in %s",
		height, text, heads.Finalized.Height, wait)
}

// wait is an estimate of how long it takes until something is final.
type wait struct{ blocks, epochs, seconds uint64 }

func (w wait) String() string {
	text := fmt.Sprintf("%d blocks and %d epochs", w.blocks, w.epochs)
	if w.seconds > 0 {
		text += fmt.Sprintf(", about %d s", w.seconds)
	}
	return text
}

// estimate assumes that votes for a checkpoint are in the block after it, from now on: a checkpoint is then justified in that
// block, and final in the one after the next checkpoint.
func (s *Server) estimate(ctx context.Context, heads *checkpointtypes.QueryStatusResponse, height uint64) (wait, error) {
	if heads.Finalized.Height >= height {
		return wait{}, nil
	}
	next := heads.NextCheckpointHeight
	var at wait // blocks counts from the genesis at first
	switch {
	case height > heads.Head.Height: // under the next checkpoint: final with the one after
		found, err := s.checkpoints.Params(ctx, &checkpointtypes.QueryParamsRequest{})
		if err != nil {
			return wait{}, err
		}
		at = wait{blocks: next + found.Params.Interval + 1, epochs: 2}
	default:
		head, err := s.checkpoints.Checkpoint(ctx, &checkpointtypes.QueryCheckpointRequest{Id: "head"})
		if err != nil {
			return wait{}, err
		}
		source, err := s.sourceHeight(ctx, head.Record.Source)
		if err != nil {
			return wait{}, err
		}
		if at = (wait{blocks: next + 1, epochs: 1}); source >= height { // the votes for the head finalize it
			at = wait{blocks: heads.Height + 1}
		}
	}
	at.blocks -= min(at.blocks, heads.Height)
	perBlock, err := s.blockTime(ctx)
	at.seconds = uint64(float64(at.blocks)*perBlock + 0.5)
	return at, err
}

func (s *Server) sourceHeight(ctx context.Context, source *checkpointtypes.Ref) (uint64, error) {
	if source == nil { // the anchor is the head
		return 0, nil
	}
	found, err := s.checkpoints.Checkpoint(ctx, &checkpointtypes.QueryCheckpointRequest{Id: fmt.Sprint(source.Epoch)})
	if err != nil {
		return 0, err
	}
	return found.Record.Checkpoint.Height, nil
}

// blockTime returns the seconds from block to block, lately; 0 if there are too few blocks to tell. It reads no more than 20 headers,
// CometBFT's limit.
func (s *Server) blockTime(ctx context.Context) (float64, error) {
	found, err := s.comet.BlockchainInfo(ctx, 0, 0)
	if err != nil {
		return 0, status.Errorf(codes.Unavailable, "ask for recent blocks: %s", err)
	}
	metas := found.BlockMetas // newest first
	if len(metas) < 2 || metas[0] == nil || metas[len(metas)-1] == nil {
		return 0, nil
	}
	newest, oldest := metas[0].Header, metas[len(metas)-1].Header
	return newest.Time.Sub(oldest.Time).Seconds() / float64(newest.Height-oldest.Height), nil
}

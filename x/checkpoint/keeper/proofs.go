package keeper

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	"github.com/dualchain/dualchain/x/checkpoint/types"
)

// The perfect nodes of the history are kept for ever (protocol §2), so that any block can be proved under any history, also
// under those of checkpoints that are not kept. A proof reads O(log n) nodes.

// InclusionProof proves that a block is in a history.
func (q QueryServer) InclusionProof(ctx context.Context, req *types.QueryInclusionProofRequest) (*types.QueryInclusionProofResponse, error) {
	size, err := q.historySize(ctx, req.GetEpoch(), req.GetSize_(), "finalized")
	if err != nil {
		return nil, err
	}
	anchor, err := q.anchorHeight.Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("read anchor: %w", err)
	}
	if req.GetHeight() <= anchor || req.GetHeight()-anchor > size {
		return nil, refusal.New(reason.OutOfRange, "height: expected %d to %d, the blocks of this history; found %d",
			anchor+1, anchor+size, req.GetHeight())
	}
	index := req.GetHeight() - anchor - 1
	path, err := history.ProveInclusion(q.nodes(ctx), index, size)
	if err != nil {
		return nil, err
	}
	return &types.QueryInclusionProofResponse{Index: index, Size_: size, Path: inHex(path)}, nil
}

// ConsistencyProof proves that one history begins with another.
func (q QueryServer) ConsistencyProof(ctx context.Context, req *types.QueryConsistencyProofRequest) (*types.QueryConsistencyProofResponse, error) {
	from, err := q.historySize(ctx, req.GetFromEpoch(), req.GetFromSize(), "")
	if err != nil {
		return nil, err
	}
	to, err := q.historySize(ctx, req.GetToEpoch(), req.GetToSize(), "finalized")
	if err != nil {
		return nil, err
	}
	if from > to {
		return nil, refusal.New(reason.InvalidRequest, "from: expected a history of at most %d blocks, as many as to has; found %d", to, from)
	}
	path, err := history.ProveConsistency(q.nodes(ctx), from, to)
	if err != nil {
		return nil, err
	}
	return &types.QueryConsistencyProofResponse{FromSize: from, ToSize: to, Path: inHex(path)}, nil
}

// historySize resolves a history that a request names by epoch or by size; fallback is the epoch if it names none, and the
// empty history if that is empty too.
func (q QueryServer) historySize(ctx context.Context, epoch string, size uint64, fallback string) (uint64, error) {
	now, err := q.history.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, refusal.New(reason.NotAnchored, "%s", types.ErrNotAnchored)
	}
	if err != nil {
		return 0, fmt.Errorf("read history: %w", err)
	}
	switch {
	case epoch != "" && size > 0:
		return 0, refusal.New(reason.InvalidRequest, "expected an epoch or a size, found both: %q and %d", epoch, size)
	case size > now.Size:
		return 0, refusal.New(reason.OutOfRange, "size: expected at most %d, the blocks above the anchor; found %d", now.Size, size)
	case size > 0:
		return size, nil
	case epoch == "" && fallback == "":
		return 0, nil
	case epoch == "":
		epoch = fallback
	}
	number, err := q.ResolveEpoch(ctx, epoch)
	if err != nil {
		return 0, err
	}
	r, err := q.Record(ctx, number)
	if errors.Is(err, types.ErrNotFound) {
		return 0, refusal.New(reason.NotKept, "no checkpoint of epoch %d is kept here; its history_size names its history as well", number)
	}
	return r.HistorySize, err
}

func (q QueryServer) nodes(ctx context.Context) history.Nodes {
	return func(id history.NodeID) ([32]byte, error) {
		hash, err := q.historyNodes.Get(ctx, collections.Join(uint32(id.Level), id.Index))
		if err != nil {
			return [32]byte{}, err
		}
		return [32]byte(hash), nil
	}
}

func inHex(hashes [][32]byte) []string {
	out := make([]string, len(hashes))
	for i, hash := range hashes {
		out[i] = ffg.Root(hash).String()
	}
	return out
}

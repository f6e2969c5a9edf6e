package keeper

import (
	"context"
	"errors"
	"strconv"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/paging"
	"github.com/dualchain/dualchain/internal/refusal"
	"github.com/dualchain/dualchain/x/checkpoint/types"
)

// QueryServer serves the module's queries.
type QueryServer struct{ *Keeper }

var _ types.QueryServer = QueryServer{}

// Status returns the three heads and how far each is behind the latest block.
func (q QueryServer) Status(ctx context.Context, _ *types.QueryStatusRequest) (*types.QueryStatusResponse, error) {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	out := &types.QueryStatusResponse{ChainId: sdkCtx.ChainID(), Height: uint64(sdkCtx.BlockHeight()), TimeMs: blockTime(sdkCtx)}
	head, anchored, err := q.HeadEpoch(ctx)
	if err != nil || !anchored {
		return out, err
	}
	justified, err1 := q.justified.Get(ctx)
	finalized, err2 := q.finalized.Get(ctx)
	next, err3 := q.nextHeight.Get(ctx)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	out.Anchored, out.NextCheckpointHeight = true, next
	for _, h := range []struct {
		epoch uint64
		to    **types.Head
	}{{head, &out.Head}, {justified, &out.Justified}, {finalized, &out.Finalized}} {
		r, err := q.Record(ctx, h.epoch)
		if err != nil {
			return nil, err
		}
		*h.to = &types.Head{
			Epoch: r.Epoch, Root: r.Root().String(), Height: r.Height, TimeMs: r.Time,
			Lag: types.Lag{Blocks: less(out.Height, r.Height), Epochs: less(head, r.Epoch), Seconds: less(out.TimeMs, r.Time) / 1000},
		}
	}
	return out, nil
}

// less returns a - b, or 0.
func less(a, b uint64) uint64 { return a - min(a, b) }

// ResolveEpoch reads an epoch number, or one of the words head, justified and finalized.
func (k *Keeper) ResolveEpoch(ctx context.Context, id string) (uint64, error) {
	heads := map[string]collections.Item[uint64]{"head": k.head, "justified": k.justified, "finalized": k.finalized}
	if item, named := heads[id]; named {
		epoch, err := item.Get(ctx)
		if errors.Is(err, collections.ErrNotFound) {
			return 0, refusal.New(reason.NotAnchored, "%s", types.ErrNotAnchored)
		}
		return epoch, err
	}
	epoch, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return 0, refusal.New(reason.InvalidRequest, "epoch: expected a number, head, justified or finalized; found %q", id)
	}
	return epoch, nil
}

// Checkpoint returns one checkpoint.
func (q QueryServer) Checkpoint(ctx context.Context, req *types.QueryCheckpointRequest) (*types.QueryCheckpointResponse, error) {
	epoch, err := q.ResolveEpoch(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	record, err := q.view(ctx, epoch)
	if err != nil {
		return nil, err
	}
	return &types.QueryCheckpointResponse{Record: record}, nil
}

// CheckpointByHeight returns the first checkpoint at or above a height: the one that covers the block.
func (q QueryServer) CheckpointByHeight(ctx context.Context, req *types.QueryCheckpointByHeightRequest) (*types.QueryCheckpointByHeightResponse, error) {
	it, err := q.heights.Iterate(ctx, new(collections.Range[uint64]).StartInclusive(req.GetHeight()))
	if err != nil {
		return nil, err
	}
	defer it.Close()
	if !it.Valid() {
		return nil, refusal.New(reason.NotCovered, "no checkpoint covers height %d yet", req.GetHeight())
	}
	epoch, err := it.Value()
	if err != nil {
		return nil, err
	}
	if err := it.Close(); err != nil {
		return nil, err
	}
	record, err := q.view(ctx, epoch)
	if err != nil {
		return nil, err
	}
	return &types.QueryCheckpointByHeightResponse{Record: record}, nil
}

// Checkpoints lists the kept checkpoints.
func (q QueryServer) Checkpoints(ctx context.Context, req *types.QueryCheckpointsRequest) (*types.QueryCheckpointsResponse, error) {
	if err := paging.Check(req.GetPagination()); err != nil {
		return nil, err
	}
	finalized, err := q.FinalizedEpoch(ctx)
	if err != nil {
		return nil, err
	}
	records, next, err := query.CollectionPaginate(ctx, q.records, req.GetPagination(), func(_ uint64, r types.Record) (types.CheckpointRecord, error) {
		return q.recordView(ctx, r, finalized)
	})
	if err != nil {
		return nil, err
	}
	return &types.QueryCheckpointsResponse{Records: records, Pagination: next}, nil
}

// Params returns the parameters.
func (q QueryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	params, err := q.params.Get(ctx)
	return &types.QueryParamsResponse{Params: params}, err
}

func (q QueryServer) view(ctx context.Context, epoch uint64) (types.CheckpointRecord, error) {
	finalized, err := q.FinalizedEpoch(ctx)
	if err != nil {
		return types.CheckpointRecord{}, err
	}
	r, err := q.Record(ctx, epoch)
	if errors.Is(err, types.ErrNotFound) {
		return types.CheckpointRecord{}, refusal.New(reason.NotKept, "no checkpoint of epoch %d is kept here", epoch)
	}
	if err != nil {
		return types.CheckpointRecord{}, err
	}
	return q.recordView(ctx, r, finalized)
}

// recordView adds source and status. The source of an old record may be pruned already; its epoch stays.
func (q QueryServer) recordView(ctx context.Context, r types.Record, finalized uint64) (types.CheckpointRecord, error) {
	out := types.CheckpointRecord{Checkpoint: refCheckpoint(r), Status: types.CheckpointStatus_CHECKPOINT_STATUS_PROPOSED}
	switch {
	case r.Epoch <= finalized:
		out.Status = types.CheckpointStatus_CHECKPOINT_STATUS_FINALIZED
	case r.Justified:
		out.Status = types.CheckpointStatus_CHECKPOINT_STATUS_JUSTIFIED
	}
	if r.Epoch == 0 {
		return out, nil
	}
	out.Source = &types.Ref{Epoch: r.Source}
	source, err := q.Record(ctx, r.Source)
	if errors.Is(err, types.ErrNotFound) {
		return out, nil
	}
	out.Source.Root = source.Root().String()
	return out, err
}

func refCheckpoint(r types.Record) *types.Checkpoint {
	c := types.CheckpointFromFFG(r.Checkpoint)
	return &c
}

package keeper

import (
	"context"
	"fmt"
	"strconv"

	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	"github.com/dualchain/dualchain/x/finality/keeper/eras"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Participation returns how much a voter has voted in the open era, or in a closed one that is not settled. It reads a
// checkpoint and a tally for each epoch of the era (era_length is at most 10,000) and each set that voted in it once:
// less than the era's settlement does.
func (q QueryServer) Participation(ctx context.Context, req *types.QueryParticipationRequest) (*types.QueryParticipationResponse, error) {
	voter, err := q.resolveVoter(ctx, req.GetVoter())
	if err != nil {
		return nil, err
	}
	key, err := types.ParsePublicKey(voter.PubKey)
	if err != nil {
		return nil, err
	}
	oldest, head, anchored, err := q.Window(ctx)
	if err != nil {
		return nil, err
	}
	if !anchored {
		return nil, refusal.New(reason.NoOpenEpoch, "%s", types.ErrNoEpochs)
	}
	era, oldestEra, err := q.unsettledEra(ctx, req.GetEra())
	if err != nil {
		return nil, err
	}
	params, err := q.Keeper.Params(ctx)
	if err != nil {
		return nil, err
	}
	out := &types.QueryParticipationResponse{
		Era: era, Counted: era.LastEpoch, OldestUnsettled: oldestEra, MinParticipationPpm: params.MinParticipationPpm,
		Accountable: eras.Accountable(voter, era),
	}
	if era.LastEpoch == 0 && head >= era.FirstEpoch {
		out.Counted = head
	}
	l, err := q.eras.Voted(ctx, key, era.FirstEpoch, out.Counted, func(epoch uint64, signed bool) {
		out.Epochs++
		switch {
		case signed:
			out.Recorded++
		case epoch >= oldest:
			out.Pending++
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read era %d: %w", era.Index, err)
	}
	out.ExpectedWeight, out.RecordedWeight = l.Expected.String(), l.Signed.String()
	out.ParticipationPpm = l.PPM()
	return out, nil
}

// unsettledEra finds an era by its index, or the open one, and the index of the oldest that is not settled.
func (q QueryServer) unsettledEra(ctx context.Context, id string) (era types.Era, oldest uint64, err error) {
	open, err := q.eras.Open(ctx)
	if err != nil {
		return open, 0, err
	}
	unsettled, err := q.eras.OldestUnsettled(ctx)
	if err != nil {
		return open, 0, err
	}
	oldest = unsettled.Index
	if id == "" {
		return open, oldest, nil
	}
	index, err := strconv.ParseUint(id, 10, 64)
	switch {
	case err != nil:
		return open, oldest, refusal.New(reason.InvalidRequest, "era: expected an index, or nothing for the open one; found %q", id)
	case index < oldest || index > open.Index:
		return open, oldest, refusal.New(reason.NotFound, "era: expected one that is not settled, %d to %d; found %d", oldest, open.Index, index)
	case index == open.Index:
		return open, oldest, nil
	}
	era, err = q.eras.Closed(ctx, index)
	return era, oldest, err
}

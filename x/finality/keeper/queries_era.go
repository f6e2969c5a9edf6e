package keeper

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
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
		Accountable: accountable(voter, era),
	}
	if era.LastEpoch == 0 && head >= era.FirstEpoch {
		out.Counted = head
	}
	l, err := q.eraLine(ctx, key, era.FirstEpoch, out.Counted, func(epoch uint64, signed bool) {
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
	out.ExpectedWeight, out.RecordedWeight = l.expected.String(), l.signed.String()
	out.ParticipationPpm = l.ppm()
	return out, nil
}

// unsettledEra finds an era by its index, or the open one, and the index of the oldest that is not settled.
func (q QueryServer) unsettledEra(ctx context.Context, id string) (era types.Era, oldest uint64, err error) {
	open, err := q.era.Get(ctx)
	if err != nil {
		return open, 0, fmt.Errorf("read open era: %w", err)
	}
	oldest = open.Index
	if err := q.closedEras.Walk(ctx, nil, func(index uint64, _ types.Era) (bool, error) {
		oldest = index
		return true, nil
	}); err != nil {
		return open, 0, fmt.Errorf("read closed eras: %w", err)
	}
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
	era, err = q.closedEras.Get(ctx, index)
	return era, oldest, err
}

// eraLine adds up one voter's part in the epochs from first to last, and tells of each in which it had weight.
func (q QueryServer) eraLine(ctx context.Context, key ffg.PublicKey, first, last uint64, epochs func(epoch uint64, signed bool)) (line, error) {
	var out line
	var hash ffg.Root
	var weight uint64
	position, member := 0, false
	for epoch := first; epoch <= last; epoch++ {
		r, err := q.checkpoints.Record(ctx, epoch)
		if err != nil {
			return out, err
		}
		if r.VoterSetHash != hash {
			hash = r.VoterSetHash
			set, err := q.sets.Get(ctx, hash[:])
			if err != nil {
				return out, fmt.Errorf("read set %s: %w", hash, err)
			}
			position, member = slices.BinarySearchFunc(set.Members, key.String(), func(m types.SetMember, key string) int { return cmp.Compare(m.PubKey, key) })
			if member {
				weight = max(set.Members[position].Rear, set.Members[position].Current)
			}
		}
		if !member {
			continue
		}
		signers, err := q.Tally(ctx, epoch)
		if err != nil {
			return out, fmt.Errorf("read tally of epoch %d: %w", epoch, err)
		}
		signed := signers.Get(position)
		out.expected = out.expected.Add(weight)
		if signed {
			out.signed = out.signed.Add(weight)
		}
		epochs(epoch, signed)
	}
	return out, nil
}

// ppm returns the part of the expected weight that was signed, rounded down.
func (l line) ppm() uint32 {
	if l.expected.IsZero() {
		return 0
	}
	signed := new(big.Int).Mul(l.signed.Big(), big.NewInt(types.Million))
	return uint32(signed.Quo(signed, l.expected.Big()).Uint64())
}

package abci

import (
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/votepool"
	"github.com/dualchain/dualchain/x/finality/types"
)

// target is an open target with the pool's votes that its tally lacks.
type target struct {
	types.OpenTarget
	parts []votepool.Part // never empty
}

func (t target) epoch() uint64 { return t.Vote.Target.Epoch }

// openTargets returns the targets between the oldest open one and the head for which the pool has something new. A
// target that can't be read is left out, and logged.
func (h *Handlers) openTargets(ctx sdk.Context) ([]target, error) {
	oldest, head, anchored, err := h.keeper.Window(ctx)
	if err != nil || !anchored {
		return nil, err
	}
	var open []target
	for _, epoch := range h.pool.Targets() {
		if epoch < oldest || epoch > head {
			continue
		}
		t, err := h.keeper.OpenTarget(ctx, epoch)
		if err != nil {
			ctx.Logger().Error("collect votes", "epoch", epoch, "err", err)
			continue
		}
		if parts := h.pool.Missing(t.Vote, t.Set, t.Signers); len(parts) > 0 {
			open = append(open, target{t, parts})
		}
	}
	return open, nil
}

// voteTx aggregates a target's votes, verifies the sum and encodes it. Every part was verified when it came, so a
// sum that doesn't verify means a fault of this node: the bad parts are dropped, and the rest is tried once more.
func (h *Handlers) voteTx(ctx sdk.Context, t target) ([]byte, error) {
	agg, err := h.aggregate(ctx, t)
	if err != nil {
		dropped, findErr := h.dropInvalid(ctx, &t)
		if findErr != nil {
			return nil, fmt.Errorf("%w; find the votes to blame: %w", err, findErr)
		}
		if dropped == 0 || len(t.parts) == 0 {
			return nil, fmt.Errorf("%w; %d votes dropped, %d left", err, dropped, len(t.parts))
		}
		if agg, err = h.aggregate(ctx, t); err != nil {
			return nil, err
		}
	}
	return types.EncodeUnsigned(&types.MsgSubmitVotes{Votes: types.AggregateVoteFromFFG(agg)})
}

func (h *Handlers) aggregate(ctx sdk.Context, t target) (ffg.AggregateVote, error) {
	signers, signature, err := votepool.Aggregate(t.parts, len(t.Set))
	if err != nil {
		return ffg.AggregateVote{}, err
	}
	agg := ffg.AggregateVote{Vote: t.Vote, VoterSetHash: t.SetHash, Signers: signers, Signature: signature}
	return agg, h.keeper.CheckVotes(ctx, agg)
}

// dropInvalid takes parts that don't verify out of the target and the pool, and returns how many there were.
func (h *Handlers) dropInvalid(ctx sdk.Context, t *target) (int, error) {
	keys, signatures := make([]*bls.PublicKey, len(t.parts)), make([][bls.SignatureSize]byte, len(t.parts))
	for i, part := range t.parts {
		keys[i], signatures[i] = t.Keys.Key(part.Position), part.Signature.Bytes()
	}
	bad, err := bls.FindInvalid(keys, t.Vote.SigningRoot(h.keeper.Domain(ctx)), signatures)
	if err != nil {
		return 0, err
	}
	left := t.parts[:0:0]
	for i, part := range t.parts {
		if len(bad) > 0 && bad[0] == i {
			bad = bad[1:]
			h.pool.Remove(t.epoch(), t.Set[part.Position].Key)
			continue
		}
		left = append(left, part)
	}
	dropped := len(t.parts) - len(left)
	t.parts = left
	return dropped, nil
}

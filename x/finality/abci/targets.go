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
	vote    ffg.Vote // the canonical one
	setHash ffg.Root
	set     ffg.VoterSet
	keys    *bls.KeySet
	parts   []votepool.Part // never empty
	quorum  bool
}

func (t target) epoch() uint64 { return t.vote.Target.Epoch }

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
		t, err := h.target(ctx, epoch)
		if err != nil {
			ctx.Logger().Error("collect votes", "epoch", epoch, "err", err)
			continue
		}
		if len(t.parts) > 0 {
			open = append(open, t)
		}
	}
	return open, nil
}

func (h *Handlers) target(ctx sdk.Context, epoch uint64) (t target, err error) {
	if t.vote, err = h.keeper.CanonicalVote(ctx, epoch); err != nil {
		return t, fmt.Errorf("read vote: %w", err)
	}
	if t.setHash, err = h.keeper.SetHash(ctx, epoch); err != nil {
		return t, fmt.Errorf("read set hash: %w", err)
	}
	if t.set, t.keys, err = h.keeper.Keys(ctx, t.setHash); err != nil {
		return t, fmt.Errorf("read set: %w", err)
	}
	if t.quorum, err = h.keeper.QuorumReached(ctx, epoch); err != nil {
		return t, fmt.Errorf("read quorum: %w", err)
	}
	tally, err := h.keeper.Tally(ctx, epoch)
	if err != nil {
		return t, fmt.Errorf("read tally: %w", err)
	}
	t.parts = h.pool.Missing(t.vote, t.set, tally)
	return t, nil
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
	signers, signature, err := votepool.Aggregate(t.parts, len(t.set))
	if err != nil {
		return ffg.AggregateVote{}, err
	}
	agg := ffg.AggregateVote{Vote: t.vote, VoterSetHash: t.setHash, Signers: signers, Signature: signature}
	return agg, h.keeper.CheckVotes(ctx, agg)
}

// dropInvalid takes parts that don't verify out of the target and the pool, and returns how many there were.
func (h *Handlers) dropInvalid(ctx sdk.Context, t *target) (int, error) {
	keys, signatures := make([]*bls.PublicKey, len(t.parts)), make([][bls.SignatureSize]byte, len(t.parts))
	for i, part := range t.parts {
		keys[i], signatures[i] = t.keys.Key(part.Position), part.Signature
	}
	bad, err := bls.FindInvalid(keys, t.vote.SigningRoot(h.keeper.Domain(ctx)), signatures)
	if err != nil {
		return 0, err
	}
	left := t.parts[:0:0]
	for i, part := range t.parts {
		if len(bad) > 0 && bad[0] == i {
			bad = bad[1:]
			h.pool.Remove(t.epoch(), t.set[part.Position].Key)
			continue
		}
		left = append(left, part)
	}
	dropped := len(t.parts) - len(left)
	t.parts = left
	return dropped, nil
}

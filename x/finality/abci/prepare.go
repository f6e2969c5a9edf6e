package abci

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/votepool"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A proposal is: the votes that tallies lack, ascending by target; then at most one evidence; then ordinary transactions,
// as far as they fit. Votes take their space first, so nobody can crowd them out.

// PrepareProposal is the PrepareProposal handler. It never fails: votes are proposed if the choice of ordinary
// transactions fails, and ordinary transactions if the votes do.
func (h *Handlers) PrepareProposal(ctx sdk.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	ours := h.inject(ctx, req.MaxTxBytes)
	others, err := h.choose(ctx, req, req.MaxTxBytes-sizeOf(ours...))
	if err != nil {
		ctx.Logger().Error("choose ordinary transactions", "height", req.Height, "err", err)
	}
	return &abci.ResponsePrepareProposal{Txs: append(ours, others...)}, nil
}

// choose returns the ordinary transactions of a proposal, at most room bytes of them: the chain's own choice if it has a
// handler for that. What no valid block may hold, or doesn't fit into its bytes and gas, is left out of it.
func (h *Handlers) choose(ctx sdk.Context, req *abci.RequestPrepareProposal, room int64) (txs [][]byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			txs, err = nil, fmt.Errorf("panic: %v", r)
		}
	}()
	candidates := req.Txs
	if h.txs != nil {
		candidates = h.txs.lane.Select(room, int64(min(blockGas(ctx), math.MaxInt64)))
	}
	if h.own.PrepareProposal == nil {
		return h.fill(ctx, candidates, room), nil
	}
	rest := *req
	rest.Txs, rest.MaxTxBytes = slices.DeleteFunc(slices.Clone(candidates), isOurs), room
	chosen, err := h.own.PrepareProposal(ctx, &rest)
	if err != nil {
		return nil, err
	}
	txs = h.fill(ctx, chosen.Txs, room)
	if left := len(chosen.Txs) - len(txs); left > 0 {
		ctx.Logger().Error("the chain's proposal holds transactions that no valid block may hold, or that don't fit", "height", req.Height, "left_out", left)
	}
	return txs, nil
}

// isOurs reports whether bytes from the mempool are a gossip message, an injection, or an injection in another encoding.
func isOurs(txBytes []byte) bool {
	if gossip.Is(txBytes) {
		return true
	}
	_, unsigned, err := types.DecodeUnsigned(txBytes)
	return unsigned || err != nil
}

// inject returns the unsigned transactions of a proposal, at most room bytes of them.
func (h *Handlers) inject(ctx sdk.Context, room int64) (txs [][]byte) {
	defer func() {
		if r := recover(); r != nil {
			ctx.Logger().Error("inject votes", "panic", r)
			txs = nil
		}
	}()
	votes, err := h.injectVotes(ctx, room)
	if err != nil {
		ctx.Logger().Error("inject votes", "err", err)
		return nil
	}
	evidence, err := h.injectEvidence(ctx, room-sizeOf(votes...))
	if err != nil {
		ctx.Logger().Error("inject evidence", "err", err)
	}
	return append(votes, evidence...)
}

// injectVotes chooses among the open targets: those short of quorum, newest first, then the others, newest first, so
// that old votes released one by one can't starve the head.
func (h *Handlers) injectVotes(ctx sdk.Context, room int64) ([][]byte, error) {
	maxVotes, err := h.maxVotes(ctx)
	if err != nil || maxVotes == 0 {
		return nil, err
	}
	open, err := h.openTargets(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(open, func(a, b target) int {
		if a.Justified != b.Justified {
			if b.Justified {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.epoch(), a.epoch())
	})
	type chosen struct {
		epoch uint64
		tx    []byte
	}
	var votes []chosen
	for _, t := range open {
		if len(votes) >= maxVotes {
			break
		}
		tx, err := h.voteTx(ctx, t)
		if err != nil { // one bad target must not silence the others
			ctx.Logger().Error("aggregate votes", "epoch", t.epoch(), "err", err)
			continue
		}
		if size := sizeOf(tx); size <= room {
			votes, room = append(votes, chosen{t.epoch(), tx}), room-size
		}
	}
	slices.SortFunc(votes, func(a, b chosen) int { return cmp.Compare(a.epoch, b.epoch) })
	txs := make([][]byte, len(votes))
	for i, v := range votes {
		txs[i] = v.tx
	}
	return txs, nil
}

// injectEvidence returns the first of the pool's conflicts that x/finality would punish now. It forgets those that
// it would not: a voter that was slashed or has nothing left to lose stays so.
func (h *Handlers) injectEvidence(ctx sdk.Context, room int64) ([][]byte, error) {
	for _, conflict := range h.pool.Conflicts() {
		index, tombstoned, found, err := h.keeper.Registration(ctx, conflict.Key())
		if err != nil {
			return nil, fmt.Errorf("look up key %s: %w", conflict.Key(), err)
		}
		evidence := types.Evidence{First: evidenceVote(index, conflict.First), Second: evidenceVote(index, conflict.Second)}
		if tombstoned || !found || h.keeper.CheckUnsignedEvidence(ctx, evidence) != nil {
			h.pool.Forget(conflict.Key())
			continue
		}
		tx, err := types.EncodeUnsigned(&types.MsgSubmitEvidence{Evidence: evidence})
		if err != nil {
			return nil, err
		}
		if sizeOf(tx) <= room {
			return [][]byte{tx}, nil
		}
	}
	return nil, nil
}

func evidenceVote(index uint64, signed votepool.Signed) types.EvidenceVote {
	return types.EvidenceVote{
		Vote:          types.VoteFromFFG(signed.Vote),
		Registrations: []uint64{index},
		Signature:     signed.Signature[:],
	}
}

// fill returns the transactions that follow, in order, as far as they fit into room bytes and the block's gas. What
// could not be in a valid proposal, or doesn't fit even alone, is passed over; at the first one that doesn't fit
// behind the others it stops, so that an account's transactions stay in their order.
func (h *Handlers) fill(ctx sdk.Context, txs [][]byte, room int64) [][]byte {
	gasRoom := blockGas(ctx)
	bytesLeft, gasLeft := room, gasRoom
	var filled [][]byte
	for _, txBytes := range txs {
		if isOurs(txBytes) {
			continue
		}
		gas, err := h.ordinary(txBytes)
		size := sizeOf(txBytes)
		if err != nil || size > room || gas > gasRoom {
			continue
		}
		if size > bytesLeft || gas > gasLeft {
			break
		}
		filled = append(filled, txBytes)
		bytesLeft, gasLeft = bytesLeft-size, gasLeft-gas
	}
	return filled
}

// blockGas returns the gas of a block, all that can be counted if the chain has no limit (0 means none to the SDK).
func blockGas(ctx sdk.Context) uint64 {
	if block := ctx.ConsensusParams().Block; block != nil && block.MaxGas > 0 {
		return uint64(block.MaxGas)
	}
	return ^uint64(0)
}

// sizeOf returns what transactions take in a block's data, in bytes.
func sizeOf(txs ...[]byte) int64 { return cmttypes.ComputeProtoSizeForTxs(cmttypes.ToTxs(txs)) }

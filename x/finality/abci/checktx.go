package abci

import (
	"errors"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/votepool"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A voter's vote is admitted to the pool once, and to the mempool so that it is gossiped, until a block has counted
// it or its target has left the window. Everything else takes the SDK's ordinary path.

// CheckTx is the CheckTx handler. It never returns an error, which would halt CometBFT: what is wrong is in the code.
func (h *Handlers) CheckTx(runTx sdk.RunTx, req *abci.RequestCheckTx) (resp *abci.ResponseCheckTx, _ error) {
	defer func() {
		if r := recover(); r != nil {
			resp = refuse(ErrPanic.Wrapf("%v", r))
		}
	}()
	msg, unsigned, err := types.DecodeUnsigned(req.Tx)
	switch {
	case err != nil:
		return refuse(ErrNotCanonical.Wrap(err.Error())), nil
	case !unsigned:
		return h.checkOrdinary(runTx, req), nil
	}
	votes, ok := msg.(*types.MsgSubmitVotes)
	if !ok {
		return refuse(ErrEvidenceGossip), nil
	}
	check := h.admit
	if req.Type == abci.CheckTxType_Recheck {
		check = h.recheck
	}
	if err := check(h.checkState(), votes); err != nil {
		return refuse(err), nil
	}
	return &abci.ResponseCheckTx{Code: abci.CodeTypeOK}, nil
}

// refuse answers with the code of the registered error that err wraps: the SDK finds only what its own Wrap wrapped.
func refuse(err error) *abci.ResponseCheckTx {
	var registered *errorsmod.Error
	if !errors.As(err, &registered) {
		return sdkerrors.ResponseCheckTxWithEvents(err, 0, 0, nil, false)
	}
	return &abci.ResponseCheckTx{Codespace: registered.Codespace(), Code: registered.ABCICode(), Log: err.Error()}
}

// checkOrdinary runs the chain's own handler, or does what BaseApp does without one.
func (h *Handlers) checkOrdinary(runTx sdk.RunTx, req *abci.RequestCheckTx) *abci.ResponseCheckTx {
	if h.own.CheckTx == nil {
		return runOrdinary(runTx, req.Tx)
	}
	resp, err := h.own.CheckTx(runTx, req)
	if err == nil && resp == nil { // CometBFT would dereference it
		err = ErrPanic.Wrap("the chain's handler returned no answer")
	}
	if err != nil {
		return refuse(err)
	}
	return resp
}

// runOrdinary is what BaseApp does without a handler.
func runOrdinary(runTx sdk.RunTx, txBytes []byte) *abci.ResponseCheckTx {
	gas, result, events, err := runTx(txBytes, nil)
	if err != nil {
		return sdkerrors.ResponseCheckTxWithEvents(err, gas.GasWanted, gas.GasUsed, events, false)
	}
	return &abci.ResponseCheckTx{
		GasWanted: int64(gas.GasWanted),
		GasUsed:   int64(gas.GasUsed),
		Log:       result.Log,
		Data:      result.Data,
		Events:    result.Events,
	}
}

// single is a gossiped vote in the window, with the position of its one signer in the set that it names.
type single struct {
	ffg.AggregateVote
	position int
	target   *types.OpenTarget // nil if it is above the head: there is no tally yet
}

// recorded reports whether the target's tally has the voter.
func (v single) recorded() error {
	if v.target != nil && v.target.Signers.Get(v.position) {
		return types.ErrRedundant.Wrapf("epoch %d: signer %d is recorded", v.Vote.Target.Epoch, v.position)
	}
	return nil
}

// admit checks a vote, the cheap things first and the signature last, and adds it to the pool. A vote for a known
// target that isn't the canonical one is welcome: nobody counts it, but it may be half of a proof (protocol §4).
func (h *Handlers) admit(ctx sdk.Context, msg *types.MsgSubmitVotes) error {
	vote, err := h.place(ctx, msg)
	if err != nil {
		return err
	}
	set, keys, err := h.voters(ctx, vote)
	if err != nil {
		return err
	}
	if err := vote.Signers.Validate(len(set)); err != nil {
		return types.ErrInvalidBitfield.Wrap(err.Error())
	}
	if vote.target != nil && vote.Vote == vote.target.Vote { // another vote by a voter that the tally has is evidence
		if err := vote.recorded(); err != nil {
			return err
		}
	}
	signed := votepool.Signed{Key: set[vote.position].Key, Vote: vote.Vote, Signature: vote.Signature}
	_, err = h.pool.Add(signed, func() error {
		if err := bls.Verify(keys.Key(vote.position), vote.Vote.SigningRoot(h.keeper.Domain(ctx)), vote.Signature); err != nil {
			return types.ErrInvalidSignature.Wrap(err.Error())
		}
		return nil
	})
	if err == nil || errors.Is(err, types.ErrInvalidSignature) {
		return err
	}
	return ErrPool.Wrap(err.Error())
}

// recheck says whether a vote that was admitted is still worth gossiping. It verifies nothing again.
func (h *Handlers) recheck(ctx sdk.Context, msg *types.MsgSubmitVotes) error {
	vote, err := h.place(ctx, msg)
	if err != nil {
		return err
	}
	return vote.recorded()
}

// place checks a vote's form, its window and the set that it names, and moves the pool's window along.
func (h *Handlers) place(ctx sdk.Context, msg *types.MsgSubmitVotes) (single, error) {
	agg, err := msg.Votes.ToFFG()
	if err != nil {
		return single{}, err
	}
	if n := agg.Signers.Count(); n != 1 {
		return single{}, ErrNotSingle.Wrapf("expected 1, found %d", n)
	}
	oldest, head, anchored, err := h.keeper.Window(ctx)
	if err != nil {
		return single{}, err
	}
	if !anchored {
		return single{}, types.ErrNoEpochs
	}
	target := agg.Vote.Target.Epoch
	if target < oldest || target > head && target-head > votepool.Ahead {
		return single{}, types.ErrVoteWindow.Wrapf("expected epoch %d to %d + %d, found %d", oldest, head, votepool.Ahead, target)
	}
	h.pool.Prune(oldest, head)
	vote := single{AggregateVote: agg}
	for position := range agg.Signers.Indices() {
		vote.position = position
	}
	if target > head {
		known, err := h.keeper.UpcomingSets(ctx)
		if err != nil {
			return vote, err
		}
		return vote, vote.checkSet(known...)
	}
	open, err := h.keeper.OpenTarget(ctx, target)
	if err != nil {
		return vote, err
	}
	vote.target = &open
	return vote, vote.checkSet(open.SetHash)
}

// checkSet requires the set of the target; above the head, where it isn't known yet, one of the two that it can be.
func (v single) checkSet(known ...ffg.Root) error {
	if !slices.Contains(known, v.VoterSetHash) {
		return types.ErrUnknownSet.Wrapf("epoch %d: expected one of %v, found %s", v.Vote.Target.Epoch, known, v.VoterSetHash)
	}
	return nil
}

// voters returns the set that a vote names, and its keys.
func (h *Handlers) voters(ctx sdk.Context, vote single) (ffg.VoterSet, *bls.KeySet, error) {
	if vote.target != nil {
		return vote.target.Set, vote.target.Keys, nil
	}
	return h.keeper.Keys(ctx, vote.VoterSetHash)
}

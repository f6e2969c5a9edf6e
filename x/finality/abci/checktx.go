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
	"github.com/dualchain/dualchain/gossip"
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
	if gossip.Is(req.Tx) {
		return h.checkVote(req), nil
	}
	_, unsigned, err := types.DecodeUnsigned(req.Tx)
	switch {
	case err != nil:
		return refuse(ErrNotCanonical.Wrap(err.Error())), nil
	case unsigned:
		return refuse(ErrProposersOnly), nil
	default:
		return h.checkOrdinary(runTx, req), nil
	}
}

// checkVote checks the vote of one voter, which CometBFT's mempool carries like a transaction.
func (h *Handlers) checkVote(req *abci.RequestCheckTx) *abci.ResponseCheckTx {
	pack, err := gossip.Decode(req.Tx)
	switch {
	case errors.Is(err, ffg.ErrVoteOrder):
		return refuse(types.ErrInvalidVote.Wrap(err.Error()))
	case err != nil:
		return refuse(ErrMalformed.Wrap(err.Error()))
	case len(pack.Parts) != 1 || pack.Salt != 0: // so that a vote has one encoding, which the mempool takes once
		return refuse(ErrNotSingle.Wrapf("expected 1 vote and salt 0, found %d and %d", len(pack.Parts), pack.Salt))
	}
	check := h.admit
	if req.Type == abci.CheckTxType_Recheck {
		check = h.recheck
	}
	if err := check(h.checkState(), pack); err != nil {
		return refuse(err)
	}
	return &abci.ResponseCheckTx{Code: abci.CodeTypeOK}
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

// single is a gossiped vote in the window, and what there is to know about its target.
type single struct {
	vote      ffg.Vote
	setHash   ffg.Root
	position  int // in the set that it names
	signature ffg.Signature
	target    *types.OpenTarget // nil if it is above the head: there is no tally yet
}

// stray reports whether the vote is for a known target and not the one that counts for it. It may be half of a proof (protocol §8).
func (v single) stray() bool { return v.target != nil && v.vote != v.target.Vote }

// recorded returns an error if the target's tally has the voter.
func (v single) recorded() error {
	if v.target != nil && v.target.Signers.Get(v.position) {
		return types.ErrRedundant.Wrapf("epoch %d: signer %d is recorded", v.vote.Target.Epoch, v.position)
	}
	return nil
}

// admit checks a vote, the cheap things first and the signature last, and adds it to the pool. A stray vote is admitted once, so that
// other nodes hear of it, and within a budget: nobody counts it.
func (h *Handlers) admit(ctx sdk.Context, pack gossip.Pack) error {
	vote, err := h.place(ctx, pack)
	if err != nil {
		return err
	}
	set, keys, err := h.voters(ctx, vote)
	if err != nil {
		return err
	}
	if vote.position >= len(set) {
		return types.ErrInvalidBitfield.Wrapf("position: expected below %d, found %d", len(set), vote.position)
	}
	if !vote.stray() {
		if err := vote.recorded(); err != nil {
			return err
		}
	}
	signed := votepool.Signed{Key: set[vote.position].Key, Vote: vote.vote, Signature: vote.signature}
	added, err := h.pool.Add(signed, func() (*bls.Signature, error) { return h.verify(ctx, vote, keys) })
	switch {
	case errors.Is(err, types.ErrInvalidSignature), errors.Is(err, ErrStrays):
		return err
	case err != nil:
		return ErrPool.Wrap(err.Error())
	case vote.stray() && !added:
		return ErrNoted
	}
	return nil
}

// verify reads and verifies the signature of a vote, within a budget if the vote is stray.
func (h *Handlers) verify(ctx sdk.Context, vote single, keys *bls.KeySet) (*bls.Signature, error) {
	if vote.stray() {
		if err := h.strays.take(vote.vote.Target.Epoch); err != nil {
			return nil, err
		}
	}
	point, err := bls.ParseSignature(vote.signature[:])
	if err == nil {
		err = point.Verify(keys.Key(vote.position), vote.vote.SigningRoot(h.keeper.Domain(ctx)))
	}
	if err != nil {
		return nil, types.ErrInvalidSignature.Wrap(err.Error())
	}
	return point, nil
}

// recheck says whether a vote that was admitted is still worth gossiping. It verifies nothing again. A stray vote is not: the pool has
// noted it, and every node has heard of it by now.
func (h *Handlers) recheck(ctx sdk.Context, pack gossip.Pack) error {
	vote, err := h.place(ctx, pack)
	if err != nil {
		return err
	}
	if vote.stray() {
		return ErrNoted
	}
	return vote.recorded()
}

// place checks a vote's window and the set that it names, and moves the pool's window along.
func (h *Handlers) place(ctx sdk.Context, pack gossip.Pack) (single, error) {
	vote := single{
		vote: pack.Vote, setHash: pack.SetHash, position: int(pack.Parts[0].Position), signature: pack.Parts[0].Signature,
	}
	oldest, head, anchored, err := h.keeper.Window(ctx)
	if err != nil {
		return vote, err
	}
	if !anchored {
		return vote, types.ErrNoEpochs
	}
	target := vote.vote.Target.Epoch
	if target < oldest || target > head && target-head > votepool.Ahead {
		return vote, types.ErrVoteWindow.Wrapf("expected epoch %d to %d + %d, found %d", oldest, head, votepool.Ahead, target)
	}
	h.pool.Prune(oldest, head)
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
	if !slices.Contains(known, v.setHash) {
		return types.ErrUnknownSet.Wrapf("epoch %d: expected one of %v, found %s", v.vote.Target.Epoch, known, v.setHash)
	}
	return nil
}

// voters returns the set that a vote names, and its keys.
func (h *Handlers) voters(ctx sdk.Context, vote single) (ffg.VoterSet, *bls.KeySet, error) {
	if vote.target != nil {
		return vote.target.Set, vote.target.Keys, nil
	}
	return h.keeper.Keys(ctx, vote.setHash)
}

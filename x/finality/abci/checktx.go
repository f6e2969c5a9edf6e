package abci

import (
	"errors"

	abci "github.com/cometbft/cometbft/abci/types"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/dualchain/dualchain/gossip"
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

// checkVote checks the votes of a pack. In CometBFT's mempool of type app, the lane of votes decides. In a flood mempool a pack of one
// vote takes the place of a transaction.
func (h *Handlers) checkVote(req *abci.RequestCheckTx) *abci.ResponseCheckTx {
	var err error
	switch {
	case h.lanes.App:
		err = h.votes.Submit(req.Tx)
	case req.Type == abci.CheckTxType_Recheck:
		err = h.flooded(req.Tx, h.recheck)
	default:
		err = h.flooded(req.Tx, h.admit)
	}
	if err != nil {
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
		if h.txs != nil {
			return h.txs.check(req.Tx)
		}
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

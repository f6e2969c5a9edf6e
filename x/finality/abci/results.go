package abci

import (
	"context"

	abci "github.com/cometbft/cometbft/abci/types"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/dualchain/dualchain/x/finality/types"
)

// results reports votes and evidence that fail in a block. Every validator checked them before the block, so a failure means that
// a step of the chain's wiring is missing or that this node has a fault, and without a report finality just never comes.
type results struct {
	logger   log.Logger
	ordinary *ordinaryLane
}

// listenTo adds results to the listeners that a chain has already.
func listenTo(app *baseapp.BaseApp, ordinary *ordinaryLane) {
	manager := app.StreamingManager()
	manager.ABCIListeners = append(manager.ABCIListeners, results{app.Logger(), ordinary})
	app.SetStreamingManager(manager)
}

var _ storetypes.ABCIListener = results{}

// ListenFinalizeBlock logs each vote or evidence at the front of a block that failed, as an error with its reason, and remembers the block for the ordinary lane.
func (r results) ListenFinalizeBlock(_ context.Context, req abci.RequestFinalizeBlock, res abci.ResponseFinalizeBlock) error {
	r.ordinary.finalized(req, res)
	for i, result := range res.TxResults[:min(len(res.TxResults), len(req.Txs))] {
		if result.IsOK() {
			continue
		}
		if _, unsigned, err := types.DecodeUnsigned(req.Txs[i]); err == nil && !unsigned {
			break // an ordinary transaction, and so are those that follow
		}
		r.logger.Error("a vote or evidence failed in a block", "height", req.Height, "position", i,
			"codespace", result.Codespace, "code", result.Code, "reason", result.Log)
	}
	return nil
}

// ListenCommit has nothing to report.
func (results) ListenCommit(context.Context, abci.ResponseCommit, []*storetypes.StoreKVPair) error {
	return nil
}

// Package abci carries votes and evidence between CometBFT and x/finality (protocol §12): voters' votes travel in packs (package
// gossip) into the node's vote pool, a proposer injects what the tallies lack, and ProcessProposal refuses blocks that inject anything
// else. It is transport only: what a valid vote or valid evidence is, x/finality decides.
//
// With CometBFT's mempool of type app, votes have a lane of their own (package lane/votes), and so have ordinary transactions (package
// lane/ordinary) unless the chain has a mempool. CometBFT's flood mempool works too: it checks one transaction at a time, at about a
// millisecond for a signature, and keeps one entry for each vote until a block counts it. With one checkpoint every few seconds that
// carries about 1,000 voters.
package abci

import (
	"context"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/lane/votes"
	"github.com/dualchain/dualchain/votepool"
	"github.com/dualchain/dualchain/x/finality/types"
)

// poolBytes bounds the vote pool: about 1,000 voters with a vote for each of 160 targets.
const poolBytes = 64 << 20

// Keeper is what the transport asks of x/finality.
type Keeper interface {
	votes.Keeper
	// CheckVotes says whether an aggregate would enter its tally now: window, vote, set, bits, redundancy, signature.
	CheckVotes(ctx context.Context, agg ffg.AggregateVote) error
	// CheckUnsignedEvidence says whether evidence may be injected now: one registration, the same on both sides, no
	// fork signers, two conflicting votes, valid signatures, a voter that can still be slashed.
	CheckUnsignedEvidence(ctx context.Context, evidence types.Evidence) error
	// Registration returns the index of a key and whether its voter was slashed for equivocation.
	Registration(ctx context.Context, key ffg.PublicKey) (index uint64, tombstoned, found bool, err error)
	// Params returns the parameters.
	Params(ctx context.Context) (types.Params, error)
}

// Own are a chain's own handlers, each nil if it has none. They see blocks without the votes and evidence that this
// package puts in front: with the Txs and MaxTxBytes that these leave, so that a chain's first transaction is Txs[0].
// Votes and evidence take no gas, so MaxGas in the context's consensus parameters is the block's.
type Own struct {
	CheckTx sdk.CheckTxHandler
	// InsertTx and ReapTxs are those of a chain with a mempool of its own, for CometBFT's mempool of type app. They see no votes. Such a
	// chain has both, and CheckTx and PrepareProposal too: its transactions are not in the ordinary lane.
	InsertTx sdk.InsertTxHandler
	ReapTxs  sdk.ReapTxsHandler
	// PrepareProposal chooses among the ordinary transactions, which it finds in Txs; without it, they are proposed in their order.
	PrepareProposal sdk.PrepareProposalHandler
	// ProcessProposal judges the ordinary transactions after this package has accepted the block. With it, a block may hold
	// transactions that the decoder can't read, such as those that the chain injects itself; without it, none may.
	ProcessProposal   sdk.ProcessProposalHandler
	PreBlocker        sdk.PreBlocker
	PrepareCheckState sdk.PrepareCheckStater
}

// Handlers are the ABCI handlers over one vote pool.
type Handlers struct {
	keeper     Keeper
	pool       *votepool.Pool
	votes      *votes.Lane
	txs        *ordinaryLane // nil in a flood mempool, and if the chain has a mempool of its own
	unpacked   int           // votes of packs in a flood mempool since the last block
	decode     sdk.TxDecoder
	checkState func() sdk.Context
	lanes      Lanes
	own        Own
}

// New returns handlers with an empty vote pool, around the chain's own, for CometBFT's flood mempool. decode reads ordinary
// transactions; checkState returns the state that CheckTx works on, which is the latest committed one.
func New(keeper Keeper, decode sdk.TxDecoder, checkState func() sdk.Context, own Own) *Handlers {
	pool := votepool.New(poolBytes)
	lane, err := votes.New(pool, keeper, func() (sdk.Context, error) { return checkState(), nil }, votes.Config{})
	if err != nil {
		panic(err) // the defaults are valid
	}
	return &Handlers{keeper: keeper, pool: pool, votes: lane, decode: decode, checkState: checkState, own: own}
}

// Install makes app use handlers over keeper, around the chain's own. Call it before the application is sealed by loading
// its state, and set none of these handlers afterwards. Errors: lanes or own contradict themselves.
func Install(app *baseapp.BaseApp, keeper Keeper, decode sdk.TxDecoder, own Own, lanes Lanes) (*Handlers, error) {
	h := New(keeper, decode, func() sdk.Context { return app.GetContextForCheckTx(nil) }, own)
	if lanes.App {
		if err := h.openLanes(app, lanes); err != nil {
			return nil, err
		}
	}
	app.SetCheckTxHandler(h.CheckTx)
	app.SetInsertTxHandler(h.InsertTx)
	app.SetReapTxsHandler(h.ReapTxs)
	app.SetPrepareProposal(h.PrepareProposal)
	app.SetProcessProposal(h.ProcessProposal)
	app.SetPrepareCheckStater(h.PrepareCheckState)
	listenTo(app, h.txs)
	if own.PreBlocker != nil {
		app.SetPreBlocker(h.PreBlocker)
	}
	return h, nil
}

// PreBlocker runs the chain's own pre-blocker on the block without votes and evidence.
func (h *Handlers) PreBlocker(ctx sdk.Context, req *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
	rest := *req
	rest.Txs = behindOurs(req.Txs)
	return h.own.PreBlocker(ctx, &rest)
}

// behindOurs returns the transactions behind the votes and evidence that a block begins with.
func behindOurs(txs [][]byte) [][]byte {
	for i, txBytes := range txs {
		if _, unsigned, err := types.DecodeUnsigned(txBytes); err != nil || !unsigned {
			return slices.Clip(txs[i:])
		}
	}
	return nil
}

// PrepareCheckState follows a commit: the pool drops votes that left the window, and conflicts that were punished. The
// chain's own handler runs afterwards.
func (h *Handlers) PrepareCheckState(ctx sdk.Context) {
	h.unpacked = 0
	h.votes.Renew()
	h.txs.commit()
	h.refreshPool(ctx)
	if h.own.PrepareCheckState != nil {
		h.own.PrepareCheckState(ctx)
	}
}

func (h *Handlers) refreshPool(ctx sdk.Context) {
	defer func() {
		if r := recover(); r != nil { // the pool is a convenience: a block that is committed stays committed
			ctx.Logger().Error("refresh the vote pool", "panic", r)
		}
	}()
	if err := h.refresh(ctx); err != nil {
		ctx.Logger().Error("refresh the vote pool", "err", err)
	}
}

func (h *Handlers) refresh(ctx sdk.Context) error {
	oldest, head, anchored, err := h.keeper.Window(ctx)
	if err != nil || !anchored {
		return err
	}
	h.pool.Prune(oldest, head)
	for _, conflict := range h.pool.Conflicts() {
		_, tombstoned, found, err := h.keeper.Registration(ctx, conflict.Key())
		if err != nil {
			return err
		}
		if tombstoned || !found {
			h.pool.Forget(conflict.Key())
		}
	}
	return nil
}

// Package abci carries votes and evidence between CometBFT and x/finality (protocol §12): voters' votes are
// gossiped through CometBFT's mempool as packs of one (package gossip), CheckTx puts them into the node's vote pool,
// a proposer injects what the tallies lack, and ProcessProposal refuses blocks that inject anything else. It is
// transport only: what a valid vote or valid evidence is, x/finality decides.
//
// CometBFT's flood mempool checks one transaction at a time, at about a millisecond for a signature, and keeps one
// entry for each vote until a block counts it. With one checkpoint every few seconds that carries about 1,000 voters.
package abci

import (
	"context"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/votepool"
	"github.com/dualchain/dualchain/x/finality/types"
)

// poolBytes bounds the vote pool: about 1,000 voters with a vote for each of 160 targets.
const poolBytes = 64 << 20

// Keeper is what the transport asks of x/finality.
type Keeper interface {
	// Window returns the open targets, oldest to head; not anchored before there are any.
	Window(ctx context.Context) (oldest, head uint64, anchored bool, err error)
	// OpenTarget returns all that there is to know about an epoch in the window.
	OpenTarget(ctx context.Context, epoch uint64) (types.OpenTarget, error)
	// UpcomingSets returns the hashes of the pair in force and of its successor: a target above the head has one of them.
	UpcomingSets(ctx context.Context) ([]ffg.Root, error)
	// Keys returns one of the upcoming sets and its keys in the same order.
	Keys(ctx context.Context, setHash ffg.Root) (ffg.VoterSet, *bls.KeySet, error)
	// CheckVotes says whether an aggregate would enter its tally now: window, vote, set, bits, redundancy, signature.
	CheckVotes(ctx context.Context, agg ffg.AggregateVote) error
	// CheckUnsignedEvidence says whether evidence may be injected now: one registration, the same on both sides, no
	// fork signers, two conflicting votes, valid signatures, a voter that can still be slashed.
	CheckUnsignedEvidence(ctx context.Context, evidence types.Evidence) error
	// Registration returns the index of a key and whether its voter was slashed for equivocation.
	Registration(ctx context.Context, key ffg.PublicKey) (index uint64, tombstoned, found bool, err error)
	// Params returns the parameters.
	Params(ctx context.Context) (types.Params, error)
	// Domain returns the hash that binds votes to this chain.
	Domain(ctx context.Context) ffg.Root
}

// Own are a chain's own handlers, each nil if it has none. They see blocks without the votes and evidence that this
// package puts in front: with the Txs and MaxTxBytes that these leave, so that a chain's first transaction is Txs[0].
// Votes and evidence take no gas, so MaxGas in the context's consensus parameters is the block's.
type Own struct {
	CheckTx sdk.CheckTxHandler
	// PrepareProposal chooses the ordinary transactions; without it, those of the mempool are proposed in their order.
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
	strays     strays
	decode     sdk.TxDecoder
	checkState func() sdk.Context
	own        Own
}

// New returns handlers with an empty vote pool, around the chain's own. decode reads ordinary transactions; checkState
// returns the state that CheckTx works on, which is the latest committed one.
func New(keeper Keeper, decode sdk.TxDecoder, checkState func() sdk.Context, own Own) *Handlers {
	return &Handlers{keeper: keeper, pool: votepool.New(poolBytes), decode: decode, checkState: checkState, own: own}
}

// Install makes app use handlers over keeper, around the chain's own. Call it before the application is sealed by loading
// its state, and set none of these handlers afterwards.
func Install(app *baseapp.BaseApp, keeper Keeper, decode sdk.TxDecoder, own Own) {
	h := New(keeper, decode, func() sdk.Context { return app.GetContextForCheckTx(nil) }, own)
	app.SetCheckTxHandler(h.CheckTx)
	app.SetPrepareProposal(h.PrepareProposal)
	app.SetProcessProposal(h.ProcessProposal)
	app.SetPrepareCheckStater(h.PrepareCheckState)
	listenTo(app)
	if own.PreBlocker != nil {
		app.SetPreBlocker(h.PreBlocker)
	}
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
	h.strays.renew()
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

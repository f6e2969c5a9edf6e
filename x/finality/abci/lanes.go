package abci

import (
	"errors"
	"math/rand/v2"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/lane/ordinary"
	"github.com/dualchain/dualchain/lane/votes"
)

// Lanes configure a node whose CometBFT leaves the mempool to the application.
type Lanes struct {
	// App says that config.toml has [mempool] type = "app". Without it, the other fields mean nothing.
	App bool
	// FeeDenom is the denomination whose amount orders the ordinary transactions.
	FeeDenom string
	// Votes and Ordinary bound the lanes. Zero: their defaults.
	Votes    votes.Config
	Ordinary ordinary.Config
}

// Bounds of what ReapTxs returns at once if CometBFT sets none, and of the ordinary transactions from neighbours that wait for their
// check.
const (
	reapBytes    = 1 << 20
	arrivalBytes = 16 << 20
	arrivalTxs   = 5_000
)

// errMempool means that a chain has some of the handlers of a mempool of its own, and not all.
var errMempool = errors.New("a chain with a mempool of its own has InsertTx, ReapTxs, CheckTx and PrepareProposal: expected all four in abci.Own, or neither InsertTx nor ReapTxs")

// openLanes makes the lanes over an application.
func (h *Handlers) openLanes(app *baseapp.BaseApp, lanes Lanes) error {
	own := h.own
	hasOwn := own.InsertTx != nil || own.ReapTxs != nil
	if hasOwn && (own.InsertTx == nil || own.ReapTxs == nil || own.CheckTx == nil || own.PrepareProposal == nil) {
		return errMempool
	}
	state := ordinary.CommittedState(app)
	lane, err := votes.New(h.pool, h.keeper, state, lanes.Votes)
	if err != nil {
		return err
	}
	h.lanes, h.votes = lanes, lane
	if hasOwn {
		return nil
	}
	h.txs, err = openOrdinary(ordinary.Chain{
		Decode: h.decode, Ante: app.AnteHandler(), State: state, FeeDenom: lanes.FeeDenom,
		Route: func(msg sdk.Msg) bool { return app.MsgServiceRouter().Handler(msg) != nil },
		Now:   time.Now, Random: rand.Uint64,
	}, lanes.Ordinary)
	return err
}

// Close ends the work of the lanes. Nothing is admitted afterwards.
func (h *Handlers) Close() { h.txs.close() }

// InsertTx takes what a neighbour sends. It answers 0 unless the same bytes may be worth more later: CometBFT logs every other answer.
func (h *Handlers) InsertTx(req *abci.RequestInsertTx) (resp *abci.ResponseInsertTx, _ error) {
	resp = &abci.ResponseInsertTx{Code: abci.CodeTypeOK}
	defer func() {
		if r := recover(); r != nil { // an error or a panic would reach the routine that receives from the neighbour
			resp = &abci.ResponseInsertTx{Code: abci.CodeTypeOK}
		}
	}()
	switch {
	case gossip.Is(req.Tx):
		h.votes.Offer(req.Tx)
	case isOurs(req.Tx): // for proposers alone
	case h.own.InsertTx != nil:
		if own, err := h.own.InsertTx(req); err == nil && own != nil {
			resp = own
		}
	case h.txs != nil && !h.txs.arrive(req.Tx):
		resp.Code = abci.CodeTypeRetry
	}
	return resp, nil
}

// ReapTxs returns what to send to all neighbours: votes first, as long as they leave half of the bytes to ordinary transactions. It
// never fails, since CometBFT would stop to ask.
func (h *Handlers) ReapTxs(req *abci.RequestReapTxs) (resp *abci.ResponseReapTxs, _ error) {
	resp = new(abci.ResponseReapTxs)
	defer func() { _ = recover() }()
	room := int64(min(req.MaxBytes, 1<<40))
	if room == 0 {
		room = reapBytes
	}
	resp.Txs = h.votes.Reap(max(room/2, min(room, gossip.MaxPackSize)))
	for _, pack := range resp.Txs {
		room -= int64(len(pack))
	}
	switch {
	case room <= 0:
	case h.own.ReapTxs != nil:
		rest := *req
		rest.MaxBytes = uint64(room)
		if own, err := h.own.ReapTxs(&rest); err == nil && own != nil {
			resp.Txs = append(resp.Txs, own.Txs...)
		}
	case h.txs != nil:
		resp.Txs = append(resp.Txs, h.txs.lane.Reap(room)...)
	}
	return resp, nil
}

package abci

import (
	"runtime"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/dualchain/dualchain/lane/ordinary"
)

// ordinaryLane puts ordinary transactions into their lane: those by RPC at once, a few at a time, and those from neighbours one after
// the other, so that nobody's consensus messages wait behind them. A nil *ordinaryLane does nothing.
type ordinaryLane struct {
	lane  *ordinary.Lane
	turns chan struct{} // one for each check of a transaction by RPC at the same time

	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	running bool
	height  int64 // of the latest block
	block   []ordinary.Committed
}

func openOrdinary(chain ordinary.Chain, config ordinary.Config) (*ordinaryLane, error) {
	lane, err := ordinary.New(chain, config)
	if err != nil {
		return nil, err
	}
	return &ordinaryLane{lane: lane, turns: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}, nil
}

func (o *ordinaryLane) close() {
	if o != nil {
		o.lane.Close()
	}
}

// check admits a transaction that came by RPC. Code 0 means that the lane holds it.
func (o *ordinaryLane) check(tx []byte) *abci.ResponseCheckTx {
	o.turns <- struct{}{}
	defer func() { <-o.turns }()
	return o.lane.Insert(tx, true).CheckTx()
}

// arrive queues a transaction from a neighbour, and reports whether there was room.
func (o *ordinaryLane) arrive(tx []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) >= arrivalTxs || o.bytes+len(tx) > arrivalBytes {
		return false
	}
	o.waiting, o.bytes = append(o.waiting, tx), o.bytes+len(tx)
	if !o.running {
		o.running = true
		go o.admit()
	}
	return true
}

// admit works until nothing waits.
func (o *ordinaryLane) admit() {
	for {
		o.mu.Lock()
		batch := o.waiting
		o.waiting, o.bytes = nil, 0
		o.running = len(batch) > 0
		o.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for _, tx := range batch {
			o.lane.Insert(tx, false)
		}
	}
}

// finalized remembers a block until it is committed.
func (o *ordinaryLane) finalized(req abci.RequestFinalizeBlock, res abci.ResponseFinalizeBlock) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.height, o.block = req.Height, nil
	for i, tx := range req.Txs[:min(len(req.Txs), len(res.TxResults))] {
		if !isOurs(tx) {
			o.block = append(o.block, ordinary.Committed{Tx: tx, OK: res.TxResults[i].IsOK()})
		}
	}
}

// commit tells the lane of the block that was committed.
func (o *ordinaryLane) commit() {
	if o == nil {
		return
	}
	o.mu.Lock()
	height, block := o.height, o.block
	o.block = nil
	o.mu.Unlock()
	o.lane.Commit(height, block)
}

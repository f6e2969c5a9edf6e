package wire

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"

	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// Mempool keeps unsigned votes and evidence out of a chain's own mempool. The SDK's mempools fail transactions without a
// signer when BaseApp removes them in FinalizeBlock, so that votes would have code 1 instead of 0 on a node whose app.toml
// turns such a mempool on: that node would fork.
func Mempool(inner mempool.Mempool) mempool.ExtMempool {
	if none, ok := inner.(mempool.NoOpMempool); ok { // the SDK's proposal handlers look for this type
		return none
	}
	return guarded{inner}
}

type guarded struct{ mempool.Mempool }

// Insert leaves unsigned transactions out.
func (g guarded) Insert(ctx context.Context, tx sdk.Tx, option mempool.InsertOption) error {
	if isUnsigned(tx) {
		return nil
	}
	return g.Mempool.Insert(ctx, tx, option)
}

// Remove has nothing to do for unsigned transactions.
func (g guarded) Remove(tx sdk.Tx) error {
	if isUnsigned(tx) {
		return nil
	}
	return g.Mempool.Remove(tx)
}

// RemoveWithReason is Remove for mempools that ask for the reason.
func (g guarded) RemoveWithReason(ctx context.Context, tx sdk.Tx, reason mempool.RemoveReason) error {
	if isUnsigned(tx) {
		return nil
	}
	return mempool.RemoveWithReason(ctx, g.Mempool, tx, reason)
}

// SelectBy passes on what the inner mempool selects.
func (g guarded) SelectBy(ctx context.Context, txs [][]byte, callback func(mempool.PooledTx) bool) {
	mempool.SelectBy(ctx, g.Mempool, txs, callback)
}

func isUnsigned(tx sdk.Tx) bool {
	for _, msg := range tx.GetMsgs() {
		if finalitytypes.IsUnsigned(msg) {
			return true
		}
	}
	return false
}

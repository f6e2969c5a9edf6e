package ordinary

import (
	"crypto/sha256"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

func refuseKnown(bytes []byte) Result {
	return Result{Reason: ReasonKnown, Err: sdkerrors.ErrTxInMempoolCache.Wrapf("transaction %X is pending", sha256.Sum256(bytes))}
}

// refuseFull says what a transaction would have to pay. worth is what it and all before it pay at least, lowest the
// transaction that would go next.
func (l *Lane) refuseFull(e *entry, worth price, lowest *entry) *Result {
	full := sdkerrors.ErrMempoolIsFull
	result := &Result{Reason: ReasonFull, Retry: true}
	txs, bytes, denom := len(l.held.all), l.held.bytes, l.chain.FeeDenom
	switch {
	case lowest == nil: // only with bounds below a single transaction's predecessors
		result.Err = full.Wrapf("%d transactions, %d bytes: expected at most %d bytes in all", txs, bytes, l.config.MaxBytes)
	case worth.compare(e.price) < 0:
		result.Err = full.Wrapf("%d transactions, %d bytes: expected a fee per gas above %s%s, found %s in a pending transaction "+
			"that must be executed before: replace that one first", txs, bytes, lowest.worth.public(), denom, worth.public())
	default:
		result.Err = full.Wrapf("%d transactions, %d bytes: expected a fee per gas above %s%s, at least %s%s for %d gas, found %s%s",
			txs, bytes, lowest.worth.public(), denom, lowest.worth.feeAbove(e.gas), denom, e.gas, e.fee, denom)
	}
	return result
}

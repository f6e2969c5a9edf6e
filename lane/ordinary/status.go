package ordinary

import (
	"crypto/sha256"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// MaxPage is the number of transactions that [Lane.Txs] returns at most.
const MaxPage = 200

// usualBytes is the size for which [Status.MinFee] says whether there is room.
const usualBytes = 1_000

// Status is what a lane holds.
type Status struct {
	Txs      int
	Bytes    int64
	Senders  int // accounts that have signed something pending
	Unreaped int // not sent to the neighbours yet
	Height   int64
	Oldest   int64 // the height at which the oldest transaction arrived, 0 without one
	// MinFee is the fee per gas that a newcomer has to be above; 0 as long as there is room for 1,000 bytes.
	MinFee Price
	Config Config // the bounds
}

// Status returns what the lane holds now.
func (l *Lane) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{
		Txs: len(l.held.all), Bytes: l.held.bytes, Senders: len(l.held.queues), Unreaped: l.fresh, Height: l.height,
		MinFee: Price{Fee: math.ZeroInt(), Gas: 1}, Config: l.config,
	}
	for i, e := range l.held.all {
		if i == 0 || e.height < s.Oldest {
			s.Oldest = e.height
		}
	}
	if len(l.held.tails) > 0 && (s.Txs >= l.config.MaxTxs || s.Bytes > l.config.MaxBytes-usualBytes) {
		s.MinFee = l.held.tails[0].worth.public()
	}
	return s
}

// Tx is a pending transaction.
type Tx struct {
	Hash      [sha256.Size]byte
	Bytes     []byte // not to be changed
	Signers   []sdk.AccAddress
	Sequences []uint64 // of the signers; 0 if it is unordered
	Unordered bool
	Fee       math.Int // in the lane's denomination
	Gas       uint64
	Height    int64 // of the latest block when it arrived
	Own       bool  // it came by this node's RPC
}

// Txs returns a page of pending transactions in the order of [Lane.Select], at most limit and [MaxPage], and how many
// there are.
func (l *Lane) Txs(offset, limit int) (page []Tx, total int) {
	all := l.snapshot()
	limit = min(max(limit, 0), MaxPage)
	position := 0
	walk(all, byPrice, func(e *entry) verdict {
		if len(page) >= limit {
			return end
		}
		if position >= offset {
			page = append(page, e.public())
		}
		position++
		return take
	})
	return page, len(all)
}

// Find returns a pending transaction by its hash.
func (l *Lane) Find(hash [sha256.Size]byte) (Tx, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.held.byKey[hash]
	if e == nil {
		return Tx{}, false
	}
	return e.public(), true
}

// Has reports whether a transaction is pending.
func (l *Lane) Has(bytes []byte) bool {
	key := sha256.Sum256(bytes)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held.byKey[key] != nil
}

func (e *entry) public() Tx {
	tx := Tx{Hash: e.key, Bytes: e.bytes, Unordered: e.unordered, Fee: e.fee, Gas: e.gas, Height: e.height, Own: e.own}
	for _, s := range e.slots {
		number := s.number
		if s.unordered {
			number = 0
		}
		tx.Signers, tx.Sequences = append(tx.Signers, sdk.AccAddress(s.account)), append(tx.Sequences, number)
	}
	return tx
}

package ordinary

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// model is the lane as one would explain it: lists, fractions and repetition, without an index or a lock.
type model struct {
	chain  *fakeChain
	config Config
	held   []modelTx // by arrival
}

type modelTx struct {
	fakeTx
	raw    string
	height int64
}

func (m modelTx) pays() *big.Rat {
	if m.Gas == 0 {
		return new(big.Rat)
	}
	return big.NewRat(m.Fee, int64(m.Gas))
}

// slots names what the transaction uses.
func (m modelTx) slots() (names []string) {
	for i, from := range m.From {
		if m.Unordered != 0 {
			names = append(names, fmt.Sprintf("%s@%d", from, m.Unordered))
		} else {
			names = append(names, fmt.Sprintf("%s#%d", from, m.Seq[i]))
		}
	}
	return names
}

func (m modelTx) sharesSlot(other modelTx) bool {
	return slices.ContainsFunc(m.slots(), func(s string) bool { return slices.Contains(other.slots(), s) })
}

// before reports whether m has a lower number than other at a common signer.
func (m modelTx) before(other modelTx) bool {
	if m.Unordered != 0 || other.Unordered != 0 {
		return false
	}
	for i, from := range m.From {
		if j := slices.Index(other.From, from); j >= 0 && m.Seq[i] < other.Seq[j] {
			return true
		}
	}
	return false
}

// behind returns the transactions of set that depend on the given one.
func behind(set []modelTx, first modelTx) []modelTx {
	found := []modelTx{first}
	for i := 0; i < len(found); i++ {
		for _, x := range set {
			if found[i].before(x) && !contains(found, x) {
				found = append(found, x)
			}
		}
	}
	return found[1:]
}

func contains(set []modelTx, x modelTx) bool {
	return slices.ContainsFunc(set, func(y modelTx) bool { return y.raw == x.raw })
}

func without(set, removed []modelTx) []modelTx {
	return slices.DeleteFunc(slices.Clone(set), func(x modelTx) bool { return contains(removed, x) })
}

// worth is the lowest that x or anything before it pays.
func worth(set []modelTx, x modelTx) *big.Rat {
	lowest := x.pays()
	for _, y := range set {
		if contains(behind(set, y), x) && y.pays().Cmp(lowest) < 0 {
			lowest = y.pays()
		}
	}
	return lowest
}

// executable returns what the chain would accept now, trying again and again until nothing more goes.
func (m *model) executable(set []modelTx) []modelTx {
	ctx, _ := m.chain.committed()
	state := &fakeStore{parent: m.chain.state}
	var done []modelTx
	for progress := true; progress; {
		progress = false
		for _, x := range set {
			if contains(done, x) {
				continue
			}
			store := state.CacheMultiStore()
			if _, err := m.chain.ante(ctx.WithMultiStore(store), x.fakeTx, false); err == nil {
				store.Write()
				done, progress = append(done, x), true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(set), func(x modelTx) bool { return !contains(done, x) })
}

// insert reports whether the transaction is admitted, and changes the set as it should.
func (m *model) insert(tx fakeTx) bool {
	x := modelTx{tx, string(tx.bytes()), m.chain.height}
	if len(x.raw) > m.config.MaxTxBytes || contains(m.held, x) || tx.Bad {
		return false
	}
	if tx.Timeout != 0 && tx.Timeout <= uint64(m.chain.height) {
		return false
	}
	var conflicts []modelTx
	for _, y := range m.held {
		if x.sharesSlot(y) {
			if least := new(big.Rat).Mul(y.pays(), big.NewRat(11, 10)); x.pays().Cmp(least) < 0 || x.pays().Cmp(y.pays()) <= 0 {
				return false
			}
			conflicts = append(conflicts, y)
		}
	}
	next := append(without(m.held, conflicts), x)
	for _, from := range x.From {
		n := 0
		for _, y := range next {
			if slices.Contains(y.From, from) {
				n++
			}
		}
		if n > m.config.MaxPerSender {
			return false
		}
	}
	next = m.executable(next)
	if !contains(next, x) {
		return false
	}
	for len(next) > m.config.MaxTxs || size(next) > m.config.MaxBytes {
		lowest, at := lowestTail(next)
		if lowest.raw == x.raw || at.Cmp(worth(next, x)) >= 0 && !contains(behind(next, x), lowest) {
			return false
		}
		next = without(next, []modelTx{lowest})
	}
	m.held = next
	return true
}

func size(set []modelTx) (n int64) {
	for _, x := range set {
		n += int64(len(x.raw))
	}
	return n
}

// lowestTail returns what goes first from a full lane: nothing depends on it, it is worth least, and came last.
func lowestTail(set []modelTx) (lowest modelTx, at *big.Rat) {
	for _, x := range set {
		if len(behind(set, x)) > 0 {
			continue
		}
		if w := worth(set, x); at == nil || w.Cmp(at) <= 0 {
			lowest, at = x, w
		}
	}
	return lowest, at
}

// commit follows a block whose state the chain has.
func (m *model) commit(height int64, results []Committed) {
	m.held = slices.DeleteFunc(m.held, func(x modelTx) bool {
		return slices.ContainsFunc(results, func(r Committed) bool { return string(r.Tx) == x.raw })
	})
	var gone []modelTx
	for _, x := range m.held {
		if height-x.height >= m.config.TTL || x.Timeout != 0 && x.Timeout <= uint64(height) {
			gone = append(append(gone, x), behind(m.held, x)...)
		}
	}
	m.held = m.executable(without(m.held, gone))
}

// proposal returns what a proposer takes: of all that has nothing left before it and was not passed over, the best.
func (m *model) proposal(maxBytes, maxGas int64) (txs []string) {
	left := slices.Clone(m.held)
	for {
		best := -1
		for i, x := range left {
			if slices.ContainsFunc(left, func(y modelTx) bool { return y.before(x) }) {
				continue
			}
			if best < 0 || x.pays().Cmp(left[best].pays()) > 0 {
				best = i
			}
		}
		if best < 0 {
			return txs
		}
		x := left[best]
		if n := blockSize(int64(len(x.raw))); n > maxBytes || int64(x.Gas) > maxGas {
			left = without(left, append(behind(left, x), x))
			continue
		}
		maxBytes, maxGas = maxBytes-blockSize(int64(len(x.raw))), maxGas-int64(x.Gas)
		txs, left = append(txs, x.raw), without(left, []modelTx{x})
	}
}

// checkLane compares the lane with the model, and its indices with what they index.
func (m *model) checkLane(t *testing.T, l *Lane, where string) {
	t.Helper()
	var expected, found []string
	for _, x := range m.held {
		expected = append(expected, x.raw)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var bytes int64
	fresh, tails := 0, 0
	for i, e := range l.held.all {
		found = append(found, string(e.bytes))
		bytes += e.size()
		require.Equal(t, i, e.at, where)
		require.Same(t, e, l.held.byKey[e.key], where)
		require.Nil(t, e.tx, "%s: bytes alone are held", where)
		if !e.reaped {
			fresh++
		}
		x := m.held[slices.IndexFunc(m.held, func(x modelTx) bool { return x.raw == string(e.bytes) })]
		if w := e.worth.public(); e.worth.gas > 0 {
			require.Zero(t, new(big.Rat).SetFrac(w.Fee.BigInt(), new(big.Int).SetUint64(w.Gas)).Cmp(worth(m.held, x)), "%s: worth of %s", where, x.raw)
		}
		isTail := len(behind(m.held, x)) == 0
		require.Equal(t, isTail, e.tail >= 0, "%s: tail %s", where, x.raw)
		if isTail {
			tails++
			require.Same(t, e, l.held.tails[e.tail], where)
		}
	}
	require.ElementsMatch(t, expected, found, where)
	require.Len(t, l.held.tails, tails, where)
	require.Equal(t, bytes, l.held.bytes, where)
	require.Equal(t, fresh, l.fresh, where)
	require.LessOrEqual(t, len(l.held.all), m.config.MaxTxs, where)
	require.LessOrEqual(t, bytes, m.config.MaxBytes, where)
	for account, q := range l.held.queues {
		require.LessOrEqual(t, q.size(), m.config.MaxPerSender, where)
		require.NotZero(t, q.size(), where)
		for i := 1; i < len(q.ordered); i++ {
			require.Equal(t, q.ordered[i-1].numberIn(account)+1, q.ordered[i].numberIn(account), "%s: hole at %s", where, account)
		}
	}
	c := l.counts
	require.Equal(t, c.Inserted, uint64(len(l.held.all))+c.Committed+c.Replaced+c.Evicted+c.Expired+c.Invalid, "%s: %+v", where, c)
}

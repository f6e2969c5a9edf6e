package ordinary

import "math/bits"

// snapshot copies what is held, so that the lock is not held while it is sorted.
func (l *Lane) snapshot() []*entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*entry(nil), l.held.all...)
}

// blockSize is what a transaction of n bytes takes of a block: it has a tag and its length in front.
func blockSize(n int64) int64 {
	length := int64(bits.Len64(uint64(n)|1)+6) / 7
	return 1 + length + n
}

// Select returns transactions for a proposal, the best first: those that pay most per gas and have nothing left before
// them. Their sizes in the block are at most maxBytes in all, and their gas limits maxGas; a negative bound is none. What doesn't fit is
// left out with all that stands behind it, and the others go on.
func (l *Lane) Select(maxBytes, maxGas int64) [][]byte {
	var txs [][]byte
	var bytes int64
	var gas uint64
	walk(l.snapshot(), byPrice, func(e *entry) verdict {
		size := blockSize(e.size())
		if maxBytes >= 0 && size > maxBytes-bytes {
			return skip
		}
		if maxGas >= 0 && e.gas > uint64(maxGas)-gas {
			return skip
		}
		txs, bytes = append(txs, e.bytes), bytes+size
		if maxGas >= 0 {
			gas += e.gas
		}
		return take
	})
	return txs
}

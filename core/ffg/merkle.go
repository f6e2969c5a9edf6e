package ffg

import (
	"crypto/sha256"
	"math/bits"
)

// tree computes an RFC 6962 §2.1 Merkle tree hash leaf by leaf. Package history has the same hash with proofs, from a library;
// this package imports the standard library only. It keeps one root per perfect subtree, largest first:
// as many as size has bits set.
type tree struct {
	size     uint64
	subtrees []Root
	scratch  []byte
}

// add appends one leaf: hash 0x00 | data.
func (t *tree) add(data []byte) {
	t.scratch = append(append(t.scratch[:0], 0x00), data...)
	node := Root(sha256.Sum256(t.scratch))
	for range bits.TrailingZeros64(^t.size) {
		last := len(t.subtrees) - 1
		node = parent(t.subtrees[last], node)
		t.subtrees = t.subtrees[:last]
	}
	t.subtrees = append(t.subtrees, node)
	t.size++
}

// root folds the subtrees from the right. The root of no leaves is the hash of nothing.
func (t *tree) root() Root {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	last := len(t.subtrees) - 1
	node := t.subtrees[last]
	for i := last - 1; i >= 0; i-- {
		node = parent(t.subtrees[i], node)
	}
	return node
}

// parent hashes an inner node: 0x01 | left | right.
func parent(left, right Root) Root {
	var b [1 + 2*len(Root{})]byte
	b[0] = 0x01
	copy(b[1:], left[:])
	copy(b[1+len(left):], right[:])
	return sha256.Sum256(b[:])
}

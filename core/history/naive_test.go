package history_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/history"
)

// These are the definitions of RFC 6962 §2.1, copied literally. This package must agree with them.

func hashLeaf(block [32]byte) [32]byte {
	return sha256.Sum256(append([]byte{0}, block[:]...))
}

func hashChildren(left, right [32]byte) [32]byte {
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// split returns the largest power of two below n ≥ 2.
func split(n int) int {
	k := 1
	for 2*k < n {
		k *= 2
	}
	return k
}

// naiveRoot is MTH(D[n]).
func naiveRoot(blocks [][32]byte) [32]byte {
	switch n := len(blocks); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return hashLeaf(blocks[0])
	default:
		k := split(n)
		return hashChildren(naiveRoot(blocks[:k]), naiveRoot(blocks[k:]))
	}
}

// naivePath is PATH(m, D[n]).
func naivePath(m int, blocks [][32]byte) [][32]byte {
	if len(blocks) == 1 {
		return nil
	}
	k := split(len(blocks))
	if m < k {
		return append(naivePath(m, blocks[:k]), naiveRoot(blocks[k:]))
	}
	return append(naivePath(m-k, blocks[k:]), naiveRoot(blocks[:k]))
}

// naiveProof is PROOF(m, D[n]), for 0 < m ≤ n.
func naiveProof(m int, blocks [][32]byte) [][32]byte { return naiveSubproof(m, blocks, true) }

func naiveSubproof(m int, blocks [][32]byte, whole bool) [][32]byte {
	if m == len(blocks) {
		if whole {
			return nil
		}
		return [][32]byte{naiveRoot(blocks)}
	}
	k := split(len(blocks))
	if m <= k {
		return append(naiveSubproof(m, blocks[:k], whole), naiveRoot(blocks[k:]))
	}
	return append(naiveSubproof(m-k, blocks[k:], false), naiveRoot(blocks[:k]))
}

// block returns the i-th block hash of the tests.
func block(i uint64) [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte("block"), i))
}

// chain is a history as a node keeps it: every block hash, every perfect node, and the history at every size.
type chain struct {
	blocks  [][32]byte
	nodes   map[history.NodeID][32]byte
	history []history.History // by size
}

// newChain appends n blocks.
func newChain(t rapid.TB, n uint64) *chain {
	t.Helper()
	c := &chain{nodes: make(map[history.NodeID][32]byte), history: []history.History{{}}}
	for i := range n {
		next, err := c.history[i].Append(block(i), c.keep)
		if err != nil {
			t.Fatalf("append block %d: %v", i, err)
		}
		c.blocks, c.history = append(c.blocks, block(i)), append(c.history, next)
	}
	return c
}

func (c *chain) keep(id history.NodeID, hash [32]byte) error {
	if _, found := c.nodes[id]; found {
		return fmt.Errorf("visited %v twice", id)
	}
	c.nodes[id] = hash
	return nil
}

func (c *chain) node(id history.NodeID) ([32]byte, error) {
	hash, found := c.nodes[id]
	if !found {
		return [32]byte{}, fmt.Errorf("%w: level %d, index %d", errNoNode, id.Level, id.Index)
	}
	return hash, nil
}

func (c *chain) root(size uint64) [32]byte { return c.history[size].Root() }

func (c *chain) inclusion(t testing.TB, index, size uint64) [][32]byte {
	t.Helper()
	path, err := history.ProveInclusion(c.node, index, size)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (c *chain) consistency(t testing.TB, from, to uint64) [][32]byte {
	t.Helper()
	path, err := history.ProveConsistency(c.node, from, to)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

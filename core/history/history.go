// Package history keeps the RFC 6962 Merkle tree over the block hashes above the anchor (protocol §2),
// proves that a block is under a checkpoint and that one history extends another, and verifies both.
//
// A leaf is SHA-256(0x00 | block hash), an inner node SHA-256(0x01 | left | right). The tree is kept as a
// compact range, the roots of its perfect subtrees from left to right: O(log n) hashes. A node that also
// keeps every perfect node that [History.Append] visits can make every proof for every size up to now.
//
// Sizes and indexes come from checkpoints and heights, never from a proof: a proof alone binds neither.
package history

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Errors of this package.
var (
	// ErrCorrupt means that the hashes of a history don't fit its size.
	ErrCorrupt = errors.New("corrupt history")
	// ErrRange means that no tree has the index or size, or that the other size excludes it.
	ErrRange = errors.New("outside the history")
	// ErrProof means that the proof does not prove the claim.
	ErrProof = errors.New("invalid proof")
)

// NodeID is the position of a perfect node: Level above the leaves, Index from the left within the level.
// The node covers 2^Level leaves, from Index·2^Level on.
type NodeID struct {
	Level uint
	Index uint64
}

// History is a tree of Size block hashes, kept as a compact range. The zero value is the empty tree.
// It is a value: Append does not change the old one.
type History struct {
	// Size is the number of block hashes.
	Size uint64
	// Hashes are the roots of the perfect subtrees, from the largest, at the left, to the smallest.
	Hashes [][32]byte
}

var factory = compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// Validate checks that there are as many hashes as perfect subtrees in a tree of this size, one for each
// bit of Size that is set. The error is [ErrCorrupt].
func (h History) Validate() error {
	if want := bits.OnesCount64(h.Size); len(h.Hashes) != want {
		return fmt.Errorf("%w: expected %d hashes for size %d, found %d", ErrCorrupt, want, h.Size, len(h.Hashes))
	}
	return nil
}

// Append returns the history with one more block hash. It calls visit, unless nil, for every perfect node
// that becomes complete, from the new leaf upwards: two per block on average.
// It stops at visit's first error. Errors: [ErrCorrupt], [ErrRange] when full, those of visit.
func (h History) Append(blockHash [32]byte, visit func(NodeID, [32]byte) error) (History, error) {
	tree, err := h.load()
	if err != nil {
		return History{}, fmt.Errorf("append: %w", err)
	}
	if h.Size == math.MaxUint64 {
		return History{}, fmt.Errorf("append: %w: size %d is the largest", ErrRange, h.Size)
	}
	var visitErr error
	visitor := func(id compact.NodeID, hash []byte) {
		if visit != nil && visitErr == nil {
			visitErr = visit(NodeID(id), [32]byte(hash))
		}
	}
	if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(blockHash[:]), visitor); err != nil {
		return History{}, fmt.Errorf("append: %w", err)
	}
	if visitErr != nil {
		return History{}, fmt.Errorf("append: visit new node: %w", visitErr)
	}
	return History{Size: tree.End(), Hashes: toArrays(tree.Hashes())}, nil
}

// Root returns the Merkle tree hash; for the empty tree that is SHA-256 of the empty string. For a history
// that [History.Validate] refuses it returns zero, which is not the root of any tree.
func (h History) Root() [32]byte {
	if h.Size == 0 && len(h.Hashes) == 0 {
		return sha256.Sum256(nil)
	}
	tree, err := h.load()
	if err != nil {
		return [32]byte{}
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		return [32]byte{}
	}
	return [32]byte(root)
}

// load makes the library's range. It shares the hashes, which the library never modifies.
func (h History) load() (*compact.Range, error) {
	if err := h.Validate(); err != nil {
		return nil, err
	}
	return factory.NewRange(0, h.Size, toSlices(h.Hashes))
}

func toSlices(hashes [][32]byte) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

// toArrays expects hashes of 32 bytes.
func toArrays(hashes [][]byte) [][32]byte {
	out := make([][32]byte, len(hashes))
	for i, hash := range hashes {
		out[i] = [32]byte(hash)
	}
	return out
}

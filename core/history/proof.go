package history

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Nodes returns the hash of a perfect node that [History.Append] visited.
type Nodes func(NodeID) ([32]byte, error)

// ProveInclusion returns the RFC 6962 §2.1.1 audit path of leaf index in the tree of the first size
// leaves: at most log₂ size hashes, from the leaf upwards. Errors: [ErrRange] unless index < size, and
// those of nodes.
func ProveInclusion(nodes Nodes, index, size uint64) ([][32]byte, error) {
	if index >= size {
		return nil, fmt.Errorf("prove inclusion: %w: index %d, size %d", ErrRange, index, size)
	}
	plan, err := proof.Inclusion(index, size)
	if err != nil {
		return nil, fmt.Errorf("prove inclusion: %w", err)
	}
	hashes, err := fetch(nodes, plan)
	if err != nil {
		return nil, fmt.Errorf("prove inclusion of %d in %d: %w", index, size, err)
	}
	return hashes, nil
}

// ProveConsistency returns the RFC 6962 §2.1.2 proof that the tree of the first `to` leaves begins with
// the tree of the first `from`; empty if from is 0 or equal to `to`. Errors: [ErrRange] unless from ≤ to,
// those of nodes.
func ProveConsistency(nodes Nodes, from, to uint64) ([][32]byte, error) {
	if from > to {
		return nil, fmt.Errorf("prove consistency: %w: from %d to %d", ErrRange, from, to)
	}
	plan, err := proof.Consistency(from, to)
	if err != nil {
		return nil, fmt.Errorf("prove consistency: %w", err)
	}
	hashes, err := fetch(nodes, plan)
	if err != nil {
		return nil, fmt.Errorf("prove consistency of %d with %d: %w", from, to, err)
	}
	return hashes, nil
}

// fetch reads the perfect nodes of a plan. It hashes together those of the right border: they represent a
// node that is not perfect yet and is therefore not stored.
func fetch(nodes Nodes, plan proof.Nodes) ([][32]byte, error) {
	if nodes == nil {
		return nil, errors.New("no source of nodes")
	}
	hashes := make([][]byte, len(plan.IDs))
	for i, id := range plan.IDs {
		hash, err := nodes(NodeID(id))
		if err != nil {
			return nil, fmt.Errorf("node %d at level %d: %w", id.Index, id.Level, err)
		}
		hashes[i] = hash[:]
	}
	path, err := plan.Rehash(hashes, rfc6962.DefaultHasher.HashChildren)
	if err != nil {
		return nil, err
	}
	return toArrays(path), nil
}

// VerifyInclusion checks that blockHash is leaf index of the tree with the given size and root. Size and
// root come from a trusted checkpoint, index from the block's height. Errors: [ErrRange] unless
// index < size, [ErrProof].
func VerifyInclusion(blockHash [32]byte, index, size uint64, path [][32]byte, root [32]byte) error {
	return VerifyLeaf(blockHash[:], index, size, path, root)
}

// VerifyLeaf is [VerifyInclusion] for any RFC 6962 tree over SHA-256 with leaves of any bytes, such as CometBFT's trees
// of header fields, transactions and results.
func VerifyLeaf(data []byte, index, size uint64, path [][32]byte, root [32]byte) error {
	if index >= size {
		return fmt.Errorf("verify inclusion: %w: index %d, size %d", ErrRange, index, size)
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(data)
	err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, size, leaf, toSlices(path), root[:])
	if err != nil {
		return fmt.Errorf("verify inclusion of %d in %d: %w", index, size, explain(err))
	}
	return nil
}

// VerifyConsistency checks that the tree (to, toRoot) begins with the tree (from, fromRoot). Every tree
// begins with the empty one. Errors: [ErrRange] unless from ≤ to, [ErrProof].
func VerifyConsistency(from, to uint64, path [][32]byte, fromRoot, toRoot [32]byte) error {
	if from > to {
		return fmt.Errorf("verify consistency: %w: from %d to %d", ErrRange, from, to)
	}
	// The library does not check the root of an empty tree.
	if empty := sha256.Sum256(nil); from == 0 && fromRoot != empty {
		return fmt.Errorf("verify consistency: %w: expected the empty root %x at size 0, found %x", ErrProof, empty, fromRoot)
	}
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, from, to, toSlices(path), fromRoot[:], toRoot[:])
	if err != nil {
		return fmt.Errorf("verify consistency of %d with %d: %w", from, to, explain(err))
	}
	return nil
}

// explain converts the library's error to an ErrProof, with hashes in hex.
func explain(err error) error {
	var mismatch proof.RootMismatchError
	if errors.As(err, &mismatch) {
		return fmt.Errorf("%w: expected root %x, found %x", ErrProof, mismatch.ExpectedRoot, mismatch.CalculatedRoot)
	}
	return fmt.Errorf("%w: %w", ErrProof, err)
}

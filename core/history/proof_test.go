package history_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/history"
)

func TestEveryBlockIsProvenInEverySize(t *testing.T) {
	c := newChain(t, sizes)
	for size := uint64(1); size <= sizes; size++ {
		for index := range size {
			path := c.inclusion(t, index, size)
			if want := naivePath(int(index), c.blocks[:size]); !slices.Equal(path, want) {
				t.Fatalf("block %d in %d: expected path %x, found %x", index, size, want, path)
			}
			wantError(t, nil, history.VerifyInclusion(block(index), index, size, path, c.root(size)))
		}
	}
}

func TestEverySizeIsProvenToExtendEverySmallerOne(t *testing.T) {
	c := newChain(t, sizes)
	for to := uint64(0); to <= sizes; to++ {
		for from := uint64(0); from <= to; from++ {
			path := c.consistency(t, from, to)
			var want [][32]byte
			if from > 0 {
				want = naiveProof(int(from), c.blocks[:to])
			}
			if !slices.Equal(path, want) {
				t.Fatalf("%d in %d: expected proof %x, found %x", from, to, want, path)
			}
			wantError(t, nil, history.VerifyConsistency(from, to, path, c.root(from), c.root(to)))
		}
	}
}

func TestABlockIsInOnePlaceOnly(t *testing.T) {
	c := newChain(t, 40)
	for size := uint64(1); size <= 40; size++ {
		for index := range size {
			path := c.inclusion(t, index, size)
			for other := range size + 2 {
				err := history.VerifyInclusion(block(index), other, size, path, c.root(size))
				switch {
				case other == index:
					wantError(t, nil, err)
				case other >= size:
					wantError(t, history.ErrRange, err)
				default:
					wantError(t, history.ErrProof, err)
				}
			}
		}
	}
}

// change returns a copy of path with one bit turned in hash i.
func change(path [][32]byte, i int) [][32]byte {
	changed := slices.Clone(path)
	changed[i][31] ^= 1
	return changed
}

func TestRefusesInclusionOfAnythingElse(t *testing.T) {
	c := newChain(t, 50)
	const index, size = 13, 37
	path, root := c.inclusion(t, index, size), c.root(size)
	for name, v := range map[string]struct {
		block       [32]byte
		index, size uint64
		path        [][32]byte
		root        [32]byte
		want        error
	}{
		"what was proven":             {block(index), index, size, path, root, nil},
		"another block":               {block(index + 1), index, size, path, root, history.ErrProof},
		"the leaf hash for the block": {hashLeaf(block(index)), index, size, path, root, history.ErrProof},
		"another index":               {block(index), index - 1, size, path, root, history.ErrProof},
		"an index behind the last":    {block(index), size, size, path, root, history.ErrRange},
		"the largest index":           {block(index), math.MaxUint64, size, path, root, history.ErrRange},
		"an empty tree":               {block(index), 0, 0, nil, c.root(0), history.ErrRange},
		"a smaller size":              {block(index), index, 32, path, root, history.ErrProof},
		"a larger size":               {block(index), index, 65, path, root, history.ErrProof},
		"another size's root":         {block(index), index, size, path, c.root(size + 1), history.ErrProof},
		"no root":                     {block(index), index, size, path, [32]byte{}, history.ErrProof},
		"without the first hash":      {block(index), index, size, path[1:], root, history.ErrProof},
		"without the last hash":       {block(index), index, size, path[:len(path)-1], root, history.ErrProof},
		"no path":                     {block(index), index, size, nil, root, history.ErrProof},
		"a hash too many":             {block(index), index, size, append(slices.Clone(path), root), root, history.ErrProof},
		"a very long path":            {block(index), index, size, make([][32]byte, 1_000), root, history.ErrProof},
		"first hash changed":          {block(index), index, size, change(path, 0), root, history.ErrProof},
		"last hash changed":           {block(index), index, size, change(path, len(path)-1), root, history.ErrProof},
		"an inner node for a block":   {hashChildren(hashLeaf(block(12)), hashLeaf(block(13))), index / 2, size / 2, path[1:], root, history.ErrProof},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, v.want, history.VerifyInclusion(v.block, v.index, v.size, v.path, v.root))
		})
	}
}

// Sizes must come from the checkpoint, since the first two blocks have the same path in trees of 3 and of 4.
func TestAProofAloneDoesNotBindItsSize(t *testing.T) {
	c := newChain(t, 4)
	path := c.inclusion(t, 0, 4)
	wantError(t, nil, history.VerifyInclusion(block(0), 0, 4, path, c.root(4)))
	wantError(t, nil, history.VerifyInclusion(block(0), 0, 3, path, c.root(4)))
}

func TestRefusesConsistencyWithAnythingElse(t *testing.T) {
	c := newChain(t, 50)
	const from, to = 13, 37
	proof := c.consistency(t, from, to)
	fork := newFork(t, 12, to)
	for name, v := range map[string]struct {
		from, to         uint64
		proof            [][32]byte
		fromRoot, toRoot [32]byte
		want             error
	}{
		"what was proven":          {from, to, proof, c.root(from), c.root(to), nil},
		"backwards":                {to, from, proof, c.root(to), c.root(from), history.ErrRange},
		"another first root":       {from, to, proof, c.root(from + 1), c.root(to), history.ErrProof},
		"another second root":      {from, to, proof, c.root(from), c.root(to + 1), history.ErrProof},
		"a fork":                   {from, to, proof, c.root(from), fork.root(to), history.ErrProof},
		"a fork with its proof":    {from, to, fork.consistency(t, from, to), c.root(from), fork.root(to), history.ErrProof},
		"a smaller first size":     {from - 1, to, proof, c.root(from), c.root(to), history.ErrProof},
		"a larger second size":     {from, 65, proof, c.root(from), c.root(to), history.ErrProof},
		"without the first hash":   {from, to, proof[1:], c.root(from), c.root(to), history.ErrProof},
		"without the last hash":    {from, to, proof[:len(proof)-1], c.root(from), c.root(to), history.ErrProof},
		"no proof":                 {from, to, nil, c.root(from), c.root(to), history.ErrProof},
		"a hash too many":          {from, to, append(slices.Clone(proof), c.root(1)), c.root(from), c.root(to), history.ErrProof},
		"a hash changed":           {from, to, change(proof, 1), c.root(from), c.root(to), history.ErrProof},
		"nothing is in everything": {0, to, nil, c.root(0), c.root(to), nil},
		"nothing, with a proof":    {0, to, proof, c.root(0), c.root(to), history.ErrProof},
		"nothing with a root":      {0, to, nil, c.root(1), c.root(to), history.ErrProof},
		"nothing in nothing":       {0, 0, nil, c.root(0), c.root(0), nil},
		"something in nothing":     {0, 0, nil, c.root(0), c.root(1), history.ErrProof},
		"the same":                 {from, from, nil, c.root(from), c.root(from), nil},
		"the same, with a proof":   {from, from, proof, c.root(from), c.root(from), history.ErrProof},
		"the same size of a fork":  {from, from, nil, c.root(from), fork.root(from), history.ErrProof},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, v.want, history.VerifyConsistency(v.from, v.to, v.proof, v.fromRoot, v.toRoot))
		})
	}
}

// newFork returns a chain with other blocks from height `at` on.
func newFork(t *testing.T, at, size uint64) *chain {
	t.Helper()
	c := newChain(t, at)
	for i := at; i < size; i++ {
		next, err := c.history[i].Append(block(i+1_000), c.keep)
		wantError(t, nil, err)
		c.history = append(c.history, next)
	}
	return c
}

func TestProvesNothingOutsideTheHistory(t *testing.T) {
	c := newChain(t, 10)
	for _, v := range []struct{ index, size uint64 }{{0, 0}, {10, 10}, {11, 10}, {math.MaxUint64, math.MaxUint64}} {
		_, err := history.ProveInclusion(c.node, v.index, v.size)
		wantError(t, history.ErrRange, err)
	}
	for _, v := range []struct{ from, to uint64 }{{1, 0}, {10, 9}, {math.MaxUint64, 0}} {
		_, err := history.ProveConsistency(c.node, v.from, v.to)
		wantError(t, history.ErrRange, err)
	}
	_, err := history.ProveInclusion(c.node, 3, 20)
	wantError(t, errNoNode, err)
	_, err = history.ProveConsistency(c.node, 3, 20)
	wantError(t, errNoNode, err)
}

func TestProvesNothingWithoutNodes(t *testing.T) {
	if _, err := history.ProveInclusion(nil, 0, 2); err == nil {
		t.Error("expected an error without a source of nodes")
	}
	if _, err := history.ProveConsistency(nil, 1, 3); err == nil {
		t.Error("expected an error without a source of nodes")
	}
}

func TestErrorsShowBothRoots(t *testing.T) {
	c := newChain(t, 2)
	err := history.VerifyInclusion(block(0), 0, 1, nil, c.root(2))
	for _, want := range []string{hexOf(c.root(1)), hexOf(c.root(2))} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("expected %s in %q", want, err)
		}
	}
}

// uniform is a chain of any length in which all blocks have the same hash. So all nodes of a level have the
// same hash too, and no node need be stored.
type uniform [64][32]byte

func newUniform() *uniform {
	u := &uniform{hashLeaf(block(0))}
	for level := range 63 {
		u[level+1] = hashChildren(u[level], u[level])
	}
	return u
}

func (u *uniform) node(id history.NodeID) ([32]byte, error) { return u[id.Level], nil }

func (u *uniform) history(size uint64) history.History {
	h := history.History{Size: size}
	for level := 63; level >= 0; level-- {
		if size>>level&1 == 1 {
			h.Hashes = append(h.Hashes, u[level])
		}
	}
	return h
}

func TestProofsHoldAtAnySize(t *testing.T) {
	u := newUniform()
	rapid.Check(t, func(t *rapid.T) {
		to := rapid.Uint64Min(1).Draw(t, "to")
		from := rapid.Uint64Max(to).Draw(t, "from")
		index := rapid.Uint64Max(to-1).Draw(t, "index")
		root := u.history(to).Root()

		path, err := history.ProveInclusion(u.node, index, to)
		wantError(t, nil, err)
		wantError(t, nil, history.VerifyInclusion(block(0), index, to, path, root))
		wantError(t, history.ErrProof, history.VerifyInclusion(block(1), index, to, path, root))

		proof, err := history.ProveConsistency(u.node, from, to)
		wantError(t, nil, err)
		wantError(t, nil, history.VerifyConsistency(from, to, proof, u.history(from).Root(), root))
	})
}

func TestProofsHoldAtTheLargestSize(t *testing.T) {
	u := newUniform()
	root := u.history(math.MaxUint64).Root()
	for _, index := range []uint64{0, 1<<63 - 1, 1 << 63, math.MaxUint64 - 1} {
		path, err := history.ProveInclusion(u.node, index, math.MaxUint64)
		wantError(t, nil, err)
		wantError(t, nil, history.VerifyInclusion(block(0), index, math.MaxUint64, path, root))
		if len(path) > 64 {
			t.Errorf("expected at most 64 hashes, found %d", len(path))
		}
	}
}

// CometBFT's trees have leaves of any length. This test hashes three of them by hand.
func TestVerifyLeafOfAnyLength(t *testing.T) {
	hash := func(parts ...[]byte) [32]byte { return sha256.Sum256(bytes.Join(parts, nil)) }
	leaf := func(data string) [32]byte { return hash([]byte{0}, []byte(data)) }
	parent := func(a, b [32]byte) [32]byte { return hash([]byte{1}, a[:], b[:]) }
	a, b, c := leaf("a"), leaf(""), leaf("longer than a hash, which is what leaves of block hashes are")
	root := parent(parent(a, b), c)
	if err := history.VerifyLeaf([]byte("a"), 0, 3, [][32]byte{b, c}, root); err != nil {
		t.Error(err)
	}
	if err := history.VerifyLeaf(nil, 1, 3, [][32]byte{a, c}, root); err != nil {
		t.Error(err)
	}
	if err := history.VerifyLeaf([]byte("b"), 1, 3, [][32]byte{a, c}, root); !errors.Is(err, history.ErrProof) {
		t.Errorf("another leaf: expected %v, found %v", history.ErrProof, err)
	}
	if err := history.VerifyLeaf([]byte("a"), 3, 3, [][32]byte{b, c}, root); !errors.Is(err, history.ErrRange) {
		t.Errorf("beyond the last: expected %v, found %v", history.ErrRange, err)
	}
}

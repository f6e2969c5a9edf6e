package history_test

import (
	"errors"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/history"
)

// sizes is the largest number of blocks in the exhaustive tests, just above a power of two.
const sizes = 130

var errNoNode = errors.New("no such node")

func wantError(t rapid.TB, want, err error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("expected error %v, found %v", want, err)
	}
}

func TestTheRootIsTheMerkleTreeHash(t *testing.T) {
	c := newChain(t, sizes)
	for size, h := range c.history {
		if want := naiveRoot(c.blocks[:size]); h.Root() != want {
			t.Errorf("size %d: expected root %x, found %x", size, want, h.Root())
		}
		if h.Size != uint64(size) || len(h.Hashes) != bits.OnesCount(uint(size)) {
			t.Errorf("expected size %d and a hash for each of its bits, found %d and %d", size, h.Size, len(h.Hashes))
		}
		wantError(t, nil, h.Validate())
	}
}

func TestEveryPerfectNodeIsVisitedOnce(t *testing.T) {
	c := newChain(t, sizes)
	if want := 2*sizes - bits.OnesCount(sizes); len(c.nodes) != want {
		t.Errorf("expected %d nodes of %d blocks, found %d", want, sizes, len(c.nodes))
	}
	for id, hash := range c.nodes {
		from, to := id.Index<<id.Level, (id.Index+1)<<id.Level
		if want := naiveRoot(c.blocks[from:to]); hash != want {
			t.Errorf("node %v: expected %x, found %x", id, want, hash)
		}
	}
}

func TestNodesAreVisitedFromTheLeafUpwards(t *testing.T) {
	var visited []history.NodeID
	h := newChain(t, 7).history[7]
	_, err := h.Append(block(7), func(id history.NodeID, _ [32]byte) error {
		visited = append(visited, id)
		return nil
	})
	wantError(t, nil, err)
	if want := []history.NodeID{{Level: 0, Index: 7}, {Level: 1, Index: 3}, {Level: 2, Index: 1}, {Level: 3, Index: 0}}; !slices.Equal(visited, want) {
		t.Errorf("expected %v, found %v", want, visited)
	}
}

func TestAppendingLeavesTheOldHistoryAsItWas(t *testing.T) {
	c := newChain(t, 40)
	for size, h := range c.history {
		before := history.History{Size: h.Size, Hashes: slices.Clone(h.Hashes)}
		one, err := h.Append(block(100), nil)
		wantError(t, nil, err)
		other, err := h.Append(block(200), nil)
		wantError(t, nil, err)
		if !reflect.DeepEqual(h, before) {
			t.Errorf("size %d: appending changed the history that it started from", size)
		}
		for last, found := range map[uint64]history.History{100: one, 200: other} {
			if want := naiveRoot(append(slices.Clone(c.blocks[:size]), block(last))); found.Root() != want {
				t.Errorf("size %d then block %d: expected root %x, found %x", size, last, want, found.Root())
			}
		}
	}
}

// A node reads the compact range back from its store for every block.
func TestAReloadedHistoryGoesOnAsIfItHadStayed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(0, 200).Draw(t, "size")
		more := rapid.Uint64Range(0, 40).Draw(t, "more")
		kept := newChain(t, size+more)
		reloaded := history.History{Size: size, Hashes: slices.Clone(kept.history[size].Hashes)}
		for i := size; i < size+more; i++ {
			var err error
			reloaded, err = reloaded.Append(block(i), nil)
			wantError(t, nil, err)
		}
		if !slices.Equal(reloaded.Hashes, kept.history[size+more].Hashes) || reloaded.Root() != kept.root(size+more) {
			t.Errorf("expected %v, found %v", kept.history[size+more], reloaded)
		}
	})
}

func TestAHistoryHasAHashForEachBitOfItsSize(t *testing.T) {
	for _, c := range []struct {
		size   uint64
		hashes int
		want   error
	}{
		{0, 0, nil},
		{0, 1, history.ErrCorrupt},
		{1, 0, history.ErrCorrupt},
		{1, 1, nil},
		{1, 2, history.ErrCorrupt},
		{6, 1, history.ErrCorrupt},
		{6, 2, nil},
		{6, 3, history.ErrCorrupt},
		{math.MaxUint64, 63, history.ErrCorrupt},
		{math.MaxUint64, 64, nil},
	} {
		h := history.History{Size: c.size, Hashes: make([][32]byte, c.hashes)}
		wantError(t, c.want, h.Validate())
		if c.want == nil {
			continue
		}
		if h.Root() != ([32]byte{}) {
			t.Errorf("size %d with %d hashes: expected no root, found %x", c.size, c.hashes, h.Root())
		}
		next, err := h.Append(block(0), func(history.NodeID, [32]byte) error {
			t.Errorf("size %d with %d hashes: expected no visit", c.size, c.hashes)
			return nil
		})
		wantError(t, history.ErrCorrupt, err)
		if !reflect.DeepEqual(next, history.History{}) {
			t.Errorf("expected no history beside the error, found %v", next)
		}
	}
}

func TestAHistoryEndsAtTheLargestSize(t *testing.T) {
	almost := history.History{Size: math.MaxUint64 - 1, Hashes: make([][32]byte, 63)}
	full, err := almost.Append(block(0), nil)
	wantError(t, nil, err)
	wantError(t, nil, full.Validate())
	if full.Size != math.MaxUint64 {
		t.Errorf("expected size %d, found %d", uint64(math.MaxUint64), full.Size)
	}
	_, err = full.Append(block(1), nil)
	wantError(t, history.ErrRange, err)
}

func TestAnErrorOfVisitEndsTheAppend(t *testing.T) {
	h := newChain(t, 7).history[7]
	full := errors.New("disk full")
	calls := 0
	next, err := h.Append(block(7), func(history.NodeID, [32]byte) error {
		if calls++; calls == 2 {
			return full
		}
		return nil
	})
	wantError(t, full, err)
	if calls != 2 {
		t.Errorf("expected no visit after the error, found %d", calls-2)
	}
	if !reflect.DeepEqual(next, history.History{}) {
		t.Errorf("expected no history beside the error, found %v", next)
	}
}

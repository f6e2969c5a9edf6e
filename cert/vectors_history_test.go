package cert_test

import (
	"crypto/sha256"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
)

// histories holds the history of every size up to a largest one. Their trees have all shapes that so few leaves can have.
type histories struct {
	t     require.TestingT
	sizes []history.History
	nodes map[history.NodeID][32]byte
}

func newHistories(t require.TestingT, largest int) *histories {
	h := &histories{t: t, sizes: make([]history.History, 1), nodes: map[history.NodeID][32]byte{}}
	for size := range largest {
		next, err := h.sizes[size].Append(sha256.Sum256([]byte{byte(size)}), func(id history.NodeID, hash [32]byte) error {
			h.nodes[id] = hash
			return nil
		})
		require.NoError(t, err)
		h.sizes = append(h.sizes, next)
	}
	return h
}

// checkpoint returns one whose history has a size, at a height that is as large.
func (h *histories) checkpoint(size int) ffg.Checkpoint {
	return ffg.Checkpoint{Epoch: uint64(size), Height: uint64(size), HistorySize: uint64(size), HistoryRoot: h.sizes[size].Root()}
}

func (h *histories) path(from, to int) (out []ffg.Root) {
	path, err := history.ProveConsistency(func(id history.NodeID) ([32]byte, error) { return h.nodes[id], nil }, uint64(from), uint64(to))
	require.NoError(h.t, err)
	for _, hash := range path {
		out = append(out, hash)
	}
	return out
}

// historyVectors lead from histories to others of many sizes, and forge what leads there.
func historyVectors(t require.TestingT) (out []certtest.Vector) {
	const largest = 9
	h := newHistories(t, largest)
	add := func(name string, from, to int, step cert.Step, change func(*certtest.Input)) {
		a, b := h.checkpoint(from), h.checkpoint(to)
		in := certtest.Input{Earlier: &a, Later: &b, Path: h.path(from, to)}
		change(&in)
		name = fmt.Sprintf("history of %d after %d: %s", to, from, name)
		out = append(out, certtest.Vector{Name: name, Op: "verify_consistency", Input: in, Expect: certtest.Expect{Error: step, OK: step == ""}})
	}
	for to := 0; to <= largest; to++ {
		for from := 0; from <= to; from++ {
			add("it goes on", from, to, "", func(*certtest.Input) {})
		}
	}
	forge := func(name string, from, to int, change func(*certtest.Input)) {
		add(name, from, to, cert.StepConsistency, change)
	}
	for _, sizes := range [][2]int{{1, 2}, {2, 3}, {3, 7}, {4, 8}, {5, 9}, {6, 8}, {7, 8}, {8, 9}} {
		from, to := sizes[0], sizes[1]
		forge("a root more at the end", from, to, func(in *certtest.Input) { in.Path = append(in.Path, ffg.Root{}) })
		forge("a root more at the beginning", from, to, func(in *certtest.Input) { in.Path = append([]ffg.Root{in.Earlier.HistoryRoot}, in.Path...) })
		forge("the last root is missing", from, to, func(in *certtest.Input) { in.Path = in.Path[:len(in.Path)-1] })
		forge("no path", from, to, func(in *certtest.Input) { in.Path = nil })
		forge("the earlier root is another", from, to, func(in *certtest.Input) { in.Earlier.HistoryRoot[31] ^= 1 })
		forge("the later root is another", from, to, func(in *certtest.Input) { in.Later.HistoryRoot[31] ^= 1 })
		for i := range h.path(from, to) {
			forge(fmt.Sprintf("root %d of the path is another", i), from, to, func(in *certtest.Input) { in.Path[i][0] ^= 1 })
		}
	}
	for from := range largest + 1 {
		forge("one history with a path", from, from, func(in *certtest.Input) { in.Path = []ffg.Root{in.Later.HistoryRoot} })
		forge("two of one size", from, from, func(in *certtest.Input) { in.Later.HistoryRoot[0] ^= 1 })
		forge("two of one size, and a path", from, from, func(in *certtest.Input) {
			in.Later.HistoryRoot[0] ^= 1
			in.Path = []ffg.Root{in.Later.HistoryRoot}
		})
	}
	forge("the empty history with a path", 0, 3, func(in *certtest.Input) { in.Path = []ffg.Root{in.Later.HistoryRoot} })
	forge("the empty history has another root", 0, 3, func(in *certtest.Input) { in.Earlier.HistoryRoot = in.Later.HistoryRoot })
	forge("the height is one more", 3, 7, func(in *certtest.Input) { in.Later.Height++ })
	forge("the earlier height is one more", 3, 7, func(in *certtest.Input) { in.Earlier.Height++ })
	forge("the sizes are one more", 3, 7, func(in *certtest.Input) { in.Earlier.HistorySize++; in.Later.HistorySize++ })
	return out
}

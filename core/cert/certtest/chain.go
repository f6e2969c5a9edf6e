// Package certtest builds chains of checkpoints with everything that proves them, for tests and benchmarks. It is
// deterministic, and panics on mistakes of its caller.
package certtest

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
)

// Genesis is the time of the anchor, in milliseconds. A block follows each second.
const Genesis = 1_700_000_000_000

// Chain is one chain from its anchor to its head. Epochs are indexes of Checkpoints.
type Chain struct {
	ID          string
	Voters      *Voters
	Checkpoints []ffg.Checkpoint
	Links       map[uint64]cert.Link // by target epoch

	salt     byte
	pairs    []pair
	blocks   []ffg.Root // hashes, from height 1 on
	history  history.History
	nodes    map[history.NodeID][32]byte
	degraded bool
}

// pair is a pair of voter sets with the set that follows.
type pair struct {
	voters ffg.VoterSet
	next   ffg.Side
}

// New returns a chain with its anchor below block 1. The eligible voters are both sides of its first pair, and the set that follows.
func New(id string, voters *Voters, eligible ffg.Side) *Chain {
	c := &Chain{
		ID: id, Voters: voters, Links: map[uint64]cert.Link{}, nodes: map[history.NodeID][32]byte{},
		pairs: []pair{{voters: ffg.Stitch(eligible, eligible), next: eligible}},
	}
	c.Checkpoints = []ffg.Checkpoint{c.checkpoint()}
	return c
}

// Fork returns a copy that continues on its own, with other blocks.
func (c *Chain) Fork() *Chain {
	fork := *c
	fork.salt++
	fork.Checkpoints, fork.pairs, fork.blocks = slices.Clone(c.Checkpoints), slices.Clone(c.pairs), slices.Clone(c.blocks)
	fork.Links, fork.nodes = maps.Clone(c.Links), maps.Clone(c.nodes)
	return &fork
}

// Domain returns the domain of the chain's votes.
func (c *Chain) Domain() ffg.Root { return ffg.Domain(c.ID) }

// Head returns the latest epoch.
func (c *Chain) Head() uint64 { return uint64(len(c.Checkpoints)) - 1 }

// Height returns the height of the latest block.
func (c *Chain) Height() uint64 { return uint64(len(c.blocks)) }

// Block appends a block with this hash.
func (c *Chain) Block(hash ffg.Root) {
	c.blocks = append(c.blocks, hash)
	c.history = must(c.history.Append(hash, func(id history.NodeID, node [32]byte) error {
		c.nodes[id] = node
		return nil
	}))
}

// Empty appends n blocks with made-up hashes.
func (c *Chain) Empty(n int) {
	for range n {
		c.Block(sha256.Sum256(binary.BigEndian.AppendUint64([]byte{'b', 'l', 'o', 'c', 'k', c.salt}, c.Height()+1)))
	}
}

// Propose makes a checkpoint of a new block, and returns its epoch.
func (c *Chain) Propose() uint64 {
	c.Empty(1)
	return c.ProposeHere()
}

// ProposeHere makes a checkpoint of the latest block.
func (c *Chain) ProposeHere() uint64 {
	c.Checkpoints = append(c.Checkpoints, c.checkpoint())
	return c.Head()
}

// checkpoint returns the next checkpoint.
func (c *Chain) checkpoint() ffg.Checkpoint {
	p := c.pairs[len(c.pairs)-1]
	next := ffg.Checkpoint{
		Epoch: uint64(len(c.Checkpoints)), Height: c.Height(), Time: Genesis + 1000*c.Height(), HistorySize: c.history.Size,
		HistoryRoot: c.history.Root(), Pair: uint64(len(c.pairs)) - 1, Degraded: c.degraded,
		VoterSetHash: p.voters.Hash(), NextVoterSetHash: p.next.Hash(),
	}
	if next.Epoch > 0 {
		next.ParentRoot = c.Checkpoints[next.Epoch-1].Root()
		next.BlockHash = c.blocks[c.Height()-1]
	}
	return next
}

// Degrade marks all later checkpoints.
func (c *Chain) Degrade() { c.degraded = true }

// Install puts the next set in force, with eligible after it, from the next checkpoint on.
func (c *Chain) Install(eligible ffg.Side) {
	last := c.pairs[len(c.pairs)-1]
	c.pairs = append(c.pairs, pair{voters: ffg.Stitch(last.voters.CurrentSide(), last.next), next: eligible})
}

// Set returns the voters of an epoch.
func (c *Chain) Set(epoch uint64) ffg.VoterSet { return c.pairs[c.Checkpoints[epoch].Pair].voters }

// Next returns the set that follows an epoch's pair.
func (c *Chain) Next(epoch uint64) ffg.Side { return c.pairs[c.Checkpoints[epoch].Pair].next }

// Vote justifies target from source by the votes of all its voters except these.
func (c *Chain) Vote(source, target uint64, absent ...int) cert.Link {
	link := c.Sign(c.Checkpoints[source].Ref(), c.Checkpoints[target], c.Set(target), absent...)
	c.Links[target] = link
	return link
}

// Sign returns the link by all voters of a set, except these and those whose secret nobody knows. The vote may be dishonest.
func (c *Chain) Sign(source ffg.Ref, target ffg.Checkpoint, set ffg.VoterSet, absent ...int) cert.Link {
	link := cert.Link{Target: target, Source: source, Signers: ffg.NewBitfield(len(set))}
	var keys []ffg.PublicKey
	for i, voter := range set {
		unknown := c.Voters.secrets[voter.Key] == nil
		if unknown || slices.ContainsFunc(absent, func(a int) bool { return c.Voters.Key(a) == voter.Key }) {
			continue
		}
		link.Signers.Set(i)
		keys = append(keys, voter.Key)
	}
	link.Signature = c.Voters.Sign(link.Vote().SigningRoot(c.Domain()), keys...)
	return link
}

// Extend proposes n checkpoints, each justified from the one before by all voters except these, and returns the latest epoch. All
// earlier epochs are then final.
func (c *Chain) Extend(n int, absent ...int) uint64 {
	for range n {
		epoch := c.Propose()
		c.Vote(epoch-1, epoch, absent...)
	}
	return c.Head()
}

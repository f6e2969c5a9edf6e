package fakenode

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/dualchain/dualchain/core/ffg"
)

// chain makes checkpoints out of blocks. Callers hold the node's lock.
type chain struct {
	id          string
	interval    uint64
	set         ffg.VoterSet
	blocks      []block                      // of heights 1, 2, ...
	headers     []cmttypes.Header            // of the same
	checkpoints []ffg.Checkpoint             // of epochs 0, 1, ...
	sources     []uint64                     // epoch of source(e)
	tallies     map[uint64]ffg.AggregateVote // of the only voter
}

// block is all that a block is made of: the same blocks make the same chain.
type block struct {
	at    time.Time
	votes []ffg.AggregateVote
}

func newChain(id string, key ffg.PublicKey, interval uint64) chain {
	set := ffg.VoterSet{{Key: key, Rear: 1, Current: 1}}
	anchor := ffg.Checkpoint{VoterSetHash: set.Hash(), NextVoterSetHash: set.CurrentSide().Hash()}
	return chain{
		id: id, interval: interval, set: set,
		checkpoints: []ffg.Checkpoint{anchor}, sources: []uint64{0},
		tallies: map[uint64]ffg.AggregateVote{},
	}
}

func (c *chain) clone() chain {
	clone := *c
	clone.blocks, clone.headers = slices.Clone(c.blocks), slices.Clone(c.headers)
	clone.checkpoints, clone.sources = slices.Clone(c.checkpoints), slices.Clone(c.sources)
	clone.tallies = maps.Clone(c.tallies)
	return clone
}

// isStartOf reports whether other has all the blocks of c. Headers name the one before, so the last decides.
func (c *chain) isStartOf(other *chain) bool {
	at := c.height()
	return c.id == other.id && at <= other.height() && (at == 0 || slices.Equal(c.headers[at-1].Hash(), other.headers[at-1].Hash()))
}

// grow executes the next block: it records the votes in it, and proposes a checkpoint if one is due.
func (c *chain) grow(b block) {
	height := c.height() + 1
	var before cmttypes.BlockID
	if height > 1 {
		before.Hash = c.headers[height-2].Hash()
	}
	c.blocks = append(c.blocks, b)
	c.headers = append(c.headers, cmttypes.Header{
		ChainID: c.id, Height: int64(height), Time: b.at.UTC(), LastBlockID: before,
		ValidatorsHash: make([]byte, 32), NextValidatorsHash: make([]byte, 32), ConsensusHash: make([]byte, 32),
		AppHash: binary.BigEndian.AppendUint64(nil, height), ProposerAddress: make([]byte, 20),
	})
	for _, vote := range b.votes {
		c.tallies[vote.Vote.Target.Epoch] = vote
	}
	if height%c.interval == 0 {
		c.propose(height)
	}
}

func (c *chain) propose(height uint64) {
	parent, header := c.head(), c.headers[height-1]
	source := uint64(0)
	for epoch := range c.tallies {
		source = max(source, epoch)
	}
	c.sources = append(c.sources, source)
	c.checkpoints = append(c.checkpoints, ffg.Checkpoint{
		Epoch: parent.Epoch + 1, ParentRoot: parent.Root(), Height: height, Time: uint64(header.Time.UnixMilli()),
		BlockHash: ffg.Root(header.Hash()), HistorySize: height,
		VoterSetHash: parent.VoterSetHash, NextVoterSetHash: parent.NextVoterSetHash,
	})
}

func (c *chain) height() uint64 { return uint64(len(c.headers)) }

func (c *chain) head() ffg.Checkpoint { return c.checkpoints[len(c.checkpoints)-1] }

// vote returns the one honest vote for an epoch.
func (c *chain) vote(epoch uint64) ffg.Vote {
	return ffg.Vote{Source: c.checkpoints[c.sources[epoch]].Ref(), Target: c.checkpoints[epoch].Ref()}
}

func (c *chain) header(height int64) (cmttypes.Header, error) {
	if height < 1 || uint64(height) > c.height() {
		return cmttypes.Header{}, fmt.Errorf("height %d must be less than or equal to the current height %d", height, c.height())
	}
	return c.headers[height-1], nil
}

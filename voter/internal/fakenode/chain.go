// Package fakenode is a node as a voter client sees it, for tests: a chain with one voter, behind a gRPC server and a
// CometBFT RPC server on loopback. It can be stopped, started again at the same addresses, and made to lie.
package fakenode

import (
	"encoding/binary"
	"fmt"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/dualchain/dualchain/ffg"
)

// chain makes blocks and checkpoints. Whoever uses it holds the node's lock.
type chain struct {
	id          string
	interval    uint64
	set         ffg.VoterSet
	headers     []cmttypes.Header // of heights 1, 2, ...
	checkpoints []ffg.Checkpoint  // of epochs 0, 1, ...
	sources     []uint64          // epoch of source(e)
	tallies     map[uint64]ffg.Bitfield
	mempool     []ffg.AggregateVote
}

func newChain(id string, key ffg.PublicKey, interval uint64) chain {
	set := ffg.VoterSet{{Key: key, Rear: 1, Current: 1}}
	anchor := ffg.Checkpoint{VoterSetHash: set.Hash(), NextVoterSetHash: set.CurrentSide().Hash()}
	return chain{
		id: id, interval: interval, set: set,
		checkpoints: []ffg.Checkpoint{anchor}, sources: []uint64{0},
		tallies: map[uint64]ffg.Bitfield{},
	}
}

// grow makes the next block at a time: it records the votes in the mempool, and proposes a checkpoint if one is due.
func (c *chain) grow(at time.Time) {
	height := uint64(len(c.headers)) + 1
	c.headers = append(c.headers, cmttypes.Header{
		ChainID: c.id, Height: int64(height), Time: at.UTC(),
		ValidatorsHash: make([]byte, 32), NextValidatorsHash: make([]byte, 32), ConsensusHash: make([]byte, 32),
		AppHash: binary.BigEndian.AppendUint64(nil, height), ProposerAddress: make([]byte, 20),
	})
	for _, vote := range c.mempool {
		epoch := vote.Vote.Target.Epoch
		c.tallies[epoch] = vote.Signers.Or(c.tallies[epoch])
	}
	c.mempool = nil
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

func (c *chain) head() ffg.Checkpoint { return c.checkpoints[len(c.checkpoints)-1] }

// vote returns the one honest vote for the head.
func (c *chain) vote() ffg.Vote {
	head := c.head()
	return ffg.Vote{Source: c.checkpoints[c.sources[head.Epoch]].Ref(), Target: head.Ref()}
}

func (c *chain) header(height int64) (cmttypes.Header, error) {
	if height < 1 || height > int64(len(c.headers)) {
		return cmttypes.Header{}, fmt.Errorf("height %d must be less than or equal to the current height %d", height, len(c.headers))
	}
	return c.headers[height-1], nil
}

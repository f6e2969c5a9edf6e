package sim

import (
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// Fork is one chain of checkpoints, as x/checkpoint and x/finality keep it together. It proposes, installs pairs, tallies
// the votes that its proposers include and moves its heads. It counts canonical votes only (protocol §4).
type Fork struct {
	rules     Rules
	period    uint64 // set_period
	epochs    []epoch
	justified uint64
	finalized uint64
	first     uint64 // epoch at which the pair in force was installed
	next      ffg.Side
}

// epoch is one checkpoint with its running tally.
type epoch struct {
	checkpoint ffg.Checkpoint
	voters     ffg.VoterSet
	source     uint64
	signers    ffg.Bitfield
	justified  bool
}

// NewFork returns a chain that consists of the anchor: pair 0 is (side, side), and its next set is side.
func NewFork(rules Rules, period uint64, side ffg.Side) *Fork {
	voters := rules.Stitch(side, side)
	anchor := ffg.Checkpoint{HistoryRoot: ffg.Side(nil).Hash(), VoterSetHash: voters.Hash(), NextVoterSetHash: side.Hash()}
	return &Fork{rules: rules, period: period, next: side, epochs: []epoch{{checkpoint: anchor, voters: voters, justified: true}}}
}

// Clone returns a chain with the same past that develops independently from now on.
func (f *Fork) Clone() *Fork {
	clone := *f
	clone.epochs = slices.Clone(f.epochs) // tallies are replaced, never modified in place
	return &clone
}

// Source returns the epoch that was the latest justified when this one was proposed.
func (f *Fork) Source(epoch uint64) (uint64, error) { return f.epochs[epoch].source, nil }

// Justified reports whether a quorum's votes for the epoch were included.
func (f *Fork) Justified(epoch uint64) (bool, error) { return f.epochs[epoch].justified, nil }

// Head returns the latest epoch.
func (f *Fork) Head() uint64 { return uint64(len(f.epochs) - 1) }

// Finalized returns the latest finalized epoch.
func (f *Fork) Finalized() uint64 { return f.finalized }

// Checkpoint returns the checkpoint of an epoch up to the head.
func (f *Fork) Checkpoint(epoch uint64) ffg.Checkpoint { return f.epochs[epoch].checkpoint }

// Voters returns the pair that votes on an epoch up to the head.
func (f *Fork) Voters(epoch uint64) ffg.VoterSet { return f.epochs[epoch].voters }

// Vote returns the one vote that this chain counts for an epoch from 1 to the head.
func (f *Fork) Vote(epoch uint64) ffg.Vote {
	e := f.epochs[epoch]
	return ffg.Vote{Source: f.epochs[e.source].checkpoint.Ref(), Target: e.checkpoint.Ref()}
}

// Propose appends a checkpoint over the given block. If the rules say so, it installs the next pair, whose next set is
// the set that eligible returns. It returns an error if the checkpoint would not extend the head.
func (f *Fork) Propose(block ffg.Root, eligible func() ffg.Side) error {
	head := f.epochs[f.Head()]
	c := head.checkpoint
	c.Epoch++
	c.ParentRoot = head.checkpoint.Root()
	c.Height++
	c.HistorySize++
	c.BlockHash, c.HistoryRoot = block, block
	voters := head.voters
	if f.rules.Installs(c.Epoch, f.finalized, f.first, f.period) {
		voters = f.rules.Stitch(head.voters.CurrentSide(), f.next)
		f.next, f.first = eligible(), c.Epoch
		c.Pair++
		c.VoterSetHash, c.NextVoterSetHash = voters.Hash(), f.next.Hash()
	}
	if err := c.Extends(head.checkpoint); err != nil {
		return fmt.Errorf("propose epoch %d: %w", c.Epoch, err)
	}
	f.epochs = append(f.epochs, epoch{checkpoint: c, voters: voters, source: f.justified, signers: ffg.NewBitfield(len(voters))})
	return nil
}

// Include counts the canonical vote of key for an epoch from 1 to the head and moves the heads. Votes by keys outside the
// pair and repeated votes change nothing.
func (f *Fork) Include(epoch uint64, key ffg.PublicKey) error {
	e := &f.epochs[epoch]
	position, ok := e.voters.Position(key)
	if !ok || e.signers.Get(position) {
		return nil
	}
	e.signers = e.signers.Or(ffg.SingleBit(len(e.voters), position))
	if e.justified || !f.rules.Quorum(e.voters, e.signers) {
		return nil
	}
	e.justified = true
	f.justified = max(f.justified, epoch)
	final, ok, err := f.rules.Finalizes(f, epoch, f.Head(), f.finalized)
	if err != nil {
		return fmt.Errorf("link epoch %d: %w", epoch, err)
	}
	if ok && final <= f.finalized {
		return fmt.Errorf("link epoch %d: expected the finalized head above %d, found %d", epoch, f.finalized, final)
	}
	if ok {
		f.finalized = final
	}
	return nil
}

// Tree returns this chain with the votes that it included, for independent checks.
func (f *Fork) Tree() (*Tree, error) {
	t := NewTree(f.epochs[0].checkpoint, f.epochs[0].voters)
	for at, e := range f.epochs[1:] {
		if err := t.Add(e.checkpoint, e.voters); err != nil {
			return nil, err
		}
		for position := range e.signers.Indices() {
			t.Sign(e.voters[position].Key, f.Vote(uint64(at+1)))
		}
	}
	return t, nil
}

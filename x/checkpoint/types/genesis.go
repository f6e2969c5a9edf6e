package types

import (
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
)

// DefaultGenesis returns the genesis of a new chain: no checkpoints.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks the state without the store: bounds, density, hash chain, sources and heads.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if g.Chain == nil {
		return nil
	}
	return g.Chain.validate()
}

func (c ChainState) validate() error {
	if len(c.Records) == 0 {
		return ErrInvalidGenesis.Wrap("records: expected at least one, found none")
	}
	var parent ffg.Checkpoint
	for i, r := range c.Records {
		checkpoint, err := r.Checkpoint.ToFFG()
		if err != nil {
			return ErrInvalidGenesis.Wrapf("record %d: %s", i, err)
		}
		if i > 0 {
			if err := checkpoint.Extends(parent); err != nil {
				return ErrInvalidGenesis.Wrapf("record %d: %s", i, err)
			}
		}
		if checkpoint.Epoch > 0 && r.SourceEpoch >= checkpoint.Epoch {
			return ErrInvalidGenesis.Wrapf("epoch %d: expected a source before it, found %d", checkpoint.Epoch, r.SourceEpoch)
		}
		parent = checkpoint
	}
	first, head := c.Records[0].Checkpoint.Epoch, parent.Epoch
	if c.FinalizedEpoch < first || c.FinalizedEpoch > c.JustifiedEpoch || c.JustifiedEpoch > head {
		return ErrInvalidGenesis.Wrapf("heads: expected first %d ≤ finalized ≤ justified ≤ head %d, found %d and %d",
			first, head, c.FinalizedEpoch, c.JustifiedEpoch)
	}
	for _, r := range c.Records {
		if r.Justified && r.Checkpoint.Epoch > c.JustifiedEpoch {
			return ErrInvalidGenesis.Wrapf("epoch %d is justified above the justified head %d", r.Checkpoint.Epoch, c.JustifiedEpoch)
		}
		if r.Finalized && (r.Checkpoint.Epoch > c.FinalizedEpoch || !r.Justified) {
			return ErrInvalidGenesis.Wrapf("epoch %d is said to be finalized, above the finalized head %d or without a link to it",
				r.Checkpoint.Epoch, c.FinalizedEpoch)
		}
		if r.Checkpoint.Epoch == c.JustifiedEpoch && !r.Justified {
			return ErrInvalidGenesis.Wrapf("the justified head %d is not justified", c.JustifiedEpoch)
		}
	}
	if c.NextHeight <= parent.Height {
		return ErrInvalidGenesis.Wrapf("next_height: expected above %d, found %d", parent.Height, c.NextHeight)
	}
	h, err := c.History.ToHistory()
	if err != nil {
		return ErrInvalidGenesis.Wrapf("history: %s", err)
	}
	if parent.Height < c.AnchorHeight || h.Size < parent.Height-c.AnchorHeight {
		return ErrInvalidGenesis.Wrapf("history: expected at least the blocks from %d to %d, found %d", c.AnchorHeight, parent.Height, h.Size)
	}
	return nil
}

// ToHistory returns the compact range, or an error if its hashes do not fit its size.
func (r HistoryRange) ToHistory() (history.History, error) {
	h := history.History{Size: r.Size_}
	for i, text := range r.Hashes {
		hash, err := ParseRoot(text)
		if err != nil {
			return h, ErrInvalidGenesis.Wrapf("hash %d: %s", i, err)
		}
		h.Hashes = append(h.Hashes, hash)
	}
	return h, h.Validate()
}

// HistoryRangeFrom returns the message form of a compact range.
func HistoryRangeFrom(h history.History) HistoryRange {
	out := HistoryRange{Size_: h.Size}
	for _, hash := range h.Hashes {
		out.Hashes = append(out.Hashes, ffg.Root(hash).String())
	}
	return out
}

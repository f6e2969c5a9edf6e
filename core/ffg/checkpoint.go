package ffg

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
)

// ErrNotExtension is wrapped by Checkpoint.Extends when the one checkpoint cannot follow the other.
var ErrNotExtension = errors.New("checkpoint does not extend its parent")

// CheckpointSize is the length of an encoded checkpoint in bytes.
const CheckpointSize = 8 + 32 + 8 + 8 + 32 + 8 + 32 + 8 + 1 + 8 + 32 + 32

// Checkpoint is what voters vote on: a block, the history under it and the voters that decide on it (protocol §2).
type Checkpoint struct {
	Epoch            uint64 `json:"epoch,string"`        // dense, 0 for the anchor
	ParentRoot       Root   `json:"parent_root"`         // root of checkpoint Epoch−1, zero for the anchor
	Height           uint64 `json:"height,string"`       // of the block
	Time             uint64 `json:"time_ms,string"`      // of the block, in milliseconds since 1970
	BlockHash        Root   `json:"block_hash"`          // CometBFT header hash
	HistorySize      uint64 `json:"history_size,string"` // block hashes under HistoryRoot: Height − anchor height
	HistoryRoot      Root   `json:"history_root"`        // RFC 6962 root over the hashes of the blocks above the anchor, up to Height
	Pair             uint64 `json:"pair,string"`         // index of the installed pair of voter sets (protocol §7)
	Degraded         bool   `json:"degraded"`            // powers lowered by the inactivity leak (protocol §9)
	Anchor           uint64 `json:"anchor,string"`       // epoch of the trust point that this checkpoint descends from (protocol §7)
	VoterSetHash     Root   `json:"voter_set_hash"`      // VoterSet.Hash of the pair that votes on this checkpoint
	NextVoterSetHash Root   `json:"next_voter_set_hash"` // Side.Hash of the set that follows
}

// Encode returns the canonical encoding, CheckpointSize bytes.
func (c Checkpoint) Encode() []byte { return c.append(make([]byte, 0, CheckpointSize)) }

func (c Checkpoint) append(b []byte) []byte {
	b = appendUint64(b, c.Epoch)
	b = append(b, c.ParentRoot[:]...)
	b = appendUint64(b, c.Height)
	b = appendUint64(b, c.Time)
	b = append(b, c.BlockHash[:]...)
	b = appendUint64(b, c.HistorySize)
	b = append(b, c.HistoryRoot[:]...)
	b = appendUint64(b, c.Pair)
	degraded := byte(0)
	if c.Degraded {
		degraded = 1
	}
	b = append(b, degraded)
	b = appendUint64(b, c.Anchor)
	b = append(b, c.VoterSetHash[:]...)
	return append(b, c.NextVoterSetHash[:]...)
}

// DecodeCheckpoint reads what Encode wrote and refuses everything else with ErrEncoding.
func DecodeCheckpoint(b []byte) (Checkpoint, error) {
	if len(b) != CheckpointSize {
		return Checkpoint{}, lengthError("checkpoint", CheckpointSize, len(b))
	}
	r := reader(b)
	c := Checkpoint{
		Epoch:       r.uint64(),
		ParentRoot:  r.root(),
		Height:      r.uint64(),
		Time:        r.uint64(),
		BlockHash:   r.root(),
		HistorySize: r.uint64(),
		HistoryRoot: r.root(),
		Pair:        r.uint64(),
	}
	degraded := r.take(1)[0]
	if degraded > 1 {
		return Checkpoint{}, fmt.Errorf("decode checkpoint: expected degraded 0 or 1, found %d: %w", degraded, ErrEncoding)
	}
	c.Degraded = degraded == 1
	c.Anchor = r.uint64()
	c.VoterSetHash = r.root()
	c.NextVoterSetHash = r.root()
	return c, nil
}

// Root returns the checkpoint's root, which commits to every field and through ParentRoot to all checkpoints before it.
func (c Checkpoint) Root() Root {
	b := make([]byte, 0, len(tagCheckpoint)+CheckpointSize)
	return sha256.Sum256(c.append(append(b, tagCheckpoint...)))
}

// Ref returns the checkpoint's epoch and root.
func (c Checkpoint) Ref() Ref { return Ref{Epoch: c.Epoch, Root: c.Root()} }

// Extends returns nil if c may directly follow parent in one chain (protocol §13), else what differs, wrapping
// ErrNotExtension. Without this check a coalition could finalize a checkpoint through a link to another fork.
//
// It sees hashes of voter sets only: that a new pair is stitched from the one before must be checked with its members.
func (c Checkpoint) Extends(parent Checkpoint) error {
	differ := func(what string, expected, found any) error {
		return fmt.Errorf("%w: %s: expected %v, found %v", ErrNotExtension, what, expected, found)
	}
	switch root := parent.Root(); {
	case parent.Epoch == math.MaxUint64 || c.Epoch != parent.Epoch+1:
		return differ("epoch", fmt.Sprintf("the one after %d", parent.Epoch), c.Epoch)
	case c.ParentRoot != root:
		return differ("parent root", root, c.ParentRoot)
	case c.Height <= parent.Height:
		return differ("height", fmt.Sprintf("above %d", parent.Height), c.Height)
	case c.Time < parent.Time:
		return differ("time", fmt.Sprintf("%d ms or later", parent.Time), c.Time)
	case c.HistorySize <= parent.HistorySize || c.HistorySize-parent.HistorySize != c.Height-parent.Height:
		return differ("history size", fmt.Sprintf("%d more than %d", c.Height-parent.Height, parent.HistorySize), c.HistorySize)
	case c.Anchor != parent.Anchor:
		return differ("anchor", parent.Anchor, c.Anchor)
	case parent.Degraded && !c.Degraded:
		return differ("degraded", true, false)
	case c.Pair == parent.Pair:
		if c.VoterSetHash != parent.VoterSetHash {
			return differ("voter set of the same pair", parent.VoterSetHash, c.VoterSetHash)
		}
		if c.NextVoterSetHash != parent.NextVoterSetHash {
			return differ("next voter set of the same pair", parent.NextVoterSetHash, c.NextVoterSetHash)
		}
	case parent.Pair == math.MaxUint64 || c.Pair != parent.Pair+1:
		return differ("pair", fmt.Sprintf("%d or the one after", parent.Pair), c.Pair)
	}
	return nil
}

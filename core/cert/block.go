package cert

import (
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
)

// BlockProof shows that a block is under a checkpoint: the RFC 6962 audit path of its hash under the checkpoint's
// history root (protocol §2). The leaf's index and the tree's size follow from heights.
type BlockProof struct {
	Height uint64     `json:"height,string"`
	Hash   ffg.Root   `json:"hash"` // CometBFT header hash
	Path   []ffg.Root `json:"path,omitempty"`
}

// Verify checks that the block is one of those above the anchor, up to the checkpoint's height. The error is a *StepError
// of StepInclusion.
func (p BlockProof) Verify(under ffg.Checkpoint) error {
	// The index is height − anchor − 1, and size is the checkpoint's height − anchor.
	above := under.Height - p.Height
	if p.Height > under.Height || above >= under.HistorySize {
		return fail(StepInclusion, 0, "expected one of the %d blocks up to height %d, found %d", under.HistorySize, under.Height, p.Height)
	}
	index := under.HistorySize - above - 1
	if err := history.VerifyInclusion(p.Hash, index, under.HistorySize, arrays(p.Path), under.HistoryRoot); err != nil {
		return fail(StepInclusion, 0, "block %d: %w", p.Height, err)
	}
	return nil
}

// VerifyConsistency checks that the history under one checkpoint begins with that under an earlier one: every block that
// was final stays where it was. The error is a *StepError of StepConsistency.
func VerifyConsistency(earlier, later ffg.Checkpoint, path []ffg.Root) error {
	if later.Height < earlier.Height || later.Height-earlier.Height != later.HistorySize-earlier.HistorySize {
		return fail(StepConsistency, 0, "expected as many blocks as heights between %d and %d, found histories of %d and %d",
			earlier.Height, later.Height, earlier.HistorySize, later.HistorySize)
	}
	err := history.VerifyConsistency(earlier.HistorySize, later.HistorySize, arrays(path), earlier.HistoryRoot, later.HistoryRoot)
	if err != nil {
		return fail(StepConsistency, 0, "from epoch %d to %d: %w", earlier.Epoch, later.Epoch, err)
	}
	return nil
}

// arrays returns a path in the type that package history takes.
func arrays(path []ffg.Root) [][32]byte {
	out := make([][32]byte, len(path))
	for i, hash := range path {
		out[i] = hash
	}
	return out
}

func (p BlockProof) write(w *writer) {
	w.uint64(p.Height)
	w.root(p.Hash)
	w.roots(p.Path)
}

func readBlockProof(r *reader) BlockProof {
	return BlockProof{Height: r.uint64(), Hash: r.root(), Path: r.roots()}
}

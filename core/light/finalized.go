package light

import (
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// Finalized maps an epoch to the root of the checkpoint that verified certificates finalize there.
type Finalized map[uint64]ffg.Root

// Add adds the checkpoints that verified hand-overs finalize, as cert.Compare does: the ancestors of a final checkpoint are final.
func (f Finalized) Add(handOvers []cert.HandOver) {
	for _, h := range handOvers {
		first := h.Certificate.First
		if first.Epoch > 0 {
			f[first.Epoch-1] = first.ParentRoot
		}
		f[first.Epoch] = first.Root()
		final, _ := h.Certificate.Finalized()
		for _, link := range h.Certificate.Links {
			if link.Target.Epoch > final.Epoch {
				break
			}
			f[link.Target.Epoch] = link.Target.Root()
		}
	}
}

// conflicts reports whether two chains of certificates finalize different checkpoints in some epoch. It verifies no signature,
// as cert.Compare does for both chains: a lie must not be able to cause that work.
func (f Finalized) conflicts(other Finalized) bool {
	for epoch, root := range other {
		if own, ok := f[epoch]; ok && own != root {
			return true
		}
	}
	return false
}

package light

import (
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// finals are the roots of checkpoints, by epoch, that verified certificates show to be final.
type finals map[uint64]ffg.Root

// add takes what verified hand-overs show, as cert.Compare does: the ancestors of a final checkpoint are final.
func (f finals) add(handOvers []cert.HandOver) {
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

// conflict reports whether another chain of certificates shows another checkpoint final in any epoch. It takes no signature
// to find out: cert.Compare verifies both chains again, which a lie must not be able to cause.
func (f finals) conflict(o finals) bool {
	for epoch, root := range o {
		if known, ok := f[epoch]; ok && known != root {
			return true
		}
	}
	return false
}

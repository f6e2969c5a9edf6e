package certtest

import (
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
)

// Trust returns the trust in an epoch.
func (c *Chain) Trust(epoch uint64) cert.Trust {
	return cert.Trust{Checkpoint: c.Checkpoints[epoch], Voters: c.Set(epoch), Next: c.Next(epoch)}
}

// Pair returns the pair that verifies certificates from an epoch on.
func (c *Chain) Pair(epoch uint64) *cert.Pair {
	return must(cert.NewPair(c.Set(epoch), c.Next(epoch), nil))
}

// Certificate returns the certificate whose checkpoints run from one epoch to another. It may prove nothing.
func (c *Chain) Certificate(from, to uint64) cert.Certificate {
	out := cert.Certificate{First: c.Checkpoints[from]}
	for epoch := from + 1; epoch <= to; epoch++ {
		link, voted := c.Links[epoch]
		if !voted {
			link = cert.Link{Target: c.Checkpoints[epoch]}
		}
		out.Links = append(out.Links, link)
	}
	return out
}

// HandOver returns the hand-over from a trusted epoch by a certificate that runs from one epoch to another.
func (c *Chain) HandOver(trusted, from, to uint64) cert.HandOver {
	out := cert.HandOver{Certificate: c.Certificate(from, to)}
	final, ok := out.Certificate.Finalized()
	if !ok {
		panic("the last link's source is not in the certificate")
	}
	out.Next = cert.Diff(c.Next(trusted), c.Next(final.Epoch))
	return out
}

// Follow returns a following client's hand-over: everything from the trusted epoch to another.
func (c *Chain) Follow(trusted, to uint64) cert.HandOver { return c.HandOver(trusted, trusted, to) }

// Inclusion proves the block of a height under an epoch.
func (c *Chain) Inclusion(height, epoch uint64) cert.BlockProof {
	under := c.Checkpoints[epoch]
	path := must(history.ProveInclusion(c.node, height-1, under.HistorySize))
	return cert.BlockProof{Height: height, Hash: c.blocks[height-1], Path: roots(path)}
}

// Consistency proves that the history of a later epoch begins with that of an earlier one.
func (c *Chain) Consistency(earlier, later uint64) []ffg.Root {
	return roots(must(history.ProveConsistency(c.node, c.Checkpoints[earlier].HistorySize, c.Checkpoints[later].HistorySize)))
}

func (c *Chain) node(id history.NodeID) ([32]byte, error) { return c.nodes[id], nil }

func roots(path [][32]byte) (out []ffg.Root) {
	for _, hash := range path {
		out = append(out, hash)
	}
	return out
}

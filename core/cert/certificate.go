package cert

import "github.com/dualchain/dualchain/core/ffg"

// Link is a checkpoint and, unless Signers is empty, the quorum of votes that justifies it (protocol §5).
type Link struct {
	Target ffg.Checkpoint `json:"target"`
	// Source is where the votes start.
	Source ffg.Ref `json:"source,omitzero"`
	// Signers are positions in the target's voter set.
	Signers ffg.Bitfield `json:"signers,omitempty"`
	// Signature is the signers' aggregate on the vote.
	Signature ffg.Signature `json:"signature,omitzero"`
}

// Justifies reports whether the link has votes. A link without votes only carries its checkpoint's contents.
func (l Link) Justifies() bool { return len(l.Signers) > 0 }

// Vote returns what the signers signed.
func (l Link) Vote() ffg.Vote { return ffg.Vote{Source: l.Source, Target: l.Target.Ref()} }

// NewLink returns the link from an aggregate vote and its target's contents. The certificate derives the rest of the
// aggregate: its target from the contents, its voter set from theirs.
func NewLink(target ffg.Checkpoint, votes ffg.AggregateVote) Link {
	return Link{Target: target, Source: votes.Vote.Source, Signers: votes.Signers, Signature: votes.Signature}
}

// Certificate proves that a checkpoint is final (protocol §13). Its checkpoints, First and the links' targets, follow each
// other without a gap. The last link's source is the checkpoint that it proves final; every one after that has a link.
//
// First is that checkpoint, unless the certificate is for a following client, which also wants what lies between: then
// First is the checkpoint that it trusts, and the links up to the final one justify it from there. Checkpoints on the way
// that were never justified have no votes.
type Certificate struct {
	First ffg.Checkpoint `json:"first"`
	Links []Link         `json:"links,omitempty"`
}

// Finalized returns the checkpoint that the certificate proves final: the last link's source. It is false if the source is
// none of its checkpoints. It verifies nothing.
func (c Certificate) Finalized() (ffg.Checkpoint, bool) {
	i, ok := c.finalized()
	if !ok {
		return ffg.Checkpoint{}, false
	}
	return c.checkpoint(i), true
}

// finalized returns the position of the final checkpoint.
func (c Certificate) finalized() (int, bool) {
	if len(c.Links) == 0 {
		return 0, false
	}
	return c.position(c.Links[len(c.Links)-1].Source)
}

// checkpoint returns number i: 0 is First.
func (c Certificate) checkpoint(i int) ffg.Checkpoint {
	if i == 0 {
		return c.First
	}
	return c.Links[i-1].Target
}

// position returns the number of a checkpoint, and whether it is one of the certificate's, which are dense in epochs.
func (c Certificate) position(ref ffg.Ref) (int, bool) {
	i := ref.Epoch - c.First.Epoch // wraps around for an earlier epoch
	if i > uint64(len(c.Links)) || c.checkpoint(int(i)).Ref() != ref {
		return 0, false
	}
	return int(i), true
}

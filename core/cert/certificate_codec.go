package cert

import (
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// How a link's source is written.
const (
	sourceNone   = 0 // the link has no votes
	sourceInside = 1 // the number of one of the certificate's checkpoints follows
	sourceBefore = 2 // an epoch and a root follow
)

// minLinkSize is the length of a link without votes in the same pair.
const minLinkSize = 1 + 8 + 8 + 32 + 32 + 1

// Encode returns the canonical binary form (protocol §13.4). It leaves out what follows from the checkpoint before: epoch,
// parent root, history size and anchor, and what a pair has in common. So a certificate whose checkpoints don't follow each
// other in these has no encoding: the error wraps ErrEncoding.
func (c Certificate) Encode() ([]byte, error) { return encode(c.write) }

// DecodeCertificate reads what Encode wrote. The error is a *StepError of StepDecode.
func DecodeCertificate(b []byte) (Certificate, error) {
	return decode("certificate", b, readCertificate, Certificate.Encode)
}

func (c Certificate) write(w *writer) {
	w.raw(c.First.Encode())
	w.length(2, len(c.Links))
	before := c.First
	for i, link := range c.Links {
		if w.child(before, link.Target); w.err != nil {
			return
		}
		before = link.Target
		c.writeVotes(w, i)
	}
}

func (c Certificate) writeVotes(w *writer, i int) {
	link := c.Links[i]
	if !link.Justifies() {
		if (link.Source != ffg.Ref{}) || (link.Signature != ffg.Signature{}) {
			w.fail(fmt.Errorf("link %d: expected neither source nor signature without signers: %w", i, ErrEncoding))
		}
		w.uint8(sourceNone)
		return
	}
	if position, inside := c.position(link.Source); inside {
		w.uint8(sourceInside)
		w.length(2, position)
	} else {
		w.uint8(sourceBefore)
		w.uint64(link.Source.Epoch)
		w.root(link.Source.Root)
	}
	w.bytes(2, link.Signers)
	w.raw(link.Signature[:])
}

func readCertificate(r *reader) (c Certificate) {
	first, err := ffg.DecodeCheckpoint(r.take(ffg.CheckpointSize))
	if err != nil {
		r.fail("first checkpoint: %w", err)
		return c
	}
	c.First = first
	n := r.count(2, minLinkSize)
	inside := make([]int, n) // sources by number, until all checkpoints are known
	before := first
	for i := range n {
		link := Link{Target: r.child(before)}
		before = link.Target
		inside[i] = -1
		switch kind := r.uint8(); kind {
		case sourceNone:
			c.Links = append(c.Links, link)
			continue
		case sourceInside:
			inside[i] = int(r.uint(2))
		case sourceBefore:
			link.Source = ffg.Ref{Epoch: r.uint64(), Root: r.root()}
		default:
			r.fail("link %d: expected a source of kind 0, 1 or 2, found %d", i, kind)
		}
		link.Signers = r.bytes(2)
		r.fill(link.Signature[:])
		if c.Links = append(c.Links, link); r.err != nil {
			return c
		}
	}
	for i, position := range inside {
		if position > len(c.Links) {
			r.fail("link %d: expected a source among %d checkpoints, found number %d", i, len(c.Links)+1, position)
		} else if position >= 0 {
			c.Links[i].Source = c.checkpoint(position).Ref()
		}
	}
	return c
}

// child writes what c has that does not follow from the checkpoint before.
func (w *writer) child(before, c ffg.Checkpoint) {
	changed := c.Pair != before.Pair || c.Degraded != before.Degraded ||
		c.VoterSetHash != before.VoterSetHash || c.NextVoterSetHash != before.NextVoterSetHash
	w.bool(changed)
	w.uint64(c.Height)
	w.uint64(c.Time)
	w.root(c.BlockHash)
	w.root(c.HistoryRoot)
	if changed {
		w.uint64(c.Pair)
		w.bool(c.Degraded)
		w.root(c.VoterSetHash)
		w.root(c.NextVoterSetHash)
	}
	if derived := derive(before, c); derived != c {
		w.fail(fmt.Errorf("checkpoint of epoch %d does not follow that of %d: %w", c.Epoch, before.Epoch, ErrEncoding))
	}
}

func (r *reader) child(before ffg.Checkpoint) ffg.Checkpoint {
	c := before
	changed := r.bool()
	c.Height, c.Time, c.BlockHash, c.HistoryRoot = r.uint64(), r.uint64(), r.root(), r.root()
	if changed {
		c.Pair, c.Degraded, c.VoterSetHash, c.NextVoterSetHash = r.uint64(), r.bool(), r.root(), r.root()
	}
	return derive(before, c)
}

// derive returns c with everything that follows from the checkpoint before. Sums wrap around: Verify refuses those.
func derive(before, c ffg.Checkpoint) ffg.Checkpoint {
	c.Epoch, c.ParentRoot, c.Anchor = before.Epoch+1, before.Root(), before.Anchor
	c.HistorySize = before.HistorySize + c.Height - before.Height
	return c
}

// Package archive is what is kept for ever, so that light clients can start from any past trust: the anchor and the hand-overs.
package archive

import (
	"context"
	"errors"
	"fmt"

	"cosmossdk.io/collections"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Kept for ever, so that a light client catches up in O(installations): for each pair that changed something, the
// certificate by which the chain first learned that a checkpoint of it is final, with the set that follows as changes; and
// the anchor, where clients may start (protocol §13, docs/adr/017).
//
// No pair is skipped: the next one is installed only when the finalized head is in the pair in force (§7). So the head
// enters pair after pair, and when it enters one, nothing of the one after has been proposed: all targets lie in the pair.

// fullSetEvery bounds how many hand-overs must be read to rebuild the members of an archived pair: wherever the pairs'
// indexes cross a multiple of it, the next set is kept in full.
const fullSetEvery = 256

// Keeper owns what is kept for ever.
type Keeper struct {
	handOvers      collections.Map[uint64, []byte] // pair → cert.HandOver
	archivedEpochs collections.Map[uint64, uint64] // epoch that a kept hand-over proves final → pair
	anchorTrust    collections.Item[[]byte]        // cert.Trust
}

// New adds the component's collections to a schema.
func New(sb *collections.SchemaBuilder) *Keeper {
	return &Keeper{
		handOvers:      collections.NewMap(sb, types.ArchivePrefix, "archive", collections.Uint64Key, collections.BytesValue),
		archivedEpochs: collections.NewMap(sb, types.ArchivedEpochsPrefix, "archived_epochs", collections.Uint64Key, collections.Uint64Value),
		anchorTrust:    collections.NewItem(sb, types.ArchivedAnchorPrefix, "archived_anchor", collections.BytesValue),
	}
}

// KeepAnchor keeps the anchor, with its sets.
func (k *Keeper) KeepAnchor(ctx context.Context, anchor cert.Trust) error {
	encoded, err := anchor.Encode()
	if err != nil {
		return err
	}
	return k.anchorTrust.Set(ctx, encoded)
}

// KeepHandOver keeps the certificate of a checkpoint whose pair changed something, with the set that follows.
func (k *Keeper) KeepHandOver(ctx context.Context, certificate cert.Certificate, trust cert.Trust) error {
	last, err := k.lastArchived(ctx)
	if err != nil {
		return err
	}
	final := trust.Checkpoint
	h := cert.HandOver{Certificate: certificate, Next: cert.Full(trust.Next)}
	// A client that trusts the pair before knows this pair's current side as its next set.
	if changes := cert.Diff(trust.Voters.CurrentSide(), trust.Next); last/fullSetEvery == final.Pair/fullSetEvery &&
		len(changes.Members) < len(trust.Next) {
		h.Next = changes
	}
	encoded, err := h.Encode()
	if err != nil {
		return err
	}
	return errors.Join(k.handOvers.Set(ctx, final.Pair, encoded), k.archivedEpochs.Set(ctx, final.Epoch, final.Pair))
}

// Pair returns the pair of the archived checkpoint of an epoch, or false if that of this epoch is not archived.
func (k *Keeper) Pair(ctx context.Context, epoch uint64) (uint64, bool, error) {
	return state.Found(k.archivedEpochs.Get(ctx, epoch))
}

// Above returns the first archived epoch at or above another, and its pair.
func (k *Keeper) Above(ctx context.Context, epoch uint64) (archived, pair uint64, found bool, err error) {
	err = k.archivedEpochs.Walk(ctx, new(collections.Range[uint64]).StartInclusive(epoch), func(e, p uint64) (bool, error) {
		archived, pair, found = e, p, true
		return true, nil
	})
	return archived, pair, found, err
}

// HandOver returns the archived hand-over to a pair.
func (k *Keeper) HandOver(ctx context.Context, pair uint64) (h cert.HandOver, err error) {
	encoded, err := k.handOvers.Get(ctx, pair)
	if err != nil {
		return h, fmt.Errorf("read the archive of pair %d: %w", pair, err)
	}
	return cert.DecodeHandOver(encoded)
}

// HandOvers passes the archived hand-overs above a pair, ascending, decoded and in their canonical form, until stop is true.
func (k *Keeper) HandOvers(ctx context.Context, pair uint64, each func(h cert.HandOver, canonical []byte) (stop bool)) error {
	above := new(collections.Range[uint64]).StartExclusive(pair)
	return k.handOvers.Walk(ctx, above, func(_ uint64, canonical []byte) (bool, error) {
		h, err := cert.DecodeHandOver(canonical)
		if err != nil {
			return true, err
		}
		return each(h, canonical), nil
	})
}

// lastArchived returns the latest pair with an archived hand-over, or 0, the anchor's.
func (k *Keeper) lastArchived(ctx context.Context) (pair uint64, err error) {
	err = k.handOvers.Walk(ctx, new(collections.Range[uint64]).Descending(), func(p uint64, _ []byte) (bool, error) {
		pair = p
		return true, nil
	})
	return pair, err
}

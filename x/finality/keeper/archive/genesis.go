package archive

import (
	"context"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/types"
)

// InitGenesis writes an archive that Validate has accepted.
func (k *Keeper) InitGenesis(ctx context.Context, a *types.Archive) error {
	if a == nil {
		return nil
	}
	if err := k.anchorTrust.Set(ctx, a.Anchor); err != nil {
		return fmt.Errorf("set the archived anchor: %w", err)
	}
	for i, encoded := range a.HandOvers {
		h, err := cert.DecodeHandOver(encoded)
		if err != nil {
			return types.ErrInvalidGenesis.Wrapf("archive: hand-over %d: %s", i, err)
		}
		final := h.Certificate.First
		if err := errors.Join(k.handOvers.Set(ctx, final.Pair, encoded), k.archivedEpochs.Set(ctx, final.Epoch, final.Pair)); err != nil {
			return fmt.Errorf("set the archive of pair %d: %w", final.Pair, err)
		}
	}
	return nil
}

// CheckLeadsTo returns an error unless the latest archived pair is that of the finalized head, or has the same sets.
func (k *Keeper) CheckLeadsTo(ctx context.Context, head ffg.Checkpoint) error {
	anchor, err := k.Anchor(ctx)
	if err != nil {
		return err
	}
	archived := anchor.Checkpoint
	pair, err := k.lastArchived(ctx)
	if err != nil {
		return err
	}
	if pair > 0 {
		h, err := k.HandOver(ctx, pair)
		if err != nil {
			return err
		}
		archived = h.Certificate.First
	}
	if archived.VoterSetHash != head.VoterSetHash || archived.NextVoterSetHash != head.NextVoterSetHash {
		return fmt.Errorf("archive: expected a hand-over to sets %s and %s of pair %d, which is final; found pair %d with %s and %s last",
			head.VoterSetHash, head.NextVoterSetHash, head.Pair, archived.Pair, archived.VoterSetHash, archived.NextVoterSetHash)
	}
	return nil
}

// ExportGenesis returns the archive, nil until the finalized head has left the anchor.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.Archive, error) {
	anchor, has, err := state.Found(k.anchorTrust.Get(ctx))
	if err != nil || !has {
		return nil, err
	}
	out := &types.Archive{Anchor: anchor}
	err = k.handOvers.Walk(ctx, nil, func(_ uint64, encoded []byte) (bool, error) {
		out.HandOvers = append(out.HandOvers, encoded)
		return false, nil
	})
	return out, err
}

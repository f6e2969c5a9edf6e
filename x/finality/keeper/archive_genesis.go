package keeper

import (
	"context"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/x/finality/types"
)

// initArchive writes an archive that Validate has accepted.
func (k *Keeper) initArchive(ctx context.Context, a *types.Archive) error {
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

// checkArchive says whether the latest archived pair is that of the finalized head, or like it.
func (k *Keeper) checkArchive(ctx context.Context) error {
	finalized, err := k.checkpoints.FinalizedEpoch(ctx)
	if err != nil || finalized == 0 {
		return err
	}
	head, err := k.checkpoints.Record(ctx, finalized)
	if err != nil {
		return err
	}
	anchor, err := k.archivedAnchor(ctx)
	if err != nil {
		return err
	}
	archived := anchor.Checkpoint
	pair, err := k.lastArchived(ctx)
	if err != nil {
		return err
	}
	if pair > 0 {
		encoded, err := k.handOvers.Get(ctx, pair)
		if err != nil {
			return err
		}
		h, err := cert.DecodeHandOver(encoded)
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

func (k *Keeper) exportArchive(ctx context.Context) (*types.Archive, error) {
	anchor, has, err := found(k.anchorTrust.Get(ctx))
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

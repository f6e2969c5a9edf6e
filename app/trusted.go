package app

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/trusted"
)

// A node whose chain conflicts with a checkpoint that its operator trusts stops: at its start before it serves anything,
// or before it commits the block that brings the conflict. See package trusted.

// checkTrusted checks the committed state.
func (app *App) checkTrusted() error {
	if len(app.trusted) == 0 || app.LastBlockHeight() == 0 {
		return nil
	}
	ctx, err := app.CreateQueryContext(app.LastBlockHeight(), false)
	if err != nil {
		return fmt.Errorf("check trusted checkpoints: %w", err)
	}
	own := app.OwnCheckpoint(ctx)
	if err := trusted.Check(app.trusted, own); err != nil {
		return err
	}
	head, _, err := app.CheckpointKeeper.HeadEpoch(ctx)
	if err != nil {
		return fmt.Errorf("check trusted checkpoints: %w", err)
	}
	pruned, err := trusted.Pruned(app.trusted, own, head)
	for _, c := range pruned {
		app.Logger().Warn("a trusted checkpoint can't be checked: this chain has pruned it", "epoch", c.Epoch, "root", c.Root.String(), "from", c.From)
	}
	return err
}

// haltOnConflict checks the state that is about to be committed.
func (app *App) haltOnConflict(ctx sdk.Context) {
	if len(app.trusted) == 0 {
		return
	}
	if err := trusted.Check(app.trusted, app.OwnCheckpoint(ctx)); err != nil {
		app.Halt(err)
	}
}

// OwnCheckpoint answers with this chain's checkpoints, as far as they are kept: all recent ones, and those of the archive.
func (app *App) OwnCheckpoint(ctx context.Context) trusted.Own {
	return func(epoch uint64) (ffg.Checkpoint, bool, error) {
		record, err := app.CheckpointKeeper.Record(ctx, epoch)
		if errors.Is(err, checkpointtypes.ErrNotFound) {
			return app.FinalityKeeper.ArchivedCheckpoint(ctx, epoch)
		}
		return record.Checkpoint, err == nil, err
	}
}

package trusted

import (
	"context"
	"errors"
	"fmt"
	"os"

	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
)

// Checkpoints is what a guard asks of x/checkpoint's keeper.
type Checkpoints interface {
	// Record returns the checkpoint of an epoch, checkpointtypes.ErrNotFound if it is not proposed or pruned.
	Record(ctx context.Context, epoch uint64) (checkpointtypes.Record, error)
	// HeadEpoch returns the latest epoch, false before the anchor.
	HeadEpoch(ctx context.Context) (uint64, bool, error)
}

// Archive is what a guard asks of x/finality's keeper.
type Archive interface {
	// ArchivedCheckpoint returns a checkpoint that is kept for ever, and whether there is one of that epoch.
	ArchivedCheckpoint(ctx context.Context, epoch uint64) (ffg.Checkpoint, bool, error)
}

// State is the committed state of an application; a BaseApp is one.
type State interface {
	LastBlockHeight() int64
	CreateQueryContext(height int64, prove bool) (sdk.Context, error)
}

// Guard stops a node whose chain conflicts with a checkpoint that its operator trusts. An application sets Precommit as its
// precommiter before it is sealed, and calls Start once its state is loaded.
type Guard struct {
	trusted []Checkpoint
	own     func(context.Context) Own
	head    func(context.Context) (uint64, bool, error)
	halt    func(reason error)
}

// NewGuard returns a guard over the checkpoints that [Load] returns. halt is called with the *Conflict and must not return:
// [Exit], but for tests.
func NewGuard(trusted []Checkpoint, checkpoints Checkpoints, archive Archive, halt func(reason error)) *Guard {
	return &Guard{
		trusted: trusted,
		own:     func(ctx context.Context) Own { return OwnOf(ctx, checkpoints, archive) },
		head:    checkpoints.HeadEpoch,
		halt:    halt,
	}
}

// Exit returns a function that logs why the node stops and ends the process at once, with code 1: nothing may be served any more.
func Exit(logger log.Logger) func(reason error) {
	return func(reason error) {
		logger.Error("stopped", "reason", reason)
		os.Exit(1)
	}
}

// OwnOf answers with this chain's checkpoints, as far as they are kept: all recent ones, and those of the archive.
func OwnOf(ctx context.Context, checkpoints Checkpoints, archive Archive) Own {
	return func(epoch uint64) (ffg.Checkpoint, bool, error) {
		record, err := checkpoints.Record(ctx, epoch)
		if errors.Is(err, checkpointtypes.ErrNotFound) {
			return archive.ArchivedCheckpoint(ctx, epoch)
		}
		return record.Checkpoint, err == nil, err
	}
}

// Start checks the committed state, before the node serves any of it. It returns a *Conflict or what went wrong in reading, and logs
// the checkpoints that the chain has pruned.
func (g *Guard) Start(state State) error {
	height := state.LastBlockHeight()
	if len(g.trusted) == 0 || height == 0 {
		return nil
	}
	ctx, err := state.CreateQueryContext(height, false)
	if err != nil {
		return fmt.Errorf("check trusted checkpoints: %w", err)
	}
	if err := Check(g.trusted, g.own(ctx)); err != nil {
		return err
	}
	head, _, err := g.head(ctx)
	if err != nil {
		return fmt.Errorf("check trusted checkpoints: %w", err)
	}
	pruned, err := Pruned(g.trusted, g.own(ctx), head)
	for _, c := range pruned {
		ctx.Logger().Warn("a trusted checkpoint can't be checked: this chain has pruned it", "epoch", c.Epoch, "root", c.Root.String(), "from", c.From)
	}
	return err
}

// Precommit is an sdk.Precommiter: it checks the state that is about to be committed, and halts before a conflict is.
func (g *Guard) Precommit(ctx sdk.Context) {
	if len(g.trusted) == 0 {
		return
	}
	if err := Check(g.trusted, g.own(ctx)); err != nil {
		g.halt(err)
	}
}

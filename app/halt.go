package app

import (
	"errors"
	"fmt"
	"os"

	abci "github.com/cometbft/cometbft/abci/types"

	"cosmossdk.io/log/v2"

	"github.com/dualchain/dualchain/internal/exitcode"
	"github.com/dualchain/dualchain/x/finality/trusted"
)

// ErrUpgrade means that the chain is at an upgrade that this program does not know.
var ErrUpgrade = errors.New("this program does not know the upgrade")

// FinalizeBlock executes a block. If it can't, the node can't go on: CometBFT would log the error and keep the process, without
// blocks, so that no supervisor restarts it. Halt is called instead.
func (app *App) FinalizeBlock(req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	res, err := app.BaseApp.FinalizeBlock(req)
	if err != nil {
		err = app.explain(req.Height, err)
		app.Halt(err)
	}
	return res, err
}

// explain says what to do about an error in a block. x/upgrade notes an upgrade that it has no handler for in the node's home.
func (app *App) explain(height int64, err error) error {
	plan, noteErr := app.UpgradeKeeper.ReadUpgradeInfoFromDisk()
	if noteErr != nil || plan.Name == "" || plan.Height != height || app.UpgradeKeeper.HasHandler(plan.Name) {
		return fmt.Errorf("execute block %d: %w", height, err)
	}
	return fmt.Errorf("%w %q at height %d: install the release that knows it and start the node again: %w", ErrUpgrade, plan.Name, height, err)
}

// exit returns the default of App.Halt.
func exit(logger log.Logger) func(reason error) {
	stop := trusted.Exit(logger)
	return func(reason error) {
		if errors.Is(reason, ErrUpgrade) {
			logger.Error("stopped", "reason", reason)
			os.Exit(exitcode.Upgrade)
		}
		stop(reason)
	}
}

package app

import (
	"encoding/json"
	"errors"
	"fmt"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	"github.com/cosmos/cosmos-sdk/x/staking"
)

// ErrZeroHeight refuses an export that would start the chain again at height 0.
var ErrZeroHeight = errors.New("export for height 0 is not possible: checkpoints, the block history and signed votes " +
	"name heights of this chain, and would be wrong on one that counts anew; export without --for-zero-height, or start a " +
	"chain with another chain id")

// Export writes the whole state at the loaded height as a genesis that a new chain can start from at the next height.
// modules limits it to the modules named; none means all. It errs with ErrZeroHeight when asked to renumber heights.
func (app *App) Export(forZeroHeight bool, modules []string) (servertypes.ExportedApp, error) {
	if forZeroHeight {
		return servertypes.ExportedApp{}, ErrZeroHeight
	}
	ctx, err := app.CreateQueryContext(app.LastBlockHeight(), false)
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("open the state at height %d: %w", app.LastBlockHeight(), err)
	}
	state, err := app.ModuleManager.ExportGenesisForModules(ctx, app.encoding.Codec, modules)
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("export the modules: %w", err)
	}
	appState, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("encode the genesis state: %w", err)
	}
	validators, err := staking.WriteValidators(ctx, app.StakingKeeper)
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("export the validators: %w", err)
	}
	return servertypes.ExportedApp{
		AppState:        appState,
		Validators:      validators,
		Height:          app.LastBlockHeight() + 1,
		ConsensusParams: app.GetConsensusParams(ctx),
	}, nil
}

package app

import (
	"context"
	"fmt"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
)

// release is one change of a running chain that governance schedules by name. Module migrations always run; a release
// that needs more than those adds an apply step.
type release struct {
	// name is the name in the software-upgrade plan.
	name string
	// stores are the stores that the release adds, renames or deletes.
	stores storetypes.StoreUpgrades
	// apply runs after the module migrations; nil where these suffice.
	apply func(ctx context.Context, keepers Keepers) error
}

// upgrades lists the upgrades that this binary can perform, newest last. There has been no release to upgrade from.
var upgrades []release

// registerUpgrades makes the upgrades known to x/upgrade. If the node is restarting into one of them, which the old binary
// noted in the node's home, its store changes are applied when the state is loaded. Without a home there is no such note.
func (app *App) registerUpgrades(table []release, home string) error {
	for _, u := range table {
		app.UpgradeKeeper.SetUpgradeHandler(u.name, func(ctx context.Context, _ upgradetypes.Plan, from module.VersionMap) (module.VersionMap, error) {
			to, err := app.ModuleManager.RunMigrations(ctx, app.configurator, from)
			if err != nil {
				return nil, fmt.Errorf("run the migrations of upgrade %s: %w", u.name, err)
			}
			if u.apply != nil {
				if err := u.apply(ctx, app.Keepers); err != nil {
					return nil, fmt.Errorf("apply upgrade %s: %w", u.name, err)
				}
			}
			return to, nil
		})
	}

	if home == "" {
		return nil
	}
	info, err := app.UpgradeKeeper.ReadUpgradeInfoFromDisk()
	if err != nil {
		return fmt.Errorf("read the pending upgrade: %w", err)
	}
	if app.UpgradeKeeper.IsSkipHeight(info.Height) {
		return nil
	}
	for _, u := range table {
		if u.name == info.Name {
			app.SetStoreLoader(upgradetypes.UpgradeStoreLoader(info.Height, &u.stores))
		}
	}
	return nil
}

package wire

import (
	"context"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/types/module"

	checkpointkeeper "github.com/dualchain/dualchain/x/checkpoint/keeper"
	"github.com/dualchain/dualchain/x/finality"
	"github.com/dualchain/dualchain/x/finality/abci"
	finalitykeeper "github.com/dualchain/dualchain/x/finality/keeper"
)

// Injected is an application whose keepers and modules depinject has made: see package x/finality/depinject.
type Injected struct{ modules *Modules }

// NewInjected takes keepers that are made already. base needs no App yet.
func NewInjected(base Base, checkpoint *checkpointkeeper.Keeper, layer *finalitykeeper.Keeper) Injected {
	return Injected{&Modules{keepers: Keepers{Checkpoint: checkpoint, Finality: layer, base: base}, check: new(check)}}
}

// Module returns x/finality as a module that checks, at the first BeginBlock, that the application was sealed.
func (i Injected) Module() finality.AppModule {
	return i.modules.keepers.layer(func(ctx context.Context) error { return i.modules.beforeBlock(ctx) })
}

// Handlers takes the application that was built, with the orders of its module manager set, and the chain's own handlers:
// the next step is [Seal].
func (i Injected) Handlers(app *baseapp.BaseApp, manager *module.Manager, own abci.Own) *Handlers {
	i.modules.keepers.base.App, i.modules.manager = app, manager
	return i.modules.Handlers(own)
}

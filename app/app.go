// Package app puts the modules together into the chain: which keepers exist, in which order they act, how transactions
// are admitted, and what the node serves. It holds no rules of its own.
package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/cast"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/baseapp/blockexec"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/runtime/services"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/version"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
	reflectionv1 "cosmossdk.io/api/cosmos/reflection/v1"

	finalityabci "github.com/dualchain/dualchain/x/finality/abci"
	"github.com/dualchain/dualchain/x/finality/trusted"
	"github.com/dualchain/dualchain/x/finality/wire"
)

var _ servertypes.Application = (*App)(nil)

// GenesisState is the application's part of a genesis file, by module name.
type GenesisState = map[string]json.RawMessage

// App is the chain's state machine behind ABCI.
type App struct {
	*baseapp.BaseApp
	Keepers

	// ModuleManager holds the modules and the orders in which they act.
	ModuleManager *module.Manager

	encoding     Encoding
	basics       module.BasicManager
	configurator module.Configurator
	keys         map[string]*storetypes.KVStoreKey
	finality     *wire.Handlers
	closeOnce    func() error

	// Halt is called, with the reason, when this node must not or cannot go on; it must not return. By default it logs the reason and ends
	// the process, with exitcode.Upgrade for ErrUpgrade and 1 otherwise.
	Halt func(reason error)
}

// New builds the application over a database and, if loadLatest is set, loads its latest committed state; otherwise the
// caller loads a height before using it. It errs on a module that is wired wrongly and on state that can't be loaded.
//
// baseAppOptions come from the node's configuration. A mempool that they ask for is replaced: the SDK's
// SenderNonceMempool would fail unsigned transactions inside FinalizeBlock, and two nodes with different max-txs
// settings would then disagree about a block's results.
func New(
	logger log.Logger, db dbm.DB, loadLatest bool, appOpts servertypes.AppOptions, baseAppOptions ...func(*baseapp.BaseApp),
) (*App, error) {
	encoding, err := NewEncoding()
	if err != nil {
		return nil, err
	}
	bApp := baseapp.NewBaseApp(Name, logger, db, encoding.TxConfig.TxDecoder(), baseAppOptions...)
	bApp.SetMempool(wire.Mempool(mempool.NoOpMempool{}))
	bApp.SetVersion(version.Version)
	bApp.SetInterfaceRegistry(encoding.InterfaceRegistry)
	bApp.SetTxEncoder(encoding.TxConfig.TxEncoder())

	app := &App{
		BaseApp:   bApp,
		encoding:  encoding,
		keys:      storetypes.NewKVStoreKeys(kvStores...),
		closeOnce: sync.OnceValue(bApp.Close),
		Halt:      exit(logger),
	}
	home := cast.ToString(appOpts.Get(flags.FlagHome))
	held, err := trusted.Load(cast.ToStringSlice(appOpts.Get(trusted.Option)), home)
	if err != nil {
		return nil, err
	}
	app.MountKVStores(app.keys)
	app.Keepers = newKeepers(bApp, encoding, app.keys, logger, appOpts)
	maps.Copy(app.keys, app.layer.Stores) // mounted already
	if err := bApp.RegisterStreamingServices(appOpts, app.keys); err != nil {
		return nil, fmt.Errorf("register streaming services: %w", err)
	}
	blockexec.Apply(bApp, appOpts, app.storeKeys(), encoding.TxConfig.TxDecoder(),
		func(storetypes.MultiStore) string { return BaseDenom })
	bApp.SetParamStore(app.ConsensusKeeper.ParamsStore)

	app.ModuleManager = newModules(app)
	setOrders(app.ModuleManager)
	app.finality = app.layer.Modules(app.ModuleManager).Handlers(finalityabci.Own{})
	app.basics = module.NewBasicManagerFromManager(app.ModuleManager, map[string]module.AppModuleBasic{
		genutiltypes.ModuleName: genutil.NewAppModuleBasic(genutiltypes.DefaultMessageValidator),
	})
	app.basics.RegisterLegacyAminoCodec(encoding.Amino)
	app.basics.RegisterInterfaces(encoding.InterfaceRegistry)
	if err := app.registerServices(); err != nil {
		return nil, err
	}

	app.SetInitChainer(app.initChain)
	app.SetPreBlocker(app.preBlock)
	app.SetBeginBlocker(app.ModuleManager.BeginBlock)
	app.SetEndBlocker(app.ModuleManager.EndBlock)
	app.SetAnteHandler(newAnteHandler(app.Keepers, encoding.TxConfig))

	guard := trusted.NewGuard(held, app.CheckpointKeeper, app.FinalityKeeper, func(reason error) { app.Halt(reason) })
	app.SetPrecommiter(guard.Precommit)
	if err := app.registerUpgrades(upgrades, home); err != nil {
		return nil, err
	}
	if err := wire.Seal(app.finality); err != nil {
		return nil, err
	}
	if loadLatest {
		if err := app.LoadLatestVersion(); err != nil {
			return nil, fmt.Errorf("load the latest state: %w", err)
		}
		if err := guard.Start(app); err != nil {
			return nil, err
		}
		if err := app.finality.LoadKeys(); err != nil {
			return nil, err
		}
	}
	return app, nil
}

// registerServices connects the modules' messages and queries, and the descriptions that command lines are built from.
func (app *App) registerServices() error {
	app.configurator = module.NewConfigurator(app.encoding.Codec, app.MsgServiceRouter(), app.GRPCQueryRouter())
	if err := app.ModuleManager.RegisterServices(app.configurator); err != nil {
		return fmt.Errorf("register module services: %w", err)
	}
	autocliv1.RegisterQueryServer(app.GRPCQueryRouter(), services.NewAutoCLIQueryService(app.ModuleManager.Modules))
	reflection, err := services.NewReflectionService()
	if err != nil {
		return fmt.Errorf("create the reflection service: %w", err)
	}
	reflectionv1.RegisterReflectionServiceServer(app.GRPCQueryRouter(), reflection)
	return nil
}

// storeKeys lists every mounted store. The order does not matter: Block-STM sorts them.
func (app *App) storeKeys() []storetypes.StoreKey {
	keys := []storetypes.StoreKey{app.layer.Transient}
	for _, key := range app.keys {
		keys = append(keys, key)
	}
	return keys
}

func (app *App) initChain(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	var genesis GenesisState
	if err := json.Unmarshal(req.AppStateBytes, &genesis); err != nil {
		return nil, fmt.Errorf("read the genesis state: %w", err)
	}
	if err := app.UpgradeKeeper.SetModuleVersionMap(ctx, app.ModuleManager.GetVersionMap()); err != nil {
		return nil, fmt.Errorf("record module versions: %w", err)
	}
	if err := dropExpired(app.encoding.Codec, genesis, ctx.BlockTime()); err != nil {
		return nil, err
	}
	return app.ModuleManager.InitGenesis(ctx, app.encoding.Codec, genesis)
}

func (app *App) preBlock(ctx sdk.Context, _ *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
	return app.ModuleManager.PreBlock(ctx)
}

// OwnCheckpoint answers with this chain's checkpoints, as far as they are kept.
func (app *App) OwnCheckpoint(ctx context.Context) trusted.Own {
	return trusted.OwnOf(ctx, app.CheckpointKeeper, app.FinalityKeeper)
}

// Encoding returns the codecs with every module's types registered.
func (app *App) Encoding() Encoding { return app.encoding }

// Basics returns the modules' stateless sides: codecs, default genesis, genesis validation.
func (app *App) Basics() module.BasicManager { return app.basics }

// DefaultGenesis returns each module's default genesis state.
func (app *App) DefaultGenesis() GenesisState { return app.basics.DefaultGenesis(app.encoding.Codec) }

// Close releases the databases. The SDK's server calls it twice on the way out.
func (app *App) Close() error {
	app.finality.Close()
	return app.closeOnce()
}

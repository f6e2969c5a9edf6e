// Package minichain is a tiny chain with an address prefix and an 18-decimals denomination of its own.
package minichain

import (
	"encoding/json"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"
	"github.com/spf13/cast"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/server/api"
	"github.com/cosmos/cosmos-sdk/server/config"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	"github.com/cosmos/cosmos-sdk/std"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/auth"
	authante "github.com/cosmos/cosmos-sdk/x/auth/ante"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/bank"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/consensus"
	consensuskeeper "github.com/cosmos/cosmos-sdk/x/consensus/keeper"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distr "github.com/cosmos/cosmos-sdk/x/distribution"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	"github.com/cosmos/cosmos-sdk/x/gov"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	"github.com/cosmos/cosmos-sdk/x/mint"
	mintkeeper "github.com/cosmos/cosmos-sdk/x/mint/keeper"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"
	"github.com/cosmos/cosmos-sdk/x/upgrade"
	upgradekeeper "github.com/cosmos/cosmos-sdk/x/upgrade/keeper"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
)

const (
	// Prefix is the prefix of account addresses.
	Prefix = "toy"
	// Denom is the smallest unit of the token; one toy is 10^18 atoy.
	Denom = "atoy"
)

// unit is one toy in atoy.
const unit = 1_000_000_000_000_000_000

func init() {
	config := sdk.GetConfig()
	config.SetBech32PrefixForAccount(Prefix, Prefix+"pub")
	config.SetBech32PrefixForValidator(Prefix+"valoper", Prefix+"valoperpub")
	config.SetBech32PrefixForConsensusNode(Prefix+"valcons", Prefix+"valconspub")
	sdk.DefaultBondDenom, sdk.DefaultPowerReduction = Denom, math.NewInt(unit)
}

// App is the chain's state machine behind ABCI.
type App struct {
	*baseapp.BaseApp

	Codec    codec.Codec
	TxConfig client.TxConfig
	Amino    *codec.LegacyAmino
	Registry codectypes.InterfaceRegistry
	Basics   module.BasicManager

	modules *module.Manager
	upgrade *upgradekeeper.Keeper
}

// New builds the application over a database and loads its latest state.
func New(logger log.Logger, db dbm.DB, appOpts servertypes.AppOptions, options ...func(*baseapp.BaseApp)) (*App, error) {
	valoper, valcons := address.NewBech32Codec(Prefix+"valoper"), address.NewBech32Codec(Prefix+"valcons")
	signingOptions := signing.Options{AddressCodec: address.NewBech32Codec(Prefix), ValidatorAddressCodec: valoper}
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver, SigningOptions: signingOptions,
	})
	if err != nil {
		return nil, err
	}
	std.RegisterInterfaces(registry)
	cdc := codec.NewProtoCodec(registry)
	app := &App{Codec: cdc, TxConfig: authtx.NewTxConfig(cdc, authtx.DefaultSignModes), Amino: codec.NewLegacyAmino(), Registry: registry}
	std.RegisterLegacyAminoCodec(app.Amino)
	bApp := baseapp.NewBaseApp("minichain", logger, db, app.TxConfig.TxDecoder(), options...)
	bApp.SetInterfaceRegistry(registry)
	bApp.SetTxEncoder(app.TxConfig.TxEncoder())
	app.BaseApp = bApp

	keys := storetypes.NewKVStoreKeys(authtypes.StoreKey, banktypes.StoreKey, stakingtypes.StoreKey, minttypes.StoreKey,
		distrtypes.StoreKey, consensustypes.StoreKey, upgradetypes.StoreKey, govtypes.StoreKey)
	bApp.MountKVStores(keys)
	permissions := map[string][]string{
		authtypes.FeeCollectorName:          nil,
		distrtypes.ModuleName:               nil,
		minttypes.ModuleName:                {authtypes.Minter},
		stakingtypes.BondedPoolName:         {authtypes.Burner, authtypes.Staking},
		stakingtypes.NotBondedPoolName:      {authtypes.Burner, authtypes.Staking},
		stakingtypes.KeyRotationFeePoolName: {authtypes.Burner},
		govtypes.ModuleName:                 {authtypes.Burner},
	}
	blocked := map[string]bool{}
	for name := range permissions {
		blocked[authtypes.NewModuleAddress(name).String()] = true
	}
	authority := authtypes.NewModuleAddress(govtypes.ModuleName).String()
	accountKeeper := authkeeper.NewAccountKeeper(cdc, runtime.NewKVStoreService(keys[authtypes.StoreKey]), authtypes.ProtoBaseAccount,
		permissions, signingOptions.AddressCodec, Prefix, authority)
	bankKeeper := bankkeeper.NewBaseKeeper(cdc, runtime.NewKVStoreService(keys[banktypes.StoreKey]), accountKeeper, blocked, authority, logger)
	stakingKeeper := stakingkeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[stakingtypes.StoreKey]), accountKeeper, bankKeeper,
		authority, valoper, valcons)
	mintKeeper := mintkeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[minttypes.StoreKey]), stakingKeeper, accountKeeper, bankKeeper,
		authtypes.FeeCollectorName, authority)
	distrKeeper := distrkeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[distrtypes.StoreKey]), accountKeeper, bankKeeper,
		stakingKeeper, authtypes.FeeCollectorName, authority)
	stakingKeeper.SetHooks(distrKeeper.Hooks())
	consensusKeeper := consensuskeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[consensustypes.StoreKey]), authority,
		runtime.EventService{})
	bApp.SetParamStore(consensusKeeper.ParamsStore)
	app.upgrade = upgradekeeper.NewKeeper(nil, runtime.NewKVStoreService(keys[upgradetypes.StoreKey]), cdc,
		cast.ToString(appOpts.Get(flags.FlagHome)), bApp, authority)
	govKeeper := govkeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[govtypes.StoreKey]), accountKeeper, bankKeeper, distrKeeper,
		bApp.MsgServiceRouter(), govtypes.DefaultConfig(), authority, govkeeper.NewDefaultCalculateVoteResultsAndVotingPower(stakingKeeper))

	app.modules = module.NewManager(
		genutil.NewAppModule(accountKeeper, stakingKeeper, app, app.TxConfig),
		auth.NewAppModule(cdc, accountKeeper, nil),
		bank.NewAppModule(cdc, bankKeeper, accountKeeper),
		staking.NewAppModule(cdc, stakingKeeper, accountKeeper, bankKeeper),
		mint.NewAppModule(cdc, mintKeeper, accountKeeper, nil),
		distr.NewAppModule(cdc, distrKeeper, accountKeeper, bankKeeper, stakingKeeper),
		consensus.NewAppModule(cdc, consensusKeeper),
		upgrade.NewAppModule(app.upgrade, accountKeeper.AddressCodec()),
		gov.NewAppModule(cdc, govKeeper, accountKeeper, bankKeeper),
	)
	app.modules.SetOrderPreBlockers(upgradetypes.ModuleName, authtypes.ModuleName)
	app.modules.SetOrderBeginBlockers(minttypes.ModuleName, distrtypes.ModuleName, stakingtypes.ModuleName)
	app.modules.SetOrderEndBlockers(banktypes.ModuleName, govtypes.ModuleName, stakingtypes.ModuleName)
	genesis := []string{
		authtypes.ModuleName, banktypes.ModuleName, distrtypes.ModuleName, stakingtypes.ModuleName, minttypes.ModuleName,
		govtypes.ModuleName, consensustypes.ModuleName, upgradetypes.ModuleName, genutiltypes.ModuleName,
	}
	app.modules.SetOrderInitGenesis(genesis...)
	app.modules.SetOrderExportGenesis(genesis...)
	app.Basics = module.NewBasicManagerFromManager(app.modules, map[string]module.AppModuleBasic{
		genutiltypes.ModuleName: genutil.NewAppModuleBasic(genutiltypes.DefaultMessageValidator),
	})
	app.Basics.RegisterLegacyAminoCodec(app.Amino)
	app.Basics.RegisterInterfaces(registry)
	configurator := module.NewConfigurator(cdc, bApp.MsgServiceRouter(), bApp.GRPCQueryRouter())
	if err := app.modules.RegisterServices(configurator); err != nil {
		return nil, err
	}

	anteHandler, err := authante.NewAnteHandler(authante.HandlerOptions{
		AccountKeeper: accountKeeper, BankKeeper: bankKeeper, SignModeHandler: app.TxConfig.SignModeHandler(),
	})
	if err != nil {
		return nil, err
	}
	bApp.SetAnteHandler(anteHandler)
	bApp.SetInitChainer(app.initChain)
	bApp.SetPreBlocker(func(ctx sdk.Context, _ *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
		return app.modules.PreBlock(ctx)
	})
	bApp.SetBeginBlocker(app.modules.BeginBlock)
	bApp.SetEndBlocker(app.modules.EndBlock)
	if err := bApp.LoadLatestVersion(); err != nil {
		return nil, err
	}
	return app, nil
}

func (app *App) initChain(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	var state map[string]json.RawMessage
	if err := json.Unmarshal(req.AppStateBytes, &state); err != nil {
		return nil, fmt.Errorf("read the genesis state: %w", err)
	}
	if err := app.upgrade.SetModuleVersionMap(ctx, app.modules.GetVersionMap()); err != nil {
		return nil, err
	}
	return app.modules.InitGenesis(ctx, app.Codec, state)
}

// RegisterAPIRoutes mounts the REST routes of all modules.
func (app *App) RegisterAPIRoutes(apiServer *api.Server, _ config.APIConfig) {
	app.Basics.RegisterGRPCGatewayRoutes(apiServer.ClientCtx, apiServer.GRPCGatewayRouter)
}

// RegisterTxService serves the queries about transactions.
func (app *App) RegisterTxService(clientCtx client.Context) {
	authtx.RegisterTxService(app.GRPCQueryRouter(), clientCtx, app.Simulate, app.Registry)
}

// RegisterTendermintService serves the queries that CometBFT answers.
func (app *App) RegisterTendermintService(clientCtx client.Context) {
	comet := server.NewCometABCIWrapper(app)
	cmtservice.RegisterTendermintService(clientCtx, app.GRPCQueryRouter(), app.Registry, comet.Query)
}

// RegisterNodeService serves the queries about this node.
func (app *App) RegisterNodeService(clientCtx client.Context, cfg config.Config) {
	nodeservice.RegisterNodeService(clientCtx, app.GRPCQueryRouter(), cfg, app.CommitMultiStore().EarliestVersion)
}

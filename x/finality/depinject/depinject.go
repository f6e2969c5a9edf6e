// Package depinject provides x/checkpoint and x/finality to applications that depinject wires from a configuration. Import it
// for its side effect, add both modules to the configuration, and take a [wire.Injected] out of the container. Then, around
// runtime.App:
//
//	app := appBuilder.Build(db, options...)
//	app.SetMempool(wire.Mempool(app.Mempool()))
//	app.SetAnteHandler(ante.Wrap(app.AnteHandler()))
//	err := app.Load(false) // sets the orders of the configuration
//	err = wire.Seal(injected.Handlers(app.BaseApp, app.ModuleManager, abci.Own{}))
//	err = app.LoadLatestVersion()
//
// The configuration of x/auth needs the module accounts finality (burner, staking) and finality_rewards; the orders,
// order_migrations included, are those of docs/adopt.md. [wire.Seal] names what is missing.
package depinject

import (
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/appmodule"
	"cosmossdk.io/core/store"
	"cosmossdk.io/depinject"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	checkpointmodulev1 "github.com/dualchain/dualchain/api/dualchain/checkpoint/module/v1"
	finalitymodulev1 "github.com/dualchain/dualchain/api/dualchain/finality/module/v1"
	"github.com/dualchain/dualchain/x/checkpoint"
	checkpointkeeper "github.com/dualchain/dualchain/x/checkpoint/keeper"
	finalitykeeper "github.com/dualchain/dualchain/x/finality/keeper"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
	"github.com/dualchain/dualchain/x/finality/wire"
)

func init() { // depinject wants exported functions
	appmodule.Register(&checkpointmodulev1.Module{}, appmodule.Provide(ProvideCheckpoints, ProvideCheckpointModule))
	appmodule.Register(&finalitymodulev1.Module{}, appmodule.Provide(ProvideVoteSigners, ProvideEvidenceSigners, ProvideFinality))
}

// CheckpointInputs is what x/checkpoint's keeper is made from.
type CheckpointInputs struct {
	depinject.In

	Config *checkpointmodulev1.Module
	Codec  codec.Codec
	Store  store.KVStoreService
}

// ProvideCheckpoints makes x/checkpoint's keeper.
func ProvideCheckpoints(in CheckpointInputs) *checkpointkeeper.Keeper {
	return checkpointkeeper.NewKeeper(in.Codec, in.Store, authority(in.Config.Authority))
}

// ProvideCheckpointModule makes x/checkpoint. It waits for x/finality's keeper, which decides the voter sets.
func ProvideCheckpointModule(k *checkpointkeeper.Keeper, _ *finalitykeeper.Keeper) appmodule.AppModule {
	return checkpoint.NewAppModule(k)
}

// FinalityInputs is what x/finality is made from.
type FinalityInputs struct {
	depinject.In

	Config      *finalitymodulev1.Module
	Codec       codec.Codec
	Store       store.KVStoreService
	Transient   store.TransientStoreService
	Account     wire.AccountKeeper
	Bank        finalitytypes.BankKeeper
	Staking     finalitytypes.StakingKeeper
	Checkpoints *checkpointkeeper.Keeper
}

// FinalityOutputs is x/finality, and both modules as package wire needs them.
type FinalityOutputs struct {
	depinject.Out

	Keeper   *finalitykeeper.Keeper
	Module   appmodule.AppModule
	Injected wire.Injected
}

// ProvideFinality makes x/finality, and tells x/checkpoint that it decides the voter sets.
func ProvideFinality(in FinalityInputs) FinalityOutputs {
	owner := authority(in.Config.Authority)
	k := finalitykeeper.NewKeeper(in.Codec, in.Store, in.Transient, in.Account, in.Bank, in.Staking, in.Checkpoints, owner)
	in.Checkpoints.SetVoterSets(k)
	params := finalitytypes.DefaultParams()
	if reduction := in.Config.PowerReduction; reduction > 0 {
		params.PowerReduction, params.MinStake = reduction, math.NewIntFromUint64(reduction)
	}
	injected := wire.NewInjected(wire.Base{
		Codec: in.Codec, Account: in.Account, Bank: in.Bank, Staking: in.Staking, Authority: owner, Params: params,
	}, in.Checkpoints, k)
	return FinalityOutputs{Keeper: k, Module: injected.Module(), Injected: injected}
}

// ProvideVoteSigners tells who signs votes.
func ProvideVoteSigners(addresses address.Codec) signing.CustomGetSigner {
	return signersOf(new(finalitytypes.MsgSubmitVotes), addresses)
}

// ProvideEvidenceSigners tells who signs evidence.
func ProvideEvidenceSigners(addresses address.Codec) signing.CustomGetSigner {
	return signersOf(new(finalitytypes.MsgSubmitEvidence), addresses)
}

// authority returns the address of a module's account, or an address as it is.
func authority(configured string) string {
	if configured == "" {
		configured = govtypes.ModuleName
	}
	return authtypes.NewModuleAddressOrBech32Address(configured).String()
}

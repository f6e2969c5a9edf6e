// Package wire takes x/checkpoint and x/finality into an application that is wired by hand. It has one function for each
// moment of an app.go, and each returns what the next one needs:
//
//	signers := wire.Signers(&signingOptions)          // before the interface registry is made
//	accounts := signers.Accounts(permissions)         // before the account keeper is made
//	finality := accounts.Keepers(wire.Base{…})        // after account, bank and staking keepers
//	modules := finality.Modules(manager)              // after the module manager has its orders
//	handlers := modules.Handlers(abci.Own{…})         // beside the chain's own handlers
//	err = wire.Seal(handlers)                         // just before the state is loaded
//	err = handlers.LoadKeys()                         // just after
//	handlers.RegisterServices(clientCtx)              // in RegisterTxService
//	handlers.Close()                                  // in Close
//
// The chain wraps its ante handler with package x/finality/ante and its mempool with [Mempool]. [Seal] refuses an
// application that lacks a step, by name: without one of them, blocks would be made and none would ever become final.
package wire

import (
	"errors"
	"fmt"
	"maps"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/runtime"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	checkpointkeeper "github.com/dualchain/dualchain/x/checkpoint/keeper"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/abci"
	"github.com/dualchain/dualchain/x/finality/client/proofs"
	finalitykeeper "github.com/dualchain/dualchain/x/finality/keeper"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// Codec is an application whose signing options know votes and evidence. Make it with [Signers].
type Codec struct{}

// Signers tells the signing options who signs votes and evidence. Call it before the interface registry is made from them.
func Signers(options *signing.Options) Codec {
	finalitytypes.DefineCustomGetSigners(options)
	return Codec{}
}

// Accounts is an application whose module accounts include those of x/finality.
type Accounts struct{}

// Accounts adds the module accounts of x/finality to the permissions from which the account keeper is made. The chain's
// bank keeper must block them as recipients, which it does if the blocked addresses are made from the same map.
func (Codec) Accounts(permissions map[string][]string) Accounts {
	maps.Copy(permissions, map[string][]string{
		finalitytypes.ModuleName:  {authtypes.Burner, authtypes.Staking},
		finalitytypes.RewardsName: nil,
	})
	return Accounts{}
}

// AccountKeeper is what the keepers and [Seal] ask of x/auth.
type AccountKeeper interface{ finalitytypes.AccountKeeper }

// Base is what the chain has already.
type Base struct {
	App     *baseapp.BaseApp
	Codec   codec.Codec
	Account AccountKeeper
	Bank    finalitytypes.BankKeeper
	Staking finalitytypes.StakingKeeper
	// Authority is the bech32 address that may change parameters, usually that of x/gov.
	Authority string
	// Options are the node's settings. Of them, [mempool] type in config.toml says who keeps the mempool; nil: CometBFT's flood mempool.
	Options servertypes.AppOptions
	// FeeDenom is the denomination whose amount orders transactions in a mempool of type app. Empty: that of Params.
	FeeDenom string
	// Params are the parameters in the default genesis, which `init` writes and an upgrade that adds the modules starts from.
	// Zero: finalitytypes.DefaultParams.
	Params finalitytypes.Params
}

// Keepers are the keepers of both modules.
type Keepers struct {
	Checkpoint *checkpointkeeper.Keeper
	Finality   *finalitykeeper.Keeper
	// Stores are the stores of both modules by name, which are mounted already. Block-STM and streaming services need them
	// beside the chain's own.
	Stores map[string]*storetypes.KVStoreKey
	// Transient is the transient store of x/finality, which is mounted too.
	Transient *storetypes.TransientStoreKey

	base Base
}

// Keepers makes the keepers of both modules and mounts their stores.
func (Accounts) Keepers(base Base) Keepers {
	k := Keepers{
		Stores:    storetypes.NewKVStoreKeys(checkpointtypes.StoreKey, finalitytypes.StoreKey),
		Transient: storetypes.NewTransientStoreKey(finalitytypes.TransientStoreKey),
		base:      base,
	}
	base.App.MountKVStores(k.Stores)
	base.App.MountTransientStores(map[string]*storetypes.TransientStoreKey{k.Transient.Name(): k.Transient})
	k.Checkpoint = checkpointkeeper.NewKeeper(base.Codec, runtime.NewKVStoreService(k.Stores[checkpointtypes.StoreKey]), base.Authority)
	k.Finality = finalitykeeper.NewKeeper(base.Codec, runtime.NewKVStoreService(k.Stores[finalitytypes.StoreKey]),
		runtime.NewTransientStoreService(k.Transient), base.Account, base.Bank, base.Staking, k.Checkpoint, base.Authority)
	k.Checkpoint.SetVoterSets(k.Finality)
	return k
}

// StoreUpgrades returns the stores that an upgrade adds which takes the modules into a running chain.
func StoreUpgrades() *storetypes.StoreUpgrades {
	return &storetypes.StoreUpgrades{Added: []string{checkpointtypes.StoreKey, finalitytypes.StoreKey}}
}

// Modules is an application whose module manager has both modules.
type Modules struct {
	keepers Keepers
	manager *module.Manager
	check   *check
}

// Handlers are the ABCI handlers of an application that is about to be sealed.
type Handlers struct {
	modules   Modules
	own       abci.Own
	installed *abci.Handlers // by Seal
}

// Close ends the work of the lanes of a mempool of type app. Call it when the application is closed.
func (h *Handlers) Close() {
	if h.installed != nil {
		h.installed.Close()
	}
}

// Handlers takes the chain's own ABCI handlers, which [Seal] wraps and installs. Handlers that the chain sets on the
// application itself are lost, with one exception: the pre-blocker set on the application is wrapped unless own has one.
func (m Modules) Handlers(own abci.Own) *Handlers { return &Handlers{modules: m, own: own} }

// RegisterServices serves the proofs that transactions, blocks and state are final. They need CometBFT's blocks, so call it
// where the application registers its transaction service, with the same client context.
func (h *Handlers) RegisterServices(clientCtx client.Context) {
	k, app := h.modules.keepers, h.modules.keepers.base.App
	finalitytypes.RegisterProofsServer(app.GRPCQueryRouter(), proofs.NewServer(clientCtx.Client, app.Query,
		checkpointkeeper.QueryServer{Keeper: k.Checkpoint}, finalitykeeper.QueryServer{Keeper: k.Finality}))
}

// LoadKeys reads the keys of the voter sets in force into memory. Call it when the state is loaded: without it, the first block
// after a start waits for them, about a second for 10,000 voters. It does nothing before the first block of a chain.
func (h *Handlers) LoadKeys() error {
	k, app := h.modules.keepers, h.modules.keepers.base.App
	if app.LastBlockHeight() == 0 {
		return nil
	}
	ctx, err := app.CreateQueryContext(app.LastBlockHeight(), false)
	if err != nil {
		return fmt.Errorf("load the voters' keys: %w", err)
	}
	if err := k.Finality.LoadKeys(ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())); err != nil {
		return fmt.Errorf("load the voters' keys: %w", err)
	}
	return nil
}

// ErrUnwired is wrapped by every refusal of [Seal]; the text behind it begins with the name of the missing step.
var ErrUnwired = errors.New("the finality layer is not wired")

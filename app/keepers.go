package app

import (
	"maps"

	"github.com/spf13/cast"

	corestore "cosmossdk.io/core/store"
	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client/flags"
	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	authzkeeper "github.com/cosmos/cosmos-sdk/x/authz/keeper"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensuskeeper "github.com/cosmos/cosmos-sdk/x/consensus/keeper"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	evidencekeeper "github.com/cosmos/cosmos-sdk/x/evidence/keeper"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantkeeper "github.com/cosmos/cosmos-sdk/x/feegrant/keeper"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	mintkeeper "github.com/cosmos/cosmos-sdk/x/mint/keeper"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	slashingkeeper "github.com/cosmos/cosmos-sdk/x/slashing/keeper"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradekeeper "github.com/cosmos/cosmos-sdk/x/upgrade/keeper"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/cosmos/ibc-go/v11/modules/apps/transfer"
	transferkeeper "github.com/cosmos/ibc-go/v11/modules/apps/transfer/keeper"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	transferv2 "github.com/cosmos/ibc-go/v11/modules/apps/transfer/v2"
	porttypes "github.com/cosmos/ibc-go/v11/modules/core/05-port/types"
	ibcapi "github.com/cosmos/ibc-go/v11/modules/core/api"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibckeeper "github.com/cosmos/ibc-go/v11/modules/core/keeper"

	checkpointkeeper "github.com/dualchain/dualchain/x/checkpoint/keeper"
	finalitykeeper "github.com/dualchain/dualchain/x/finality/keeper"
	"github.com/dualchain/dualchain/x/finality/wire"
)

// kvStores names every store that is committed, except those of the finality layer: one line per module that keeps state.
var kvStores = []string{
	authtypes.StoreKey, banktypes.StoreKey, stakingtypes.StoreKey, slashingtypes.StoreKey, evidencetypes.StoreKey,
	distrtypes.StoreKey, minttypes.StoreKey, govtypes.StoreKey, upgradetypes.StoreKey, consensustypes.StoreKey,
	feegrant.StoreKey, authzkeeper.StoreKey,
	ibcexported.StoreKey, transfertypes.StoreKey,
}

// moduleAccounts says what each module account may do with coins.
var moduleAccounts = map[string][]string{
	authtypes.FeeCollectorName:          nil,
	distrtypes.ModuleName:               nil,
	minttypes.ModuleName:                {authtypes.Minter},
	stakingtypes.BondedPoolName:         {authtypes.Burner, authtypes.Staking},
	stakingtypes.NotBondedPoolName:      {authtypes.Burner, authtypes.Staking},
	stakingtypes.KeyRotationFeePoolName: {authtypes.Burner},
	govtypes.ModuleName:                 {authtypes.Burner},
	transfertypes.ModuleName:            {authtypes.Minter, authtypes.Burner},
}

// Keepers are the modules' doors to state, in the order in which they are made: each needs only those above it.
type Keepers struct {
	ConsensusKeeper consensuskeeper.Keeper
	AccountKeeper   authkeeper.AccountKeeper
	BankKeeper      bankkeeper.BaseKeeper
	StakingKeeper   *stakingkeeper.Keeper
	SlashingKeeper  slashingkeeper.Keeper
	EvidenceKeeper  *evidencekeeper.Keeper
	MintKeeper      mintkeeper.Keeper
	DistrKeeper     distrkeeper.Keeper
	AuthzKeeper     authzkeeper.Keeper
	FeeGrantKeeper  feegrantkeeper.Keeper
	UpgradeKeeper   *upgradekeeper.Keeper
	GovKeeper       *govkeeper.Keeper
	IBCKeeper       *ibckeeper.Keeper
	TransferKeeper  *transferkeeper.Keeper

	CheckpointKeeper *checkpointkeeper.Keeper
	FinalityKeeper   *finalitykeeper.Keeper

	layer wire.Keepers // the two above and their stores
}

// Authority is the account that may change parameters and upgrade the chain: the gov module's.
func Authority() string {
	return authtypes.NewModuleAddress(govtypes.ModuleName).String()
}

func newKeepers(
	bApp *baseapp.BaseApp, encoding Encoding, keys map[string]*storetypes.KVStoreKey, logger log.Logger, appOpts servertypes.AppOptions,
) Keepers {
	var k Keepers
	cdc := encoding.Codec
	authority := Authority()
	store := func(name string) corestore.KVStoreService { return runtime.NewKVStoreService(keys[name]) }
	permissions := maps.Clone(moduleAccounts)
	accounts := encoding.finality.Accounts(permissions)
	validators := addresscodec.NewBech32Codec(Bech32Prefix + "valoper")

	k.ConsensusKeeper = consensuskeeper.NewKeeper(cdc, store(consensustypes.StoreKey), authority, runtime.EventService{})
	k.AccountKeeper = authkeeper.NewAccountKeeper(cdc, store(authtypes.StoreKey), authtypes.ProtoBaseAccount, permissions,
		addresscodec.NewBech32Codec(Bech32Prefix), Bech32Prefix, authority)
	k.BankKeeper = bankkeeper.NewBaseKeeper(cdc, store(banktypes.StoreKey), k.AccountKeeper, blockedAddresses(permissions), authority, logger)

	k.StakingKeeper = stakingkeeper.NewKeeper(cdc, store(stakingtypes.StoreKey), k.AccountKeeper, k.BankKeeper, authority,
		validators, addresscodec.NewBech32Codec(Bech32Prefix+"valcons"))
	k.SlashingKeeper = slashingkeeper.NewKeeper(cdc, encoding.Amino, store(slashingtypes.StoreKey), k.StakingKeeper, authority)
	k.EvidenceKeeper = evidencekeeper.NewKeeper(cdc, store(evidencetypes.StoreKey), k.StakingKeeper, k.SlashingKeeper,
		k.AccountKeeper.AddressCodec(), runtime.ProvideCometInfoService())
	k.MintKeeper = mintkeeper.NewKeeper(cdc, store(minttypes.StoreKey), k.StakingKeeper, k.AccountKeeper, k.BankKeeper,
		authtypes.FeeCollectorName, authority)
	k.DistrKeeper = distrkeeper.NewKeeper(cdc, store(distrtypes.StoreKey), k.AccountKeeper, k.BankKeeper, k.StakingKeeper,
		authtypes.FeeCollectorName, authority)
	k.StakingKeeper.SetHooks(stakingtypes.NewMultiStakingHooks(k.DistrKeeper.Hooks(), k.SlashingKeeper.Hooks()))

	k.AuthzKeeper = authzkeeper.NewKeeper(store(authzkeeper.StoreKey), cdc, bApp.MsgServiceRouter(), k.AccountKeeper)
	k.FeeGrantKeeper = feegrantkeeper.NewKeeper(cdc, store(feegrant.StoreKey), k.AccountKeeper)
	k.UpgradeKeeper = upgradekeeper.NewKeeper(skippedUpgrades(appOpts), store(upgradetypes.StoreKey), cdc,
		cast.ToString(appOpts.Get(flags.FlagHome)), bApp, authority)
	k.GovKeeper = govkeeper.NewKeeper(cdc, store(govtypes.StoreKey), k.AccountKeeper, k.BankKeeper, k.DistrKeeper,
		bApp.MsgServiceRouter(), govtypes.DefaultConfig(), authority,
		govkeeper.NewDefaultCalculateVoteResultsAndVotingPower(k.StakingKeeper))

	k.IBCKeeper = ibckeeper.NewKeeper(cdc, store(ibcexported.StoreKey), k.UpgradeKeeper, authority)
	k.TransferKeeper = transferkeeper.NewKeeper(cdc, k.AccountKeeper.AddressCodec(), store(transfertypes.StoreKey),
		k.IBCKeeper.ChannelKeeper, bApp.MsgServiceRouter(), k.AccountKeeper, k.BankKeeper, authority)
	k.IBCKeeper.SetRouter(porttypes.NewRouter().AddRoute(transfertypes.ModuleName, transfer.NewIBCModule(k.TransferKeeper)))
	k.IBCKeeper.SetRouterV2(ibcapi.NewRouter().AddRoute(transfertypes.PortID, transferv2.NewIBCModule(k.TransferKeeper)))

	k.layer = accounts.Keepers(wire.Base{
		App: bApp, Codec: cdc, Account: k.AccountKeeper, Bank: k.BankKeeper, Staking: k.StakingKeeper, Authority: authority,
		Options: appOpts, FeeDenom: BaseDenom,
	})
	k.CheckpointKeeper, k.FinalityKeeper = k.layer.Checkpoint, k.layer.Finality
	return k
}

// blockedAddresses are the module accounts. Nobody can send coins to them by a bank message: x/gov and others refuse to import
// a genesis in which their account holds more than they know of.
func blockedAddresses(permissions map[string][]string) map[string]bool {
	blocked := make(map[string]bool, len(permissions))
	for name := range permissions {
		blocked[authtypes.NewModuleAddress(name).String()] = true
	}
	return blocked
}

func skippedUpgrades(appOpts servertypes.AppOptions) map[int64]bool {
	skipped := map[int64]bool{}
	for _, height := range cast.ToIntSlice(appOpts.Get(server.FlagUnsafeSkipUpgrades)) {
		skipped[int64(height)] = true
	}
	return skipped
}

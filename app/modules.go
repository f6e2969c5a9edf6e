package app

import (
	"slices"

	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/auth"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/auth/vesting"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	authzmodule "github.com/cosmos/cosmos-sdk/x/authz/module"
	"github.com/cosmos/cosmos-sdk/x/bank"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/consensus"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distr "github.com/cosmos/cosmos-sdk/x/distribution"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	"github.com/cosmos/cosmos-sdk/x/evidence"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantmodule "github.com/cosmos/cosmos-sdk/x/feegrant/module"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	"github.com/cosmos/cosmos-sdk/x/gov"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	"github.com/cosmos/cosmos-sdk/x/mint"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	"github.com/cosmos/cosmos-sdk/x/slashing"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	"github.com/cosmos/cosmos-sdk/x/staking"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	"github.com/cosmos/cosmos-sdk/x/upgrade"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/cosmos/ibc-go/v11/modules/apps/transfer"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	ibc "github.com/cosmos/ibc-go/v11/modules/core"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibctm "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"
)

// newModules makes the modules over the keepers; the orders below say when each of them acts. Package wire adds those of the
// finality layer, and puts them into the orders.
func newModules(app *App) *module.Manager {
	cdc, registry := app.encoding.Codec, app.encoding.InterfaceRegistry

	tendermint := ibctm.NewLightClientModule(cdc, app.IBCKeeper.ClientKeeper.GetStoreProvider())
	app.IBCKeeper.ClientKeeper.AddRoute(ibctm.ModuleName, &tendermint)

	return module.NewManager(
		genutil.NewAppModule(app.AccountKeeper, app.StakingKeeper, app, app.encoding.TxConfig),
		auth.NewAppModule(cdc, app.AccountKeeper, nil),
		vesting.NewAppModule(app.AccountKeeper, app.BankKeeper),
		bank.NewAppModule(cdc, app.BankKeeper, app.AccountKeeper),
		staking.NewAppModule(cdc, app.StakingKeeper, app.AccountKeeper, app.BankKeeper),
		slashing.NewAppModule(cdc, app.SlashingKeeper, app.AccountKeeper, app.BankKeeper, app.StakingKeeper, registry),
		evidence.NewAppModule(*app.EvidenceKeeper),
		distr.NewAppModule(cdc, app.DistrKeeper, app.AccountKeeper, app.BankKeeper, app.StakingKeeper),
		mint.NewAppModule(cdc, app.MintKeeper, app.AccountKeeper, nil),
		gov.NewAppModule(cdc, app.GovKeeper, app.AccountKeeper, app.BankKeeper),
		upgrade.NewAppModule(app.UpgradeKeeper, app.AccountKeeper.AddressCodec()),
		consensus.NewAppModule(cdc, app.ConsensusKeeper),
		feegrantmodule.NewAppModule(cdc, app.AccountKeeper, app.BankKeeper, app.FeeGrantKeeper, registry),
		authzmodule.NewAppModule(cdc, app.AuthzKeeper, app.AccountKeeper, app.BankKeeper, registry),
		ibc.NewAppModule(app.IBCKeeper),
		transfer.NewAppModule(app.TransferKeeper),
		ibctm.NewAppModule(tendermint),
	)
}

// Upgrades run before anything else in their block, so that no module sees state that it has not migrated.
var preBlockOrder = []string{upgradetypes.ModuleName, authtypes.ModuleName}

// Mint fills the fee collector, finality takes its share, distribution empties it; slashing and evidence follow
// distribution, so that a validator's rewards are settled before its stake is cut.
var beginBlockOrder = []string{
	minttypes.ModuleName,
	distrtypes.ModuleName,
	slashingtypes.ModuleName,
	evidencetypes.ModuleName,
	stakingtypes.ModuleName,
	ibcexported.ModuleName,
	authz.ModuleName,
}

// Bank settles what transactions left for the end of the block before anyone reads balances. Gov executes proposals
// before staking reports the validators. Finality and checkpoint come last.
var endBlockOrder = []string{
	banktypes.ModuleName,
	govtypes.ModuleName,
	stakingtypes.ModuleName,
	feegrant.ModuleName,
}

// Genutil delivers the genesis transactions and therefore follows everything that these touch. Finality and checkpoint come
// last: finality checks its balances with bank, and checkpoint asks it for the anchor's voters.
var genesisOrder = []string{
	authtypes.ModuleName,
	banktypes.ModuleName,
	distrtypes.ModuleName,
	stakingtypes.ModuleName,
	slashingtypes.ModuleName,
	govtypes.ModuleName,
	minttypes.ModuleName,
	ibcexported.ModuleName,
	transfertypes.ModuleName,
	ibctm.ModuleName,
	evidencetypes.ModuleName,
	feegrant.ModuleName,
	authz.ModuleName,
	vestingtypes.ModuleName,
	upgradetypes.ModuleName,
	consensustypes.ModuleName,
	genutiltypes.ModuleName,
}

// migrationOrder is the order of genesis, which a module that an upgrade adds needs too, but for auth, whose migrations the
// SDK wants last.
func migrationOrder() []string {
	order := slices.DeleteFunc(slices.Clone(genesisOrder), func(name string) bool { return name == authtypes.ModuleName })
	return append(order, authtypes.ModuleName)
}

func setOrders(manager *module.Manager) {
	manager.SetOrderPreBlockers(preBlockOrder...)
	manager.SetOrderBeginBlockers(beginBlockOrder...)
	manager.SetOrderEndBlockers(endBlockOrder...)
	manager.SetOrderInitGenesis(genesisOrder...)
	manager.SetOrderExportGenesis(genesisOrder...)
	manager.SetOrderMigrations(migrationOrder()...)
}

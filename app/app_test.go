package app_test

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/testutil/fixture"
)

func send(from, to fixture.Account, amount sdk.Coin) sdk.Msg {
	return banktypes.NewMsgSend(from.Address(), to.Address(), sdk.NewCoins(amount))
}

func TestTheDefaultGenesisIsValid(t *testing.T) {
	f := fixture.New(t)
	require.NoError(t, f.App.Basics().ValidateGenesis(f.App.Encoding().Codec, f.App.Encoding().TxConfig, f.App.DefaultGenesis()))
}

func TestAnExportedChainGoesOnWhereItStopped(t *testing.T) {
	f := fixture.New(t, fixture.Voters(34, 33, 33), fixture.Interval(2), fixture.Inflation("0.1")).Honest(0, 1, 2)
	f.Blocks(5)
	f.Register(3, 50).OK()
	f.Delegate(fixture.Alice, 1, fixture.Dual(7)).OK()
	f.Undelegate(fixture.Alice, 1, fixture.Dual(3)).OK()
	f.Blocks(4)
	heads := f.Heads()
	require.NotZero(t, heads.Finalized)

	exported, err := f.App.Export(false, nil)
	require.NoError(t, err)
	require.Equal(t, f.Height()+1, exported.Height)
	require.Len(t, exported.Validators, 1)

	var state app.GenesisState
	require.NoError(t, json.Unmarshal(exported.AppState, &state))
	g := fixture.New(t, fixture.Voters(34, 33, 33), fixture.InitialHeight(exported.Height),
		fixture.Genesis(func(_ app.Encoding, genesis app.GenesisState) { maps.Copy(genesis, state) }))
	imported, err := g.App.ModuleManager.ExportGenesis(g.Ctx().WithChainID(fixture.ChainID), g.App.Encoding().Codec)
	require.NoError(t, err)
	require.ElementsMatch(t, slices.Collect(maps.Keys(state)), slices.Collect(maps.Keys(imported)))
	for module := range state {
		require.JSONEq(t, string(state[module]), string(imported[module]), "module %s", module)
	}

	g.Honest(0, 1, 2).Wait(f.Now().Sub(fixture.GenesisTime) + 1)
	g.Blocks(5)
	require.Greater(t, g.Heads().Finalized, heads.Head, "the checkpoints of the first chain are final on the second")
}

func TestAnExportOfSomeModulesHoldsNoOthers(t *testing.T) {
	f := fixture.New(t).Blocks(1)
	exported, err := f.App.Export(false, []string{banktypes.ModuleName})
	require.NoError(t, err)
	var state app.GenesisState
	require.NoError(t, json.Unmarshal(exported.AppState, &state))
	require.Equal(t, []string{banktypes.ModuleName}, slices.Collect(maps.Keys(state)))
}

func TestNoExportRenumbersHeights(t *testing.T) {
	_, err := fixture.New(t).Blocks(1).App.Export(true, nil)
	require.ErrorIs(t, err, app.ErrZeroHeight)
}

// What operators set in app.toml must never show in a block's results: CometBFT compares both hashes.
func TestNodesWithOtherSettingsAgreeOnEveryBlock(t *testing.T) {
	expected := story(node(t, map[string]any{}))
	for name, settings := range map[string]map[string]any{
		"a mempool of its own":            {server.FlagMempoolMaxTxs: 5000},
		"a mempool without a bound":       {server.FlagMempoolMaxTxs: 0},
		"block-stm on one worker":         {server.FlagBlockExecutor: serverconfig.BlockExecutorBlockSTM, server.FlagBlockSTMWorkers: 1},
		"block-stm on four":               {server.FlagBlockExecutor: serverconfig.BlockExecutorBlockSTM, server.FlagBlockSTMWorkers: 4},
		"block-stm with estimates":        {server.FlagBlockExecutor: serverconfig.BlockExecutorBlockSTM, server.FlagBlockSTMPreEstimate: true},
		"a price for gas, other caches":   {server.FlagMinGasPrices: "5udual", server.FlagInterBlockCache: true, server.FlagIAVLCacheSize: 10},
		"traces, fewer events, pruning":   {server.FlagTrace: true, server.FlagIndexEvents: []string{"a"}, server.FlagPruning: "everything"},
		"a mempool and block-stm at once": {server.FlagMempoolMaxTxs: 10, server.FlagBlockExecutor: serverconfig.BlockExecutorBlockSTM},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, expected, story(node(t, settings)))
		})
	}
}

// node starts a chain with three voters on a node that has the SDK's own reading of these settings.
func node(t *testing.T, settings map[string]any) *fixture.Fixture {
	t.Helper()
	all := options{
		flags.FlagHome: t.TempDir(), flags.FlagChainID: fixture.ChainID, server.FlagPruning: "nothing", server.FlagMempoolMaxTxs: -1,
	}
	maps.Copy(all, settings)
	chain := []fixture.Option{fixture.Voters(34, 33, 33, 20), fixture.Inflation("0.1")}
	for _, option := range server.DefaultBaseappOptions(all) {
		chain = append(chain, fixture.BaseAppOption(option))
	}
	for name, value := range all {
		chain = append(chain, fixture.AppOption(name, value))
	}
	f := fixture.New(t, chain...)
	t.Cleanup(func() { require.NoError(t, f.App.Close()) })
	return f
}

// page is what one block agreed on.
type page struct {
	App, Results string
	Codes        []uint32
	GasUsed      []int64
}

// story makes blocks of everything that a chain meets: votes, transactions that work, that fail, that run out of gas, that
// touch the same account or none in common, and evidence.
func story(f *fixture.Fixture) (pages []page) {
	f.T.Helper()
	f.Honest(0, 1, 2)
	read := func(block *abci.ResponseFinalizeBlock) {
		p := page{App: hex.EncodeToString(block.AppHash), Results: hex.EncodeToString(cmttypes.NewResults(block.TxResults).Hash())}
		for _, result := range block.TxResults {
			p.Codes, p.GasUsed = append(p.Codes, result.Code), append(p.GasUsed, result.GasUsed)
		}
		pages = append(pages, p)
	}
	alice, bob := fixture.Alice, fixture.Bob
	read(f.Block())
	read(f.Block(
		f.Sign(fixture.Tx{From: alice, Msgs: []sdk.Msg{send(alice, bob, fixture.Udual(5))}, Fee: sdk.NewCoins(fixture.Udual(100))}),
		f.Sign(fixture.Tx{From: alice, Msgs: []sdk.Msg{send(alice, fixture.Operator(0), fixture.Udual(5))}}),
		f.Sign(fixture.Tx{From: bob, Msgs: []sdk.Msg{send(bob, alice, fixture.Dual(2*fixture.Funds))}}), // more than bob has
		f.Sign(fixture.Tx{From: fixture.Operator(4), Msgs: []sdk.Msg{f.Registers(4, fixture.Dual(9))}}),
		f.Sign(fixture.Tx{From: fixture.Operator(5), Msgs: []sdk.Msg{f.Registers(5, fixture.Dual(9))}, Gas: 50_000}), // too little
	))
	read(f.Block(f.Sign(fixture.Tx{From: bob, Msgs: []sdk.Msg{send(bob, alice, fixture.Udual(1))}})))
	f.Report(bob, f.DoubleVote(1, 3)).OK()
	for range 8 {
		read(f.Block())
	}
	require.Equal(f.T, uint32(0), pages[1].Codes[0], "the votes of the first checkpoint")
	require.Equal(f.T, int64(0), pages[0].sum(), "an empty block")
	require.Positive(f.T, f.Heads().Finalized)
	return pages
}

func (p page) sum() (gas int64) {
	for _, used := range p.GasUsed {
		gas += used
	}
	return gas
}

// options is a node's configuration in memory.
type options map[string]any

func (o options) Get(name string) any { return o[name] }

func TestANodeMayBeClosedTwice(t *testing.T) {
	db, err := dbm.NewDB("application", dbm.GoLevelDBBackend, t.TempDir())
	require.NoError(t, err)
	node, err := app.New(log.NewNopLogger(), db, true, options{})
	require.NoError(t, err)
	require.NoError(t, node.Close())
	require.NoError(t, node.Close())
}

func TestTheCommandLineLeavesNothingBehind(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := app.New(log.NewNopLogger(), dbm.NewMemDB(), true, options{})
	require.NoError(t, err)
	require.NoDirExists(t, "data", "x/upgrade makes a folder when it looks for a pending upgrade")
}

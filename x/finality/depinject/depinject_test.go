package depinject_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	runtimev1alpha1 "cosmossdk.io/api/cosmos/app/runtime/v1alpha1"
	appv1alpha1 "cosmossdk.io/api/cosmos/app/v1alpha1"
	authmodulev1 "cosmossdk.io/api/cosmos/auth/module/v1"
	bankmodulev1 "cosmossdk.io/api/cosmos/bank/module/v1"
	consensusmodulev1 "cosmossdk.io/api/cosmos/consensus/module/v1"
	distrmodulev1 "cosmossdk.io/api/cosmos/distribution/module/v1"
	genutilmodulev1 "cosmossdk.io/api/cosmos/genutil/module/v1"
	mintmodulev1 "cosmossdk.io/api/cosmos/mint/module/v1"
	stakingmodulev1 "cosmossdk.io/api/cosmos/staking/module/v1"
	txconfigv1 "cosmossdk.io/api/cosmos/tx/config/v1"
	"cosmossdk.io/core/appconfig"
	"cosmossdk.io/depinject"
	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/runtime"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
	_ "github.com/cosmos/cosmos-sdk/x/auth"
	_ "github.com/cosmos/cosmos-sdk/x/auth/tx/config"
	_ "github.com/cosmos/cosmos-sdk/x/bank"
	_ "github.com/cosmos/cosmos-sdk/x/consensus"
	_ "github.com/cosmos/cosmos-sdk/x/distribution"
	_ "github.com/cosmos/cosmos-sdk/x/genutil"
	_ "github.com/cosmos/cosmos-sdk/x/mint"
	_ "github.com/cosmos/cosmos-sdk/x/staking"

	checkpointmodulev1 "github.com/dualchain/dualchain/api/dualchain/checkpoint/module/v1"
	finalitymodulev1 "github.com/dualchain/dualchain/api/dualchain/finality/module/v1"
	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointkeeper "github.com/dualchain/dualchain/x/checkpoint/keeper"
	finalityabci "github.com/dualchain/dualchain/x/finality/abci"
	"github.com/dualchain/dualchain/x/finality/ante"
	"github.com/dualchain/dualchain/x/finality/client/genesis"
	_ "github.com/dualchain/dualchain/x/finality/depinject"
	finalitykeeper "github.com/dualchain/dualchain/x/finality/keeper"
	"github.com/dualchain/dualchain/x/finality/wire"
)

const (
	chainID = "toy-1"
	unit    = 1_000_000_000_000_000_000
)

// modules is the configuration of a chain with both modules.
func modules() []*appv1alpha1.ModuleConfig {
	own := []string{"auth", "bank", "distribution", "staking", "mint", "consensus", "genutil"}
	all := append(slices.Clone(own), "finality", "checkpoint")
	config := func(name string, config proto.Message) *appv1alpha1.ModuleConfig {
		return &appv1alpha1.ModuleConfig{Name: name, Config: appconfig.WrapAny(config)}
	}
	return []*appv1alpha1.ModuleConfig{
		config("runtime", &runtimev1alpha1.Module{
			AppName: "toy", PreBlockers: []string{"auth"},
			BeginBlockers:   []string{"mint", "finality", "distribution", "staking", "checkpoint"},
			EndBlockers:     []string{"bank", "staking", "finality", "checkpoint"},
			InitGenesis:     all,
			OrderMigrations: append(append([]string{"runtime"}, all[1:]...), "auth"),
		}),
		config("auth", &authmodulev1.Module{Bech32Prefix: "cosmos", ModuleAccountPermissions: []*authmodulev1.ModuleAccountPermission{
			{Account: "fee_collector"},
			{Account: "distribution"},
			{Account: "mint", Permissions: []string{"minter"}},
			{Account: "bonded_tokens_pool", Permissions: []string{"burner", "staking"}},
			{Account: "not_bonded_tokens_pool", Permissions: []string{"burner", "staking"}},
			{Account: "key_rotation_fee_pool", Permissions: []string{"burner"}},
			{Account: "finality", Permissions: []string{"burner", "staking"}},
			{Account: "finality_rewards"},
		}}),
		config("bank", &bankmodulev1.Module{}),
		config("distribution", &distrmodulev1.Module{}),
		config("staking", &stakingmodulev1.Module{}),
		config("mint", &mintmodulev1.Module{}),
		config("consensus", &consensusmodulev1.Module{}),
		config("genutil", &genutilmodulev1.Module{}),
		config("tx", &txconfigv1.Config{}),
		config("finality", &finalitymodulev1.Module{PowerReduction: unit}),
		config("checkpoint", &checkpointmodulev1.Module{}),
	}
}

// chain is what depinject makes of the configuration.
type chain struct {
	app        *runtime.App
	cdc        codec.Codec
	injected   wire.Injected
	checkpoint *checkpointkeeper.Keeper
	finality   *finalitykeeper.Keeper
}

func build(t *testing.T) chain {
	t.Helper()
	var c chain
	var builder *runtime.AppBuilder
	config := depinject.Configs(appconfig.Compose(&appv1alpha1.Config{Modules: modules()}), depinject.Supply(log.NewNopLogger()))
	require.NoError(t, depinject.Inject(config, &builder, &c.cdc, &c.injected, &c.checkpoint, &c.finality))
	c.app = builder.Build(dbm.NewMemDB(), baseapp.SetChainID(chainID), baseapp.SetMempool(mempool.NewSenderNonceMempool()))
	return c
}

// seal does what the package comment says.
func (c chain) seal() error {
	if err := c.app.Load(false); err != nil {
		return err
	}
	return wire.Seal(c.injected.Handlers(c.app.BaseApp, c.app.ModuleManager, finalityabci.Own{}))
}

func TestAnApplicationFromAConfigurationMakesCheckpoints(t *testing.T) {
	c := build(t)
	c.app.SetMempool(wire.Mempool(c.app.Mempool()))
	c.app.SetAnteHandler(ante.Wrap(c.app.AnteHandler()))
	require.NoError(t, c.seal())
	require.NoError(t, c.app.LoadLatestVersion())

	state := c.app.DefaultGenesis()
	secret, err := bls.KeyFromSeed(make([]byte, bls.MinSeedSize))
	require.NoError(t, err)
	operator, key := sdk.AccAddress("operator------------"), secret.PublicKey().Bytes()
	root, err := ffg.Possession(ffg.Domain(chainID), operator, key)
	require.NoError(t, err)
	validator := ed25519.GenPrivKeyFromSecret([]byte("validator")).PubKey()
	toys := func(n int64) sdk.Coin { return sdk.NewInt64Coin(sdk.DefaultBondDenom, n*unit) }
	require.NoError(t, genesis.AddAccounts(c.cdc, state, genesis.Account{Address: operator, Coins: sdk.NewCoins(toys(9))}))
	require.NoError(t, genesis.AddValidators(c.cdc, state, genesis.Validator{Operator: operator, PubKey: validator, Moniker: "first", Stake: toys(1)}))
	require.NoError(t, genesis.AddVoters(c.cdc, state, chainID, genesis.Voter{
		Operator: operator, PubKey: key, Possession: secret.ProvePossession(root), Stake: toys(3),
	}))
	raw, err := json.Marshal(state)
	require.NoError(t, err)
	params := cmttypes.DefaultConsensusParams().ToProto()
	params.Block = &cmtproto.BlockParams{MaxBytes: 1 << 20, MaxGas: 1_000_000}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	_, err = c.app.InitChain(&abci.RequestInitChain{
		Time: start, ChainId: chainID, InitialHeight: 1, ConsensusParams: &params, AppStateBytes: raw,
	})
	require.NoError(t, err)
	for height := int64(1); height <= 3; height++ {
		_, err = c.app.FinalizeBlock(&abci.RequestFinalizeBlock{
			Height: height, Time: start.Add(time.Duration(height) * time.Second), Hash: make([]byte, 32), ProposerAddress: validator.Address(),
		})
		require.NoError(t, err)
		_, err = c.app.Commit()
		require.NoError(t, err)
	}

	ctx, err := c.app.CreateQueryContext(3, false)
	require.NoError(t, err)
	_, anchored, err := c.checkpoint.HeadEpoch(ctx)
	require.NoError(t, err)
	require.True(t, anchored, "the only voter is eligible")
	kept, err := c.finality.Params(ctx)
	require.NoError(t, err)
	require.EqualValues(t, unit, kept.PowerReduction)
}

func TestAnApplicationFromAConfigurationIsSealedToo(t *testing.T) {
	c := build(t)
	require.ErrorIs(t, c.seal(), wire.ErrUnwired)

	c = build(t)
	c.app.SetMempool(wire.Mempool(c.app.Mempool()))
	require.ErrorContains(t, c.seal(), "ante: ")
}

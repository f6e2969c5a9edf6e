// Package finality is the finality layer as a Cosmos SDK module. See README.md.
package finality

import (
	"context"
	"encoding/json"
	"fmt"

	gwruntime "github.com/grpc-ecosystem/grpc-gateway/runtime"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"cosmossdk.io/core/appmodule"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/dualchain/dualchain/x/finality/client/cli"
	"github.com/dualchain/dualchain/x/finality/client/rest"
	"github.com/dualchain/dualchain/x/finality/keeper"
	"github.com/dualchain/dualchain/x/finality/types"
)

// ConsensusVersion changes with every migration of the state.
const ConsensusVersion = 1

var (
	_ module.AppModuleBasic      = AppModule{}
	_ module.HasGenesis          = AppModule{}
	_ appmodule.HasBeginBlocker  = AppModule{}
	_ appmodule.HasEndBlocker    = AppModule{}
	_ appmodule.HasServices      = AppModule{}
	_ module.HasConsensusVersion = AppModule{}
)

// AppModule wires the keeper into an application.
type AppModule struct {
	keeper      *keeper.Keeper
	params      types.Params                // of the default genesis
	beforeBlock func(context.Context) error // nil: nothing
}

// NewAppModule returns the module.
func NewAppModule(k *keeper.Keeper) AppModule {
	return AppModule{keeper: k, params: types.DefaultParams()}
}

// WithParams returns the module with these parameters in its default genesis, instead of types.DefaultParams.
func (am AppModule) WithParams(params types.Params) AppModule {
	am.params = params
	return am
}

// BeforeBlock returns the module with a function that runs before each BeginBlock; an error stops the node.
func (am AppModule) BeforeBlock(do func(context.Context) error) AppModule {
	am.beforeBlock = do
	return am
}

// IsAppModule marks the type.
func (AppModule) IsAppModule() {}

// IsOnePerModuleType marks the type.
func (AppModule) IsOnePerModuleType() {}

// Name returns the module's name.
func (AppModule) Name() string { return types.ModuleName }

// ConsensusVersion returns the version of the state.
func (AppModule) ConsensusVersion() uint64 { return ConsensusVersion }

// RegisterLegacyAminoCodec registers nothing: wallets sign through the options in the .proto files.
func (AppModule) RegisterLegacyAminoCodec(*codec.LegacyAmino) {}

// RegisterInterfaces registers the module's messages.
func (AppModule) RegisterInterfaces(registry codectypes.InterfaceRegistry) {
	types.RegisterInterfaces(registry)
}

// RegisterGRPCGatewayRoutes mounts the module's routes and those of the proofs on the SDK's mux. It panics if they can't
// be mounted, which depends on the binary alone.
func (AppModule) RegisterGRPCGatewayRoutes(clientCtx client.Context, mux *gwruntime.ServeMux) {
	if err := rest.Mount(mux, clientCtx); err != nil {
		panic(err)
	}
}

// GetTxCmd returns the hand-written transaction commands.
func (AppModule) GetTxCmd() *cobra.Command { return cli.NewTxCmd() }

// GetQueryCmd returns the hand-written query commands.
func (AppModule) GetQueryCmd() *cobra.Command { return cli.NewQueryCmd() }

// RegisterServices registers the message and query servers.
func (am AppModule) RegisterServices(registrar grpc.ServiceRegistrar) error {
	types.RegisterMsgServer(registrar, &keeper.MsgServer{Keeper: am.keeper})
	types.RegisterQueryServer(registrar, &keeper.QueryServer{Keeper: am.keeper})
	return nil
}

// DefaultGenesis returns the genesis of a new chain.
func (am AppModule) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	genesis := types.DefaultGenesis()
	genesis.Params = am.params
	return cdc.MustMarshalJSON(genesis)
}

// ValidateGenesis checks a genesis file's part.
func (AppModule) ValidateGenesis(cdc codec.JSONCodec, _ client.TxEncodingConfig, raw json.RawMessage) error {
	var g types.GenesisState
	if err := cdc.UnmarshalJSON(raw, &g); err != nil {
		return fmt.Errorf("read %s genesis: %w", types.ModuleName, err)
	}
	return g.Validate()
}

// InitGenesis writes the state; like every module's, it panics on a bad genesis, before the first block.
func (am AppModule) InitGenesis(ctx sdk.Context, cdc codec.JSONCodec, raw json.RawMessage) {
	var g types.GenesisState
	if err := cdc.UnmarshalJSON(raw, &g); err != nil {
		panic(fmt.Errorf("read %s genesis: %w", types.ModuleName, err))
	}
	if err := am.keeper.InitGenesis(ctx, g); err != nil {
		panic(fmt.Errorf("init %s genesis: %w", types.ModuleName, err))
	}
}

// ExportGenesis returns the whole state.
func (am AppModule) ExportGenesis(ctx sdk.Context, cdc codec.JSONCodec) json.RawMessage {
	g, err := am.keeper.ExportGenesis(ctx)
	if err != nil {
		panic(fmt.Errorf("export %s genesis: %w", types.ModuleName, err))
	}
	return cdc.MustMarshalJSON(g)
}

// BeginBlock takes the share of fees and inflation.
func (am AppModule) BeginBlock(ctx context.Context) error {
	if am.beforeBlock != nil {
		if err := am.beforeBlock(ctx); err != nil {
			return err
		}
	}
	return am.keeper.BeginBlock(ctx)
}

// EndBlock turns votes into links, before x/checkpoint proposes.
func (am AppModule) EndBlock(ctx context.Context) error { return am.keeper.EndBlock(ctx) }

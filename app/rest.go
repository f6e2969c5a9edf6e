package app

import (
	"fmt"
	"io/fs"
	"net/http"

	"github.com/cosmos/cosmos-sdk/client"
	sdkdocs "github.com/cosmos/cosmos-sdk/client/docs"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/server/api"
	"github.com/cosmos/cosmos-sdk/server/config"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"

	"github.com/dualchain/dualchain/docs/openapi"
	"github.com/dualchain/dualchain/x/finality/client/rest"
)

// RegisterAPIRoutes mounts what the node serves over HTTP: the routes of all modules, and the OpenAPI page under
// /openapi/.
func (app *App) RegisterAPIRoutes(apiServer *api.Server, _ config.APIConfig) {
	// Ours come first: of two equal routes, the mux serves the one that was registered first.
	err := rest.Serve(apiServer.GRPCGatewayRouter, app)
	authtx.RegisterGRPCGatewayRoutes(apiServer.ClientCtx, apiServer.GRPCGatewayRouter)
	cmtservice.RegisterGRPCGatewayRoutes(apiServer.ClientCtx, apiServer.GRPCGatewayRouter)
	nodeservice.RegisterGRPCGatewayRoutes(apiServer.ClientCtx, apiServer.GRPCGatewayRouter)
	app.basics.RegisterGRPCGatewayRoutes(apiServer.ClientCtx, apiServer.GRPCGatewayRouter)

	if err == nil {
		err = serveOpenAPI(apiServer)
	}
	if err != nil { // the SDK's interface has no way to return it; it depends on this binary alone
		panic(fmt.Errorf("mount the REST routes: %w", err))
	}
}

// serveOpenAPI serves our merged document with the Swagger UI that the SDK embeds; nothing is fetched from elsewhere.
func serveOpenAPI(apiServer *api.Server) error {
	ui, err := fs.Sub(sdkdocs.SwaggerUI, "swagger-ui")
	if err != nil {
		return fmt.Errorf("open the embedded Swagger UI: %w", err)
	}
	const page, assets = "/openapi/", "/openapi/ui/"
	apiServer.Router.PathPrefix(assets).Handler(http.StripPrefix(assets, http.FileServerFS(ui)))
	apiServer.Router.PathPrefix(page).Handler(http.StripPrefix(page, http.FileServerFS(openapi.Files)))
	return nil
}

// RegisterTxService serves the queries about transactions, their simulation, and proofs that they are final.
func (app *App) RegisterTxService(clientCtx client.Context) {
	authtx.RegisterTxService(app.GRPCQueryRouter(), clientCtx, app.Simulate, app.encoding.InterfaceRegistry)
	app.finality.RegisterServices(clientCtx)
}

// RegisterTendermintService serves the queries that CometBFT answers: blocks, validators, node info.
func (app *App) RegisterTendermintService(clientCtx client.Context) {
	comet := server.NewCometABCIWrapper(app)
	cmtservice.RegisterTendermintService(clientCtx, app.GRPCQueryRouter(), app.encoding.InterfaceRegistry, comet.Query)
}

// RegisterNodeService serves the queries about this node's configuration and state.
func (app *App) RegisterNodeService(clientCtx client.Context, cfg config.Config) {
	nodeservice.RegisterNodeService(clientCtx, app.GRPCQueryRouter(), cfg, func() int64 {
		return app.CommitMultiStore().EarliestVersion()
	})
}

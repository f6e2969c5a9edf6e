// Package rest serves the queries of x/checkpoint and x/finality, and the proofs, as REST.
//
// module.BasicManager.RegisterGRPCGatewayRoutes, which the SDK's applications call, mounts the routes of both modules. They
// then ask through the client context, which drops the reasons of errors while the gRPC server is off. So call [Serve] before
// it: these routes ask the application in process. [NewHandler] is for servers of another kind.
package rest

import (
	"context"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/runtime"
	runtimev2 "github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
	"github.com/dualchain/dualchain/internal/gateway"
	checkpointrest "github.com/dualchain/dualchain/x/checkpoint/client/rest"
)

// NewHandler returns a handler for the routes below /dualchain/checkpoint/v1/ and /dualchain/finality/v1/. conn is where
// the queries are answered: [Local], or a connection to a node's gRPC server.
func NewHandler(conn grpc.ClientConnInterface) (http.Handler, error) {
	return gateway.NewHandler(conn, checkpointrest.Routes, Routes)
}

// Routes adds the routes of x/finality's queries and of the proofs to a grpc-gateway v2 mux.
func Routes(ctx context.Context, mux *runtimev2.ServeMux, conn grpc.ClientConnInterface) error {
	if err := finalityapi.RegisterQueryHandlerClient(ctx, mux, finalityapi.NewQueryClient(conn)); err != nil {
		return err
	}
	return finalityapi.RegisterProofsHandlerClient(ctx, mux, finalityapi.NewProofsClient(conn))
}

// Mount serves the routes below /dualchain/finality on the SDK's grpc-gateway v1 mux.
func Mount(mux *runtime.ServeMux, conn grpc.ClientConnInterface) error {
	handler, err := gateway.NewHandler(conn, Routes)
	if err != nil {
		return err
	}
	return gateway.Mount(mux, "dualchain/finality", handler)
}

// App answers queries in process; a *baseapp.BaseApp does.
type App = gateway.App

// Local returns a connection to an application's own queries. It keeps the codes and details of errors, honours
// x-cosmos-block-height and the node's query gas limit, and recovers from panics.
func Local(app App) grpc.ClientConnInterface { return gateway.Local(app) }

// Serve mounts the routes of both modules on the SDK's grpc-gateway v1 mux. They are answered by the application in process,
// with the gRPC server on or off. Call it before module.BasicManager.RegisterGRPCGatewayRoutes: of two equal routes, the mux
// serves the one that was registered first.
func Serve(mux *runtime.ServeMux, app App) error {
	conn := Local(app)
	if err := checkpointrest.Mount(mux, conn); err != nil {
		return err
	}
	return Mount(mux, conn)
}

// Package rest serves the queries of x/checkpoint and x/finality, and the proofs, as REST.
//
// A chain needs none of it if it calls module.BasicManager.RegisterGRPCGatewayRoutes, as the SDK's applications do: both
// modules mount their routes there. [NewHandler] is for servers of another kind.
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
// the queries are answered: a connection to a node's gRPC server, or a client.Context.
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

// Package rest holds the REST routes of x/checkpoint. Package x/finality/client/rest serves those of both modules.
package rest

import (
	"context"

	"github.com/grpc-ecosystem/grpc-gateway/runtime"
	runtimev2 "github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	checkpointapi "github.com/dualchain/dualchain/api/dualchain/checkpoint/v1"
	"github.com/dualchain/dualchain/internal/gateway"
)

// Routes adds the routes of the module's queries to a grpc-gateway v2 mux.
func Routes(ctx context.Context, mux *runtimev2.ServeMux, conn grpc.ClientConnInterface) error {
	return checkpointapi.RegisterQueryHandlerClient(ctx, mux, checkpointapi.NewQueryClient(conn))
}

// Mount serves the routes below /dualchain/checkpoint on the SDK's grpc-gateway v1 mux.
func Mount(mux *runtime.ServeMux, conn grpc.ClientConnInterface) error {
	handler, err := gateway.NewHandler(conn, Routes)
	if err != nil {
		return err
	}
	return gateway.Mount(mux, "dualchain/checkpoint", handler)
}

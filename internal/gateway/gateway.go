// Package gateway serves gRPC queries as REST. Handlers that grpc-gateway v2 generates do not compile against the SDK's
// gogoproto types, so they run on a v2 mux of their own, which can be mounted on the SDK's v1 mux (docs/adr/003).
package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/utilities"
	runtimev2 "github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
)

// Routes adds the routes of one or more services to a mux. They call the services through conn.
type Routes func(ctx context.Context, mux *runtimev2.ServeMux, conn grpc.ClientConnInterface) error

// NewHandler returns a handler that answers routes from conn. Field names are those of the .proto files, zero fields
// are present, and the header x-cosmos-block-height asks for the state at an earlier height.
func NewHandler(conn grpc.ClientConnInterface, routes ...Routes) (http.Handler, error) {
	mux := runtimev2.NewServeMux(
		runtimev2.WithMarshalerOption(runtimev2.MIMEWildcard, &runtimev2.JSONPb{
			MarshalOptions: protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true},
		}),
		runtimev2.WithIncomingHeaderMatcher(func(key string) (string, bool) {
			if strings.EqualFold(key, grpctypes.GRPCBlockHeightHeader) {
				return grpctypes.GRPCBlockHeightHeader, true
			}
			return runtimev2.DefaultHeaderMatcher(key)
		}),
	)
	for _, register := range routes {
		if err := register(context.Background(), mux, conn); err != nil {
			return nil, fmt.Errorf("register REST routes: %w", err)
		}
	}
	return mux, nil
}

// Mount makes the SDK's mux pass GET requests on to handler, unchanged, if their path begins with prefix, such as
// "dualchain/finality".
func Mount(mux *runtime.ServeMux, prefix string, handler http.Handler) error {
	segments := strings.Split(prefix, "/")
	var ops []int
	for i := range segments {
		ops = append(ops, int(utilities.OpLitPush), i)
	}
	ops = append(ops, int(utilities.OpPushM), 0)
	// A colon in the last segment is part of the path, not a verb.
	pattern, err := runtime.NewPattern(1, ops, segments, "", runtime.AssumeColonVerbOpt(false))
	if err != nil {
		return fmt.Errorf("mount REST routes at /%s: %w", prefix, err)
	}
	mux.Handle(http.MethodGet, pattern, func(w http.ResponseWriter, r *http.Request, _ map[string]string) {
		handler.ServeHTTP(w, r)
	})
	return nil
}

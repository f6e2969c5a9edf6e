package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
	"github.com/dualchain/dualchain/x/finality/client/rest"
)

// node answers queries; a real one is a *grpc.ClientConn.
type node struct{ grpc.ClientConnInterface }

func (node) Invoke(_ context.Context, method string, _, reply any, _ ...grpc.CallOption) error {
	if method == finalityapi.Query_Params_FullMethodName {
		proto.Merge(reply.(proto.Message), &finalityapi.QueryParamsResponse{Params: &finalityapi.Params{BondDenom: "utoy"}})
	}
	return nil
}

func ExampleNewHandler() {
	handler, err := rest.NewHandler(node{})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/dualchain/finality/v1/params", nil))
	fmt.Println(answer.Code)
	// Output: 200
}

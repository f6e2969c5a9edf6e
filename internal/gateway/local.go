package gateway

import (
	"context"
	"errors"
	"strconv"

	abci "github.com/cometbft/cometbft/abci/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/cosmos/cosmos-sdk/baseapp"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"

	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
)

// App answers queries; a *baseapp.BaseApp does.
type App interface {
	GRPCQueryRouter() *baseapp.GRPCQueryRouter
	CreateQueryContext(height int64, prove bool) (sdk.Context, error)
	LastBlockHeight() int64
}

// Local returns a connection to an application's own queries. A client.Context is one too, but with the gRPC server off it
// asks by ABCI queries, which drop the details of errors and change their codes.
func Local(app App) grpc.ClientConnInterface { return local{app} }

type local struct{ app App }

// Invoke answers a query from the state at the height of the header x-cosmos-block-height, by default the latest, within
// the node's query gas limit.
func (l local) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) (err error) {
	handler := l.app.GRPCQueryRouter().Route(method)
	request, isMessage := args.(proto.Message)
	response, isReply := reply.(proto.Message)
	if handler == nil || !isMessage || !isReply {
		return status.Errorf(codes.Unimplemented, "no query %s of these types", method)
	}
	state, err := l.state(ctx)
	if err != nil {
		return err
	}
	data, err := proto.Marshal(request)
	if err != nil {
		return status.Errorf(codes.Internal, "encode %s: %s", method, err)
	}
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case storetypes.ErrorOutOfGas:
			err = outOfGas(state, cause)
		default:
			state.Logger().Error("query panicked", "method", method, "panic", cause)
			err = status.Errorf(codes.Internal, "%s failed", method)
		}
	}()
	answer, err := handler(state, &abci.RequestQuery{Path: method, Data: data, Height: state.BlockHeight()})
	if err != nil {
		return err
	}
	for _, option := range opts {
		if header, ok := option.(grpc.HeaderCallOption); ok {
			*header.HeaderAddr = metadata.Pairs(grpctypes.GRPCBlockHeightHeader, strconv.FormatInt(state.BlockHeight(), 10))
		}
	}
	return proto.Unmarshal(answer.Value, response)
}

// NewStream refuses: queries have no streams.
func (local) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "queries have no streams")
}

// state opens the state that a request asks for.
func (l local) state(ctx context.Context) (sdk.Context, error) {
	var height int64
	sent, _ := metadata.FromOutgoingContext(ctx)
	if heights := sent.Get(grpctypes.GRPCBlockHeightHeader); len(heights) > 0 {
		found, err := strconv.ParseInt(heights[0], 10, 64)
		if err != nil || found < 0 || len(heights) > 1 {
			return sdk.Context{}, refusal.New(reason.InvalidRequest, "%s: expected one height, found %.80q", grpctypes.GRPCBlockHeightHeader, heights)
		}
		height = found
	}
	latest := l.app.LastBlockHeight()
	if height > latest {
		return sdk.Context{}, refusal.New(reason.BlockToCome, "block %d is to come: the latest is %d", height, latest)
	}
	state, err := l.app.CreateQueryContext(height, false)
	switch {
	case err == nil:
		return state.WithContext(ctx), nil
	case errors.Is(err, sdkerrors.ErrNotFound):
		return state, refusal.New(reason.NodeLacks, "this node does not have the state after block %d, which another may have: %s", height, err)
	default: // before the first block, or while one is committed
		return state, status.Errorf(codes.Unavailable, "open the state after block %d: %s", height, err)
	}
}

func outOfGas(state sdk.Context, found storetypes.ErrorOutOfGas) error {
	return refusal.New(reason.OutOfGas, "the query needs more than %d gas, this node's query-gas-limit (%s)", state.GasMeter().Limit(), found.Descriptor)
}

package gateway_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"

	api "github.com/dualchain/dualchain/api/dualchain/checkpoint/v1"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/gateway"
	"github.com/dualchain/dualchain/internal/refusal"
	"github.com/dualchain/dualchain/x/checkpoint/types"
)

// queries answers the status of x/checkpoint.
type queries struct {
	types.QueryServer
	status func(ctx sdk.Context) (*types.QueryStatusResponse, error)
}

func (q queries) Status(ctx context.Context, _ *types.QueryStatusRequest) (*types.QueryStatusResponse, error) {
	return q.status(sdk.UnwrapSDKContext(ctx))
}

// node has the states after blocks 5 to 9.
type node struct{ router *baseapp.GRPCQueryRouter }

func (n node) GRPCQueryRouter() *baseapp.GRPCQueryRouter { return n.router }
func (node) LastBlockHeight() int64                      { return 9 }
func (node) CreateQueryContext(height int64, _ bool) (sdk.Context, error) {
	switch {
	case height == 0:
		height = 9
	case height == 8:
		return sdk.Context{}, errors.New("being committed")
	case height < 5:
		return sdk.Context{}, sdkerrors.ErrNotFound.Wrap("pruned")
	}
	return sdk.Context{}.WithBlockHeight(height).WithLogger(log.NewNopLogger()).WithGasMeter(storetypes.NewGasMeter(100)), nil
}

func ask(t *testing.T, status func(sdk.Context) (*types.QueryStatusResponse, error), heights ...string) (*api.QueryStatusResponse, metadata.MD, error) {
	t.Helper()
	router := baseapp.NewGRPCQueryRouter()
	router.SetInterfaceRegistry(codectypes.NewInterfaceRegistry())
	types.RegisterQueryServer(router, queries{status: status})
	ctx := t.Context()
	for _, height := range heights {
		ctx = metadata.AppendToOutgoingContext(ctx, grpctypes.GRPCBlockHeightHeader, height)
	}
	var header metadata.MD
	answer, err := api.NewQueryClient(gateway.Local(node{router})).Status(ctx, &api.QueryStatusRequest{}, grpc.Header(&header))
	return answer, header, err
}

func TestAQueryIsAnsweredInProcessAtTheHeightThatItAsksFor(t *testing.T) {
	height := func(ctx sdk.Context) (*types.QueryStatusResponse, error) {
		return &types.QueryStatusResponse{Height: uint64(ctx.BlockHeight())}, nil
	}
	for asked, found := range map[string]string{"": "9", "0": "9", "5": "5", "9": "9"} {
		var heights []string
		if asked != "" {
			heights = []string{asked}
		}
		answer, header, err := ask(t, height, heights...)
		require.NoError(t, err)
		require.Equal(t, []string{found}, header.Get(grpctypes.GRPCBlockHeightHeader))
		require.EqualValues(t, found[0]-'0', answer.Height)
	}
	for name, tc := range map[string]struct {
		heights []string
		code    codes.Code
		reason  reason.Reason
	}{
		"to come":         {[]string{"10"}, codes.FailedPrecondition, reason.BlockToCome},
		"pruned":          {[]string{"4"}, codes.FailedPrecondition, reason.NodeLacks},
		"below zero":      {[]string{"-1"}, codes.InvalidArgument, reason.InvalidRequest},
		"no number":       {[]string{"head"}, codes.InvalidArgument, reason.InvalidRequest},
		"65 bits":         {[]string{"18446744073709551616"}, codes.InvalidArgument, reason.InvalidRequest},
		"two":             {[]string{"5", "6"}, codes.InvalidArgument, reason.InvalidRequest},
		"being committed": {[]string{"8"}, codes.Unavailable, ""},
	} {
		_, _, err := ask(t, height, tc.heights...)
		require.Equal(t, tc.code, status.Code(err), "%s: %v", name, err)
		require.Equal(t, tc.reason, refusal.Reason(err), name)
	}
}

func TestWhatAQueryAnswersItKeepsAndItsPanicsEndThere(t *testing.T) {
	_, _, err := ask(t, func(sdk.Context) (*types.QueryStatusResponse, error) {
		return nil, refusal.New(reason.NotAnchored, "not yet")
	})
	require.Equal(t, refusal.New(reason.NotAnchored, "not yet").Error(), err.Error())
	require.Equal(t, reason.NotAnchored, refusal.Reason(err))
	_, _, err = ask(t, func(ctx sdk.Context) (*types.QueryStatusResponse, error) {
		ctx.GasMeter().ConsumeGas(101, "a long walk")
		return nil, nil
	})
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
	require.Equal(t, reason.OutOfGas, refusal.Reason(err))
	require.ErrorContains(t, err, "more than 100 gas")
	_, _, err = ask(t, func(sdk.Context) (*types.QueryStatusResponse, error) { panic("secret") })
	require.Equal(t, codes.Internal, status.Code(err))
	require.NotContains(t, err.Error(), "secret")
	err = gateway.Local(node{baseapp.NewGRPCQueryRouter()}).Invoke(t.Context(), "/nothing", &api.QueryStatusRequest{}, &api.QueryStatusResponse{})
	require.Equal(t, codes.Unimplemented, status.Code(err))
}

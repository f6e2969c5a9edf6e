package submit_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/cometbft/cometbft/mempool"
	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	cmttypes "github.com/cometbft/cometbft/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/internal/gogocodec"
	"github.com/dualchain/dualchain/voter/submit"
)

// full is CometBFT's RPC in front of a mempool that answers with an error.
type full struct {
	client.CometRPC
	err error
}

func (f *full) BroadcastTxSync(context.Context, cmttypes.Tx) (*ctypes.ResultBroadcastTx, error) {
	return nil, f.err
}

// service is the SDK's own service for transactions.
type service struct {
	tx.UnimplementedServiceServer
	node *full
}

func (s *service) BroadcastTx(ctx context.Context, request *tx.BroadcastTxRequest) (*tx.BroadcastTxResponse, error) {
	return client.TxServiceBroadcast(ctx, client.Context{Client: s.node}, request)
}

// behindTheSDK returns a client of a node whose CometBFT answers with what the node has.
func behindTheSDK(t *testing.T, node *full) *submit.GRPC {
	t.Helper()
	server := grpc.NewServer(grpc.ForceServerCodec(gogocodec.Codec{}))
	tx.RegisterServiceServer(server, &service{node: node})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener) //nolint:errcheck // it ends with the test
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(gogocodec.Codec{})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
	})
	return submit.NewGRPC(conn)
}

// The errors are CometBFT's own, so that another text in a later version fails here.
func TestAVoteThatTheMempoolHasSeenIsSent(t *testing.T) {
	vote := ffg.AggregateVote{Vote: ffg.Vote{Target: ffg.Ref{Epoch: 1}}, Signers: ffg.SingleBit(1, 0)}
	node := new(full)
	client := behindTheSDK(t, node)
	for _, tc := range []struct {
		err  error
		sent bool
	}{
		{mempool.ErrTxInCache, true},
		{mempool.ErrSeenTx, true},
		{mempool.ErrEmptyTx, false},
		{mempool.ErrMempoolIsFull{NumTxs: 1, MaxTxs: 1}, false},
		{&mempool.ErrTxTooLarge{Max: 1, Actual: 2}, false},
		{errors.New("tx already seen to be wrong"), false},
		{status.Error(codes.Unavailable, mempool.ErrSeenTx.Error()), false}, // what a proxy says is no node's answer
	} {
		inProcess := tc.err
		overHTTP := error(rpctypes.RPCInternalError(rpctypes.JSONRPCIntID(1), tc.err).Error)
		wrapped := fmt.Errorf("broadcast: %w", tc.err)
		for kind, err := range map[string]error{"in the node's process": inProcess, "over HTTP": overHTTP, "wrapped": wrapped} {
			if status.Code(tc.err) == codes.Unavailable && kind == "over HTTP" {
				continue // the text alone crosses HTTP
			}
			node.err = err
			if err := client.Broadcast(t.Context(), vote); (err == nil) != tc.sent {
				t.Errorf("%v %s: expected sent %t, found %v", tc.err, kind, tc.sent, err)
			}
		}
	}
}

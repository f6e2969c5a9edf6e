package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/server/api"
	"github.com/cosmos/cosmos-sdk/server/config"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"

	checkpointapi "github.com/dualchain/dualchain/api/dualchain/checkpoint/v1"
	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	"github.com/dualchain/dualchain/testutil/fixture"
)

// serve mounts the routes of a chain, with the gRPC server switched off.
func serve(t *testing.T, f *fixture.Fixture) *httptest.Server {
	t.Helper()
	return listen(t, f, register(t, f))
}

// register registers the services of a node and returns its client context.
func register(t *testing.T, f *fixture.Fixture) client.Context {
	t.Helper()
	encoding := f.App.Encoding()
	ctx := client.Context{}.WithCmdContext(t.Context()).WithCodec(encoding.Codec).
		WithInterfaceRegistry(encoding.InterfaceRegistry).WithClient(f.Comet())
	f.App.RegisterTxService(ctx)
	return ctx
}

func listen(t *testing.T, f *fixture.Fixture, ctx client.Context) *httptest.Server {
	t.Helper()
	server := api.New(ctx, log.NewNopLogger(), nil)
	f.App.RegisterAPIRoutes(server, config.DefaultConfig().API)
	server.Router.PathPrefix("/").Handler(server.GRPCGatewayRouter)
	listening := httptest.NewServer(server.Router)
	t.Cleanup(listening.Close)
	return listening
}

// dial starts the node's gRPC server, and returns a connection to it.
func dial(t *testing.T, f *fixture.Fixture) *grpc.ClientConn {
	t.Helper()
	server := grpc.NewServer(grpc.ForceServerCodec(codec.NewProtoCodec(f.App.Encoding().InterfaceRegistry).GRPCCodec()))
	f.App.RegisterGRPCServer(server)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		server.Stop()
		require.NoError(t, <-served)
	})
	return conn
}

func get(t *testing.T, server *httptest.Server, path string, headers ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := server.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func TestRoutesAnswerAsTheDocumentSays(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Honest(0, 1, 2).Blocks(6)
	server := serve(t, f)
	var document struct {
		Paths map[string]map[string]any
	}
	status, body := get(t, server, "/openapi/dualchain.swagger.json")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, json.Unmarshal([]byte(body), &document))

	for name, test := range map[string]struct {
		path, documented string
		status           int
		contains         string
	}{
		"ours, with field names as in .proto": {"/dualchain/checkpoint/v1/status", "", http.StatusOK, `"next_checkpoint_height":"7"`},
		"ours, fields that are zero too":      {"/dualchain/finality/v1/params", "", http.StatusOK, `"slash_fraction_downtime_ppm":0`},
		"ours, by path parameter": {
			"/dualchain/checkpoint/v1/checkpoints/finalized", "/dualchain/checkpoint/v1/checkpoints/{id}", http.StatusOK, `"epoch":"4"`,
		},
		"ours, not there": {
			"/dualchain/checkpoint/v1/checkpoints/99", "/dualchain/checkpoint/v1/checkpoints/{id}", http.StatusNotFound, `"code":5`,
		},
		"a proof": {
			"/dualchain/finality/v1/proofs/block/2?trust.epoch=0&trust.members=true", "/dualchain/finality/v1/proofs/block/{height}", http.StatusOK, `"canonical":"`,
		},
		"no proof yet": {
			"/dualchain/finality/v1/proofs/block/6", "/dualchain/finality/v1/proofs/block/{height}", http.StatusBadRequest, `"reason":"BLOCK_NOT_FINAL"`,
		},
		"nothing to prove": {
			"/dualchain/finality/v1/proofs/tx/" + strings.Repeat("00", 32), "/dualchain/finality/v1/proofs/tx/{hash}", http.StatusNotFound, `"reason":"TX_NOT_FOUND"`,
		},
		"light clients' material": {
			"/dualchain/finality/v1/trust_points/finalized", "/dualchain/finality/v1/trust_points/{epoch}", http.StatusOK, `"next":"1"`,
		},
		"the SDK's": {"/cosmos/staking/v1beta1/params", "", http.StatusOK, `"bond_denom":"udual"`},
		"IBC's":     {"/ibc/apps/transfer/v1/params", "", http.StatusOK, `"send_enabled":true`},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := get(t, server, test.path)
			require.Equal(t, test.status, status, body)
			require.Contains(t, body, test.contains)
			if test.documented == "" {
				test.documented = test.path
			}
			require.Contains(t, document.Paths, test.documented)
		})
	}
}

func TestARouteCanAskForAnEarlierHeight(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Honest(0, 1, 2).Blocks(6)
	server := serve(t, f)
	_, now := get(t, server, "/dualchain/checkpoint/v1/status")
	require.Contains(t, now, `"height":"6"`)
	_, before := get(t, server, "/dualchain/checkpoint/v1/status", grpctypes.GRPCBlockHeightHeader, "3")
	require.Contains(t, before, `"height":"3"`)
	require.NotContains(t, before, `"height":"6"`)
}

func TestAHeightThatTheNodeLacksIsRefusedWithAReason(t *testing.T) {
	server := serve(t, fixture.New(t, fixture.Voters(1, 1, 1)).Honest(0, 1, 2).Blocks(6))
	for height, why := range map[string]reason.Reason{
		"7": reason.BlockToCome, "9223372036854775807": reason.BlockToCome,
		"-1": reason.InvalidRequest, "9223372036854775808": reason.InvalidRequest, "head": reason.InvalidRequest,
	} {
		status, body := get(t, server, "/dualchain/checkpoint/v1/status", grpctypes.GRPCBlockHeightHeader, height)
		require.Equal(t, http.StatusBadRequest, status, "%s: %s", height, body)
		require.Contains(t, body, `"reason":"`+string(why)+`"`)
	}
}

// The switch of the gRPC server changes nothing of what REST answers, and REST answers what gRPC does.
func TestRESTAnswersTheSameWithGRPCOnAndOff(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Honest(0, 1, 2).Blocks(6)
	ctx := register(t, f)
	conn := dial(t, f)
	off, on := listen(t, f, ctx), listen(t, f, ctx.WithGRPCClient(conn))
	proofs, checkpoints, finality := finalityapi.NewProofsClient(conn), checkpointapi.NewQueryClient(conn), finalityapi.NewQueryClient(conn)
	for path, ask := range map[string]func(context.Context) (proto.Message, error){
		"/dualchain/checkpoint/v1/checkpoints/finalized": func(ctx context.Context) (proto.Message, error) {
			return checkpoints.Checkpoint(ctx, &checkpointapi.QueryCheckpointRequest{Id: "finalized"})
		},
		"/dualchain/checkpoint/v1/checkpoints/99": func(ctx context.Context) (proto.Message, error) {
			return checkpoints.Checkpoint(ctx, &checkpointapi.QueryCheckpointRequest{Id: "99"})
		},
		"/dualchain/finality/v1/params": func(ctx context.Context) (proto.Message, error) {
			return finality.Params(ctx, &finalityapi.QueryParamsRequest{})
		},
		"/dualchain/finality/v1/voters/nobody": func(ctx context.Context) (proto.Message, error) {
			return finality.Voter(ctx, &finalityapi.QueryVoterRequest{Voter: "nobody"})
		},
		"/dualchain/finality/v1/certificates/6": func(ctx context.Context) (proto.Message, error) {
			return finality.Certificate(ctx, &finalityapi.QueryCertificateRequest{Epoch: "6"})
		},
		"/dualchain/finality/v1/proofs/block/2": func(ctx context.Context) (proto.Message, error) {
			return proofs.ProveBlock(ctx, &finalityapi.ProveBlockRequest{Height: 2})
		},
		"/dualchain/finality/v1/proofs/block/6": func(ctx context.Context) (proto.Message, error) {
			return proofs.ProveBlock(ctx, &finalityapi.ProveBlockRequest{Height: 6})
		},
		"/dualchain/finality/v1/proofs/tx/ab": func(ctx context.Context) (proto.Message, error) {
			return proofs.ProveTx(ctx, &finalityapi.ProveTxRequest{Hash: "ab"})
		},
	} {
		code, body := get(t, off, path)
		codeOn, bodyOn := get(t, on, path)
		require.Equal(t, code, codeOn, path)
		require.JSONEq(t, body, bodyOn, path)
		answer, err := ask(t.Context())
		if err != nil {
			require.NotEmpty(t, refusal.Reason(err), path)
			require.NotEqual(t, http.StatusOK, code, path)
			answer = status.Convert(err).Proto()
		}
		asJSON, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(answer)
		require.NoError(t, err)
		require.JSONEq(t, string(asJSON), body, path)
	}
}

func TestRESTKeepsToTheQueryGasLimit(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Honest(0, 1, 2).Blocks(6)
	server := serve(t, f)
	baseapp.SetQueryGasLimit(1_000)(f.App.BaseApp)
	status, body := get(t, server, "/dualchain/checkpoint/v1/status")
	baseapp.SetQueryGasLimit(0)(f.App.BaseApp)
	require.Equal(t, http.StatusTooManyRequests, status, body)
	require.Contains(t, body, `"reason":"OUT_OF_GAS"`)
}

func TestTheOpenAPIPageLoadsNothingFromElsewhere(t *testing.T) {
	server := serve(t, fixture.New(t).Blocks(1))
	status, page := get(t, server, "/openapi/")
	require.Equal(t, http.StatusOK, status)
	links := regexp.MustCompile(`(?:src|href|url)(?:=|: )"([^"]+)"`).FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, links)
	for _, link := range links {
		require.Regexp(t, `^\./`, link[1])
		status, _ := get(t, server, "/openapi/"+link[1][2:])
		require.Equal(t, http.StatusOK, status, link[1])
	}
}

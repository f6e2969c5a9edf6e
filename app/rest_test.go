package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/server/api"
	"github.com/cosmos/cosmos-sdk/server/config"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"

	"github.com/dualchain/dualchain/testutil/fixture"
)

// serve mounts the routes of a chain, with the gRPC server switched off.
func serve(t *testing.T, f *fixture.Fixture) *httptest.Server {
	t.Helper()
	encoding := f.App.Encoding()
	ctx := client.Context{}.WithCmdContext(t.Context()).WithCodec(encoding.Codec).
		WithInterfaceRegistry(encoding.InterfaceRegistry).WithClient(f.Comet())
	f.App.RegisterTxService(ctx)
	server := api.New(ctx, log.NewNopLogger(), nil)
	f.App.RegisterAPIRoutes(server, config.DefaultConfig().API)
	server.Router.PathPrefix("/").Handler(server.GRPCGatewayRouter)
	listening := httptest.NewServer(server.Router)
	t.Cleanup(listening.Close)
	return listening
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
			"/dualchain/finality/v1/proofs/block/6", "/dualchain/finality/v1/proofs/block/{height}", http.StatusBadRequest, "expected in 2 blocks",
		},
		"nothing to prove": {
			"/dualchain/finality/v1/proofs/tx/" + strings.Repeat("00", 32), "/dualchain/finality/v1/proofs/tx/{hash}", http.StatusNotFound, "no transaction",
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

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/light/store"
)

// lightRun runs a light client command, and returns its output and its log.
func lightRun(t *testing.T, args ...string) (out, log string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := testOptions.lightCommand()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return stdout.String(), stderr.String(), err
}

// runLightCommand runs one that must fail before it asks the node, at an address where nobody is.
func runLightCommand(t *testing.T, args ...string) error {
	t.Helper()
	_, _, err := lightRun(t, append(args, "--node", "http://127.0.0.1:1")...)
	return err
}

// lightNode serves a chain whose voters never change, with an unbonding time, and returns its address.
func lightNode(t *testing.T, chain *certtest.Chain, unbonding string) string {
	t.Helper()
	answers := func(path string, content func(r *http.Request) any) (string, http.HandlerFunc) {
		return "GET /dualchain/" + path, func(w http.ResponseWriter, r *http.Request) { _ = json.NewEncoder(w).Encode(content(r)) }
	}
	type canonical map[string][]byte
	mux := http.NewServeMux()
	mux.HandleFunc(answers("checkpoint/v1/status", func(*http.Request) any { return map[string]string{"chain_id": chain.ID} }))
	mux.HandleFunc(answers("finality/v1/params", func(*http.Request) any {
		return map[string]any{"params": map[string]string{"unbonding_time": unbonding}}
	}))
	mux.HandleFunc(answers("finality/v1/trust_points/{epoch}", func(r *http.Request) any {
		epoch, err := strconv.ParseUint(r.PathValue("epoch"), 10, 64)
		require.NoError(t, err)
		encoded, err := chain.Trust(epoch).Encode()
		require.NoError(t, err)
		return canonical{"canonical": encoded}
	}))
	mux.HandleFunc(answers("finality/v1/hand_overs/{pair}", func(*http.Request) any { return map[string]any{"hand_overs": []any{}} }))
	mux.HandleFunc(answers("finality/v1/certificates/{epoch}", func(*http.Request) any {
		encoded, err := chain.Certificate(chain.Head()-1, chain.Head()).Encode()
		require.NoError(t, err)
		return canonical{"canonical": encoded}
	}))
	mux.HandleFunc(answers("checkpoint/v1/proofs/consistency", func(*http.Request) any {
		return map[string]any{"path": chain.Consistency(1, chain.Head()-1)}
	}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestOneLightClientUsesAFolder(t *testing.T) {
	home := t.TempDir()
	lock, err := store.Lock(home)
	require.NoError(t, err)
	for _, args := range [][]string{{"--home", home}, {"state-sync", "--home", home}} {
		err := runLightCommand(t, args...)
		require.ErrorIs(t, err, store.ErrInUse)
		require.ErrorContains(t, err, home)
	}
	require.NoError(t, lock.Close())
	require.ErrorIs(t, runLightCommand(t, "--home", home), store.ErrNoTrust)
}

func TestALightClientWithoutTrustMakesNoFolder(t *testing.T) {
	home := filepath.Join(t.TempDir(), "light")
	require.ErrorIs(t, runLightCommand(t, "--home", home), store.ErrNoTrust)
	require.NoDirExists(t, home)
}

func TestALightClientWhoseNodesDifferIsToldTheChain(t *testing.T) {
	says := func(id string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"chain_id":%q}`, id)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	home, first, second := filepath.Join(t.TempDir(), "light"), says("evil-9"), says("test-1")
	args := []string{"--home", home, "--trust", "1:" + strings.Repeat("00", 32), "--node", first, "--node", second}
	err := runLightCommand(t, args...)
	require.ErrorIs(t, err, light.ErrChainID)
	require.ErrorContains(t, err, "give --chain-id: ")
	require.ErrorContains(t, err, fmt.Sprintf(`"evil-9" from %s, "test-1" from %s`, first, second))
	_, err = store.Open(home)
	require.ErrorIs(t, err, store.ErrNoTrust)
	// Told, it doesn't ask for the id: it goes on to the trusted checkpoint, which these nodes don't have.
	err = runLightCommand(t, append(args, "--chain-id", "test-1")...)
	require.NotErrorIs(t, err, light.ErrChainID)
	require.ErrorContains(t, err, "trust epoch 1")
}

func TestALightClientTakesTheShortestUnbondingTimeUnlessItIsGiven(t *testing.T) {
	says := func(unbonding string) string { return lightNode(t, smallChain(), unbonding) }
	for name, tc := range map[string]struct {
		flag  time.Duration
		given bool
		nodes []string
		want  time.Duration
		logs  string // nothing if there is nothing to say
	}{
		"default, the same":           {time.Hour, false, []string{says("3600s")}, time.Hour, ""},
		"default, longer":             {time.Hour, false, []string{says("3601s")}, time.Hour, ""},
		"default, shorter":            {time.Hour, false, []string{says("3599s")}, time.Hour - time.Second, "level=INFO"},
		"default, one says shorter":   {time.Hour, false, []string{says("7200s"), says("60s")}, time.Minute, "level=INFO"},
		"default, nobody says":        {time.Hour, false, []string{"http://127.0.0.1:1"}, time.Hour, "level=WARN"},
		"given, longer":               {time.Hour, true, []string{says("3601s")}, time.Hour, ""},
		"given, shorter: only a word": {time.Hour, true, []string{says("60s")}, time.Hour, "level=WARN"},
	} {
		var log bytes.Buffer
		f := lightFlags{nodes: tc.nodes, unbonding: tc.flag, unbondingGiven: tc.given}
		nodes, err := f.providers()
		require.NoError(t, err)
		require.Equal(t, tc.want, f.unbondingTime(t.Context(), nodes, slog.New(slog.NewTextHandler(&log, nil))), name)
		require.Contains(t, log.String(), tc.logs, name)
		require.Equal(t, tc.logs == "", log.Len() == 0, name)
	}
}

// smallChain returns a chain of four voters with a few final epochs, which was started long ago.
func smallChain() *certtest.Chain {
	voters := certtest.NewVoters(4)
	chain := certtest.New("test-1", voters, voters.Side(10, 10, 10, 10))
	chain.Extend(4)
	return chain
}

func TestStateSyncPrintsWhatWasVerifiedAndSaysWhatElseItTakes(t *testing.T) {
	chain := smallChain()
	home, node := filepath.Join(t.TempDir(), "light"), lightNode(t, chain, "60s")
	trusted := chain.Checkpoints[1]
	args := []string{"state-sync", "--home", home, "--node", node, "--trust", fmt.Sprintf("%d:%s", trusted.Epoch, strings.ToUpper(trusted.Root().String()))}

	_, _, err := lightRun(t, args...) // it takes the minute
	require.ErrorIs(t, err, cert.ErrExpired)
	require.ErrorContains(t, err, "use a newer checkpoint, or give --unbonding-time")

	out, log, err := lightRun(t, append(args, "--unbonding-time", "900000h")...)
	require.NoError(t, err)
	head := chain.Checkpoints[chain.Head()-1]
	require.Equal(t, fmt.Sprintf("trust_height = %d\ntrust_hash = %q\n", head.Height, head.BlockHash), out)
	require.Contains(t, log, "shorter than --unbonding-time")
	require.Contains(t, log, "\n# [statesync] ")
	require.Contains(t, log, "rpc_servers")

	_, _, err = lightRun(t, append(args, "--unbonding-time", "900001h")...)
	require.ErrorContains(t, err, "900000h0m0s, found --unbonding-time 900001h0m0s")
	_, _, err = lightRun(t, args...)
	require.NoError(t, err)
}

func TestALightClientRefusesTimesThatMakeNoSense(t *testing.T) {
	home := t.TempDir()
	for _, interval := range []string{"0s", "-1s", "99ms"} {
		require.ErrorContains(t, runLightCommand(t, "--home", home, "--interval", interval), "expected --interval of at least 100ms, found "+interval)
	}
	require.ErrorIs(t, runLightCommand(t, "--home", home, "--interval", "100ms"), store.ErrNoTrust)
	for _, command := range [][]string{nil, {"state-sync"}} {
		for _, unbonding := range []string{"0s", "-1s"} {
			err := runLightCommand(t, append(command, "--home", home, "--unbonding-time", unbonding)...)
			require.ErrorContains(t, err, "expected --unbonding-time above 0, found "+unbonding)
		}
	}
}

func TestALightClientThatCannotServeEnds(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	chain := smallChain()
	trusted := chain.Checkpoints[1]
	_, log, err := lightRun(t, "--home", filepath.Join(t.TempDir(), "light"), "--node", lightNode(t, chain, "60s"), "--unbonding-time", "900000h",
		"--trust", fmt.Sprintf("%d:%s", trusted.Epoch, trusted.Root()), "--listen", listener.Addr().String())
	require.ErrorContains(t, err, "address already in use")
	require.NotContains(t, log, "msg=serving")
}

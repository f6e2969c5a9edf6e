package cmd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"

	"github.com/dualchain/dualchain/internal/exitcode"
	"github.com/dualchain/dualchain/internal/freeport"
)

// newNode makes the home of a chain's only validator, and returns it with the address of alice, who has its coins.
func newNode(t *testing.T) (home, alice string) {
	t.Helper()
	home = filepath.Join(t.TempDir(), "node")
	run := func(args ...string) string {
		stdout, stderr, err := newSession(t).run("", append(args, "--home", home)...)
		require.NoError(t, err, "%v: %s", args, stderr)
		return strings.TrimSpace(stdout)
	}
	run("init", "one", "--chain-id", "test-1")
	run("keys", "add", "alice", "--keyring-backend", "test")
	alice = run("keys", "show", "alice", "--address", "--keyring-backend", "test")
	run("genesis", "add-genesis-account", "alice", "10000000udual", "--keyring-backend", "test")
	run("genesis", "gentx", "alice", "5000000udual", "--chain-id", "test-1", "--keyring-backend", "test")
	run("genesis", "collect-gentxs")
	return home, alice
}

// newChain is newNode with an upgrade at a height that no program knows: a proposal of the genesis, which its validator has accepted.
func newChain(t *testing.T, upgrade int) (home, alice string) {
	t.Helper()
	home, alice = newNode(t)
	var genesis map[string]any
	require.NoError(t, json.Unmarshal([]byte(read(t, configFile(home, "genesis.json"))), &genesis))
	gov := genesis["app_state"].(map[string]any)["gov"].(map[string]any)
	began := time.Unix(0, 0).UTC().Format(time.RFC3339)
	gov["starting_proposal_id"] = "2"
	gov["proposals"] = []any{map[string]any{
		"id": "1", "status": "PROPOSAL_STATUS_VOTING_PERIOD", "title": "next", "summary": "next", "proposer": alice,
		"final_tally_result": map[string]any{"yes_count": "0", "abstain_count": "0", "no_count": "0", "no_with_veto_count": "0"},
		"submit_time":        began, "deposit_end_time": began, "voting_start_time": began, "voting_end_time": began,
		"messages": []any{map[string]any{
			"@type":     "/cosmos.upgrade.v1beta1.MsgSoftwareUpgrade",
			"authority": authtypes.NewModuleAddress(govtypes.ModuleName).String(),
			"plan":      map[string]any{"name": "next", "height": strconv.Itoa(upgrade), "time": "0001-01-01T00:00:00Z"},
		}},
	}}
	gov["votes"] = []any{map[string]any{
		"proposal_id": "1", "voter": alice, "options": []any{map[string]any{"option": "VOTE_OPTION_YES", "weight": "1.000000000000000000"}},
	}}
	content, err := json.Marshal(genesis)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(configFile(home, "genesis.json"), content, 0o600))
	return home, alice
}

// start returns the command line of a node on free ports.
func start(t *testing.T, home string) (args []string, rpc string) {
	t.Helper()
	rpc, err := freeport.Address()
	require.NoError(t, err)
	return []string{
		"start", "--home", home, "--rpc.laddr", "tcp://" + rpc, "--p2p.laddr", "tcp://127.0.0.1:0", "--rpc.pprof_laddr", "",
		"--api.enable=false", "--grpc.enable=false", "--minimum-gas-prices", "0udual",
	}, rpc
}

func TestANodeEndsAtAnUpgradeThatItDoesNotKnowAndItsStateIsExported(t *testing.T) {
	home, _ := newChain(t, 3)
	args, _ := start(t, home)
	for range 2 { // and again at each restart
		cmd := process(t, args...)
		var printed bytes.Buffer
		cmd.Stdout, cmd.Stderr = &printed, &printed
		require.NoError(t, cmd.Start())
		hang := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		err := cmd.Wait()
		hang.Stop()
		var ended *exec.ExitError
		require.True(t, errors.As(err, &ended), "expected an exit code, found %v: %s", err, printed.String())
		require.Equal(t, exitcode.Upgrade, ended.ExitCode(), printed.String())
		require.Contains(t, printed.String(), "install the release that knows it and start the node again")
		require.NotContains(t, printed.String(), "goroutine ")
	}
	for _, log := range [][]string{{"--log_level", "trace"}, {"--log_level", "debug", "--log_format", "json"}, {"--log_no_color"}, {"--log_level", "disabled", "--trace"}} {
		for _, args := range [][]string{{"export"}, {"export", "--height", "2"}} {
			cmd := process(t, append(append(args, "--home", home), log...)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.Output()
			require.NoError(t, err, "%v %v: %s", args, log, stderr.String())
			asJSON(t, string(stdout))
		}
	}
}

func TestEveryQueryOfANodePrintsDataOrNothing(t *testing.T) {
	home, alice := newNode(t)
	args, rpc := start(t, home)
	file := configFile(home, "config.toml") // with a mempool of type app, there would be a block every second
	config, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, bytes.Replace(config, []byte(`type = "app"`), []byte(`type = "flood"`), 1), 0o600))
	node := process(t, append(args, "--consensus.create_empty_blocks=false")...)
	log, err := node.StdoutPipe()
	require.NoError(t, err)
	node.Stderr = node.Stdout
	require.NoError(t, node.Start())
	defer func() {
		_ = node.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, log)
		_ = node.Wait()
	}()
	lines := bufio.NewScanner(log)
	var seen []string
	for !strings.Contains(strings.Join(seen, "\n"), "committed state") {
		require.True(t, lines.Scan(), "expected a block, found %s", strings.Join(seen, "\n"))
		seen = append(seen, lines.Text())
	}
	go func() { _, _ = io.Copy(io.Discard, log) }()

	program := newSession(t)
	_, stderr, err := program.run("", "config", "set", "client", "node", "tcp://"+rpc, "--home", home)
	require.NoError(t, err, stderr)
	answered := 0
	for _, leaf := range leaves(program.root) {
		if path := pathOf(leaf); path != "status" && !strings.HasPrefix(path, "query ") {
			continue
		}
		for _, value := range []string{"1", alice} {
			args := strings.Fields(pathOf(leaf))
			for values := []string{}; len(values) < 5 && leaf.Args != nil && leaf.ValidateArgs(values) != nil; {
				values = append(values, value)
				args = append(args, value)
			}
			line := strings.Join(args, " ")
			args = append(args, "--home", home, "--log_level", "trace", "--log_format", "json")
			if leaf.Flags().Lookup("output") != nil {
				args = append(args, "--output", "json")
			}
			stdout, stderr, err := program.run("", slices.Clone(args)...)
			switch decoder := json.NewDecoder(strings.NewReader(stdout)); {
			case err != nil && stdout != "":
				t.Errorf("%s: expected nothing on standard output beside %v, found %q", line, err, stdout)
			case pathOf(leaf) == "query ibc-transfer escrow-address":
				matching(`dual1[a-z0-9]+`)(t, stdout) // it has no JSON
			case err == nil:
				var data any
				if err := decoder.Decode(&data); err != nil || decoder.More() {
					t.Errorf("%s: expected one document of JSON, found %v: %q", line, err, stdout)
				}
				answered++
			case unreadable.MatchString(err.Error()) || stderr != "" && unreadable.MatchString(stderr):
				t.Errorf("%s: expected words, found %v %s", line, err, stderr)
			}
		}
	}
	t.Logf("%d queries have an answer", answered)
	require.Greater(t, answered, 50)
}

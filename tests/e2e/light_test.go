package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	checkpointapi "github.com/dualchain/dualchain/api/dualchain/checkpoint/v1"
	"github.com/dualchain/dualchain/light/daemon"
	"github.com/dualchain/dualchain/light/store"
	"github.com/dualchain/dualchain/tests/e2e/harness"
)

// trustIn returns EPOCH:ROOT of a checkpoint, as a user would copy it.
func trustIn(t *testing.T, node *harness.Node, epoch uint64) string {
	t.Helper()
	answer, err := node.Checkpoints.Checkpoint(t.Context(), &checkpointapi.QueryCheckpointRequest{Id: strconv.FormatUint(epoch, 10)})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d:%s", epoch, answer.Record.Checkpoint.Root)
}

// installations counts the installations up to an epoch that changed a set.
func installations(t *testing.T, node *harness.Node, from, to uint64) (changed int) {
	t.Helper()
	var before string
	for epoch := from; epoch <= to; epoch++ {
		answer, err := node.Checkpoints.Checkpoint(t.Context(), &checkpointapi.QueryCheckpointRequest{Id: strconv.FormatUint(epoch, 10)})
		if err != nil {
			t.Fatal(err)
		}
		sets := answer.Record.Checkpoint.VoterSetHash + answer.Record.Checkpoint.NextVoterSetHash
		if epoch > from && sets != before {
			changed++
		}
		before = sets
	}
	return changed
}

func TestLightClientsReachTheSameHeadWhateverTheSets(t *testing.T) {
	n := harness.Start(t, bin, "--validators", "1", "--voters", "4", "--interval", "1", "--set-period", "2",
		"--block-time", "400ms", "--unbonding-time", "1h", "--era-length", "10000")
	node, rest := n.Node("validator-0"), n.Process("validator-0").REST
	node.AwaitFinalized(2, time.Minute)

	// Stake comes and goes, and a voter joins and leaves. Each step makes a new set, which passes through three pairs.
	t.Setenv("DUALCHAIND_VOTER_PASSWORD", "correct horse")
	home := n.Beside("newcomer")
	n.Run("voter", "keys", "new", "--home", home, "--chain-id", n.Status().ChainID, "--operator", n.Address("bob"), "--kdf", "pbkdf2")
	popFile := filepath.Join(home, "pop.json")
	if err := os.WriteFile(popFile, n.Run("voter", "keys", "pop", "--home", home), 0o600); err != nil {
		t.Fatal(err)
	}
	operator := n.Process("voter-0").Operator
	steps := [][]string{
		{"bob", "register-voter", popFile, "10000000udual"},
		{"alice", "delegate", operator, "3000000udual"},
		{"alice", "undelegate", operator, "1000000udual"},
		{"bob", "undelegate", n.Address("bob"), "10000000udual"},
		{"alice", "delegate", operator, "2000000udual"},
	}
	for i, step := range steps {
		pair := node.MustHeads().Head.Epoch + 2
		n.Tx(node, step[0], append([]string{"finality"}, step[1:]...)...)
		node.AwaitFinalized(max(pair, uint64(6*(i+1))), time.Minute)
	}
	node.AwaitFinalized(node.MustHeads().Head.Epoch+8, time.Minute)
	// Without two voters of four there is no quorum, so the finalized head stops.
	n.Localnet("kill", "voter-2", "voter-3")
	var head uint64
	node.AwaitHeads("a stall", time.Minute, func(h *checkpointapi.QueryStatusResponse) bool {
		head = h.Finalized.Epoch
		return h.Head.Epoch > h.Finalized.Epoch+4
	})

	changed := installations(t, node, 0, head)
	if changed < 10 {
		t.Fatalf("expected at least 10 installations that changed something, found %d", changed)
	}
	for name, tc := range map[string]struct {
		from uint64
		mode []string
	}{
		"from genesis":    {from: 0},
		"from the middle": {from: head / 2},
		"following":       {from: 0, mode: []string{"--following"}},
	} {
		folder := n.Beside("light " + name)
		out := n.Run(append([]string{"light", "state-sync", "--home", folder, "--node", rest, "--trust", trustIn(t, node, tc.from)}, tc.mode...)...)
		kept, err := store.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		reached := kept.Trust().Checkpoint
		if found := fmt.Sprintf("%d:%s", reached.Epoch, reached.Root()); found != trustIn(t, node, head) {
			t.Errorf("%s: expected %s, found %s", name, trustIn(t, node, head), found)
		}
		hops, err := kept.Log()
		if err != nil {
			t.Fatal(err)
		}
		if least := installations(t, node, tc.from, head); tc.mode == nil && (len(hops) < least || len(hops) > least+1) {
			t.Errorf("%s: expected %d hops or one more, found %d", name, least, len(hops))
		}
		if want := fmt.Sprintf("trust_height = %d\ntrust_hash = %q\n", reached.Height, reached.BlockHash); string(out) != want {
			t.Errorf("%s: expected %q, found %q", name, want, out)
		}
	}
}

// send broadcasts a transfer that may fail in its block, and returns its hash.
func send(n *harness.Net, from, to, amount string) string {
	n.Helper()
	var sent struct {
		TxHash string `json:"txhash"`
		Code   uint32 `json:"code"`
	}
	out := n.Run("tx", "bank", "send", from, to, amount, "--home", n.ClientHome(), "--gas", "200000", "--yes", "--output", "json")
	if err := json.Unmarshal(out, &sent); err != nil || sent.Code != 0 {
		n.Fatalf("expected code 0, found %d, %v", sent.Code, err)
	}
	return sent.TxHash
}

// exitCode returns the exit code of a command that ended with an error.
func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

func TestATransactionIsProvenFinalWithWhatBecameOfIt(t *testing.T) {
	n := harness.Start(t, bin, "--validators", "1", "--voters", "3", "--interval", "2", "--block-time", "400ms", "--unbonding-time", "1h")
	node, rest := n.Node("validator-0"), n.Process("validator-0").REST
	node.AwaitFinalized(1, time.Minute)
	trust, bob, chainID := trustIn(t, node, 0), n.Address("bob"), n.Status().ChainID
	server := n.FreeAddress()
	n.Spawn("light", "light", "--home", n.Beside("light"), "--node", rest, "--trust", trust, "--listen", server).Says("serving")

	for name, tc := range map[string]struct {
		amount string
		code   uint32
		exit   int
		says   string
	}{
		"one that succeeds": {"1000udual", 0, 0, "succeeded in block"},
		"one that fails":    {"999999999999999udual", 5, 2, "FAILED in block"}, // more than alice owns
	} {
		hash := send(n, "alice", bob, tc.amount)
		var status struct {
			Level  string `json:"level"`
			Code   uint32 `json:"code"`
			Height uint64 `json:"height,string"`
		}
		out := n.Run("query", "finality", "wait-tx", hash, "--home", n.ClientHome(), "--timeout", "1m", "--output", "json")
		if err := json.Unmarshal(out, &status); err != nil || status.Level != "FINALITY_LEVEL_FINALIZED" || status.Code != tc.code {
			t.Errorf("%s: expected it finalized with code %d, found %s, %v", name, tc.code, out, err)
		}
		var proof []byte // the next block, which has the result, may be final later
		n.Await("a proof", time.Minute, func(ctx context.Context) (ok bool, err error) {
			proof, err = n.Command(ctx, "prove", "tx", hash, "--home", n.ClientHome())
			return err == nil, err
		})
		file := n.Beside(hash + ".json")
		if err := os.WriteFile(file, proof, 0o600); err != nil {
			t.Fatal(err)
		}
		verdict, err := n.Command(t.Context(), "verify", file, "--chain-id", chainID, "--trust", trust)
		if exitCode(err) != tc.exit || !strings.Contains(string(verdict), tc.says) || strings.Contains(string(verdict), "FAIL  ") {
			t.Errorf("%s: expected exit code %d and %q, found %v\n%s", name, tc.exit, tc.says, err, verdict)
		}
		var answer daemon.Verified
		n.Await("the light client's answer", time.Minute, func(ctx context.Context) (bool, error) {
			return get(ctx, "http://"+server+"/proofs/tx/"+hash, &answer)
		})
		if answer.Height != status.Height || *answer.Code != tc.code || *answer.Success != (tc.code == 0) {
			t.Errorf("%s: expected block %d and code %d from the light client, found %+v", name, status.Height, tc.code, answer)
		}
		// The proof fails under another trust, or with a changed byte.
		if verdict, err := n.Command(t.Context(), "verify", file, "--chain-id", chainID, "--trust", "0:"+strings.Repeat("1", 64)); exitCode(err) != 1 {
			t.Errorf("%s: another trust: expected exit code 1, found %v\n%s", name, err, verdict)
		}
		changed := strings.Replace(string(proof), `"gas_used":"`, `"gas_used":"1`, 1)
		if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if verdict, err := n.Command(t.Context(), "verify", file, "--chain-id", chainID, "--trust", trust); exitCode(err) != 1 || !strings.Contains(string(verdict), "FAIL  result") {
			t.Errorf("%s: changed: expected exit code 1 at the result, found %v\n%s", name, err, verdict)
		}
	}

	// Ordinary queries can be asked at the finalized height.
	if out := n.Run("query", "bank", "balances", bob, "--finalized", "--home", n.ClientHome(), "--output", "json"); !strings.Contains(string(out), "udual") {
		t.Errorf("expected bob's balance, found %s", out)
	}
}

func TestANodeRefusesToStartAgainstATrustedCheckpoint(t *testing.T) {
	n := harness.Start(t, bin, "--validators", "1", "--voters", "3", "--interval", "1", "--block-time", "400ms", "--unbonding-time", "1h")
	node := n.Node("validator-0")
	node.AwaitFinalized(6, time.Minute)
	own, home := trustIn(t, node, 3), n.Process("validator-0").Home
	certificate := n.Beside("certificate.json")
	if err := os.WriteFile(certificate, n.Run("prove", "block", "5", "--from", "2", "--home", n.ClientHome()), 0o600); err != nil {
		t.Fatal(err)
	}
	before := node.MustHeads().Head.Epoch
	n.Localnet("kill", "validator-0")
	if out := n.Run("import-certificate", certificate, "--home", home); !strings.Contains(string(out), `"root"`) {
		t.Errorf("expected the imported checkpoint, found %s", out)
	}
	config := filepath.Join(home, "config", "app.toml")
	content, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	other := "3:" + strings.Repeat("1", 64)
	trusting := strings.Replace(string(content), "trusted-checkpoint = []", fmt.Sprintf("trusted-checkpoint = [%q]", other), 1)
	if err := os.WriteFile(config, []byte(trusting), 0o600); err != nil {
		t.Fatal(err)
	}
	n.Spawn("refused", "start", "--home", home).Refuses("conflicts with a trusted checkpoint", strings.TrimPrefix(other, "3:"), strings.TrimPrefix(own, "3:"))
	if err := os.WriteFile(config, content, 0o600); err != nil {
		t.Fatal(err)
	}
	n.Localnet("restart", "validator-0")
	node.AwaitFinalized(before+2, time.Minute)
}

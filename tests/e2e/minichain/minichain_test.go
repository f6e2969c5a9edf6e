// Package minichain runs the second application of this repository as its users would: a validator and a voter as
// processes, on another address prefix and an 18-decimals denomination.
package minichain

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	checkpointapi "github.com/dualchain/dualchain/api/dualchain/checkpoint/v1"
	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/tests/e2e/harness"
	"github.com/dualchain/dualchain/testutil/minichain/minid"
)

// asMinid makes the test binary behave as minid: no second program is linked.
const asMinid = "DUALCHAIN_TEST_AS_MINID"

func TestMain(m *testing.M) {
	if os.Getenv(asMinid) == "" {
		os.Setenv(asMinid, "1") // for the processes that tests start
		os.Exit(m.Run())
	}
	if err := minid.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func TestAnotherChainFinalizesProvesAndVerifies(t *testing.T) {
	const chainID = "toy-1"
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	n := harness.New(t, bin)
	n.Env = []string{"DUALCHAIND_VOTER_PASSWORD=correct horse", asMinid + "=1"}
	folder := filepath.Dir(n.Home)
	node, voter := filepath.Join(folder, "node"), filepath.Join(folder, "voter")
	_, script, _ := strings.Cut(section(t, "A new chain"), "```sh\n")
	script, _, _ = strings.Cut(script, "```")
	shell(t, bin, folder, n.Env, script)
	everyBlock(t, filepath.Join(node, "config", "genesis.json"))

	rpc, grpcAddress, p2p := n.FreeAddress(), n.FreeAddress(), n.FreeAddress()
	n.Spawn("node", "start", "--home", node, "--rpc.laddr", "tcp://"+rpc, "--p2p.laddr", "tcp://"+p2p, "--grpc.address", grpcAddress,
		"--minimum-gas-prices", "0atoy", "--mempool.max-txs", "100")
	n.Spawn("voter", "voter", "start", "--home", voter, "--rpc", "tcp://"+rpc, "--grpc", grpcAddress)

	conn, err := grpc.NewClient(grpcAddress, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	n.Await("a finalized checkpoint", 3*time.Minute, func(ctx context.Context) (bool, error) {
		status, err := checkpointapi.NewQueryClient(conn).Status(ctx, new(checkpointapi.QueryStatusRequest))
		return err == nil && status.GetFinalized().GetEpoch() >= 2, nil
	})
	set, err := finalityapi.NewQueryClient(conn).VoterSet(t.Context(), &finalityapi.QueryVoterSetRequest{Id: "0"})
	if err != nil {
		t.Fatal(err)
	}
	if power := set.GetCurrentTotal(); power != "50" {
		t.Errorf("50 toy of 18 decimals: expected power 50, found %s", power)
	}
	anchor, err := checkpointapi.NewQueryClient(conn).Checkpoint(t.Context(), &checkpointapi.QueryCheckpointRequest{Id: "0"})
	if err != nil {
		t.Fatal(err)
	}
	var root ffg.Root
	if err := root.UnmarshalText([]byte(anchor.GetRecord().GetCheckpoint().GetRoot())); err != nil {
		t.Fatal(err)
	}

	// What the node proves is verified without it, from the root of the anchor.
	answer, err := finalityapi.NewProofsClient(conn).ProveBlock(t.Context(), &finalityapi.ProveBlockRequest{
		Height: 2, Trust: &finalityapi.TrustStart{Epoch: "0", Members: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := cert.DecodeProof(answer.GetProof().GetCanonical())
	if err != nil {
		t.Fatal(err)
	}
	trust, err := decoded.TrustAt(ffg.Ref{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := cert.VerifyProof(decoded, chainID, trust, cert.BlockSubject(2), cert.Options{Now: time.Now(), UnbondingTime: 21 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Height != 2 {
		t.Errorf("expected block 2 to be proved, found %+v", outcome)
	}
	proposeAsDocumented(t, n, bin, folder, rpc)
}

// section returns a section of docs/adopt.md.
func section(t *testing.T, title string) string {
	t.Helper()
	content, err := os.ReadFile("../../../docs/adopt.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(content), "\n## "+title+"\n")
	if !found {
		t.Fatalf("docs/adopt.md: expected a section %q", title)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// shell runs commands of the documents in a folder, in which minid is this program.
func shell(t *testing.T, bin, folder string, env []string, script string) []byte {
	t.Helper()
	path := filepath.Join(folder, "bin")
	if err := errors.Join(os.MkdirAll(path, 0o700), os.RemoveAll(filepath.Join(path, "minid")), os.Symlink(bin, filepath.Join(path, "minid"))); err != nil {
		t.Fatal(err)
	}
	var failure strings.Builder
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
	cmd.Dir, cmd.Env, cmd.Stderr = folder, append(append(os.Environ(), env...), "PATH="+path+":"+os.Getenv("PATH")), &failure
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v:\n%s%s", script, err, output, failure.String())
	}
	return output
}

// proposeAsDocumented submits and votes for the proposals that take finality into a running chain.
func proposeAsDocumented(t *testing.T, n *harness.Net, bin, folder, rpc string) {
	t.Helper()
	text := section(t, "A running chain")
	for i, block := range strings.Split(text, "```json\n")[1:] {
		body, _, _ := strings.Cut(block, "```")
		if err := os.WriteFile(filepath.Join(folder, []string{"limit.json", "upgrade.json"}[i]), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	node, err := rpchttp.New("tcp://"+rpc, "/websocket")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "minid tx gov ") {
			continue
		}
		ran++
		var sent struct {
			TxHash string `json:"txhash"`
			Code   uint32 `json:"code"`
			RawLog string `json:"raw_log"`
		}
		if err := json.Unmarshal(shell(t, bin, folder, n.Env, line+" --node tcp://"+rpc+" --output json"), &sent); err != nil {
			t.Fatal(err)
		}
		hash, err := hex.DecodeString(sent.TxHash)
		if err != nil || sent.Code != 0 {
			t.Fatalf("%s: %v, code %d: %s", line, err, sent.Code, sent.RawLog)
		}
		n.Await("transaction "+sent.TxHash, time.Minute, func(ctx context.Context) (bool, error) {
			result, err := node.Tx(ctx, hash, false)
			if err != nil {
				return false, err
			}
			if result.TxResult.Code != 0 {
				t.Fatalf("%s: code %d: %s", line, result.TxResult.Code, result.TxResult.Log)
			}
			return true, nil
		})
	}
	if ran != 4 {
		t.Errorf("expected two proposals and two votes, found %d lines", ran)
	}
}

// everyBlock makes every block a checkpoint.
func everyBlock(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	state := document["app_state"].(map[string]any)
	state["checkpoint"].(map[string]any)["params"].(map[string]any)["interval"] = "1"
	if content, err = json.Marshal(document); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Package minichain runs the second application of this repository as its users would: a validator and a voter as
// processes, on another address prefix and an 18-decimals denomination.
package minichain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	asDocumented(t, bin, folder, n.Env)
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
	outcome, err := cert.VerifyProof(decoded, chainID, trust, cert.Options{Now: time.Now(), UnbondingTime: 21 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Height != 2 {
		t.Errorf("expected block 2 to be proved, found %+v", outcome)
	}
}

// asDocumented runs the commands of docs/adopt.md that make a new chain, in a folder.
func asDocumented(t *testing.T, bin, folder string, env []string) {
	t.Helper()
	content, err := os.ReadFile("../../../docs/adopt.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(content), "\n## A new chain\n")
	_, script, _ := strings.Cut(section, "```sh\n")
	script, _, found := strings.Cut(script, "```")
	if !found {
		t.Fatal("docs/adopt.md: expected commands under \"A new chain\"")
	}
	path := filepath.Join(folder, "bin")
	if err := errors.Join(os.Mkdir(path, 0o700), os.Symlink(bin, filepath.Join(path, "minid"))); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
	cmd.Dir, cmd.Env = folder, append(append(os.Environ(), env...), "PATH="+path+":"+os.Getenv("PATH"))
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v:\n%s", err, output)
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

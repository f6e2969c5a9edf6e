package e2e

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/tests/e2e/harness"
)

// This is a real ceremony, step by step. It uses only the commands that the participants have.
func TestAGenesisCeremonyMakesAChainThatFinalizes(t *testing.T) {
	t.Parallel()
	const chainID = "ceremony-1"
	n := harness.New(t, bin)
	node, voter := filepath.Join(filepath.Dir(n.Home), "node"), filepath.Join(filepath.Dir(n.Home), "voter")
	keyring := []string{"--home", node, "--keyring-backend", "test"}
	run := func(args ...string) []byte {
		t.Helper()
		return n.Run(append(args, keyring...)...)
	}
	refused := func(want string, args ...string) {
		t.Helper()
		if _, err := n.Command(t.Context(), append(args, "--home", node)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("%v: expected %q, found %v", args, want, err)
		}
	}
	account := func(name string) string {
		t.Helper()
		var key struct {
			Address string `json:"address"`
		}
		if err := json.Unmarshal(run("keys", "add", name, "--output", "json"), &key); err != nil {
			t.Fatal(err)
		}
		return key.Address
	}

	n.Run("init", "first", "--chain-id", chainID, "--home", node)
	validator, operator := account("validator"), account("operator")
	run("genesis", "add-genesis-account", validator, "200000000udual")
	run("genesis", "add-genesis-account", operator, "60000000udual")
	run("genesis", "gentx", "validator", "100000000udual", "--chain-id", chainID)
	n.Run("genesis", "collect-gentxs", "--home", node)

	n.Env = []string{"DUALCHAIND_VOTER_PASSWORD=correct horse"}
	n.Run("voter", "keys", "new", "--home", voter, "--chain-id", chainID, "--operator", operator)
	var proof, foreign struct {
		PubKey     string `json:"pub_key"`
		Possession string `json:"possession"`
	}
	if err := json.Unmarshal(n.Run("voter", "keys", "pop", "--home", voter), &proof); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(n.Run("voter", "keys", "pop", "--home", voter, "--chain-id", "other-1"), &foreign); err != nil {
		t.Fatal(err)
	}
	refused("invalid proof of possession", "genesis", "add-voter", operator, foreign.PubKey, foreign.Possession, "50000000udual")
	refused("not enough stake", "genesis", "add-voter", operator, proof.PubKey, proof.Possession, "60000001udual")
	refused("expected udual, found stake", "genesis", "add-voter", operator, proof.PubKey, proof.Possession, "50000000stake")
	n.Run("genesis", "add-voter", operator, proof.PubKey, proof.Possession, "50000000udual", "--moniker", "first voter", "--home", node)
	refused("registered already", "genesis", "add-voter", operator, proof.PubKey, proof.Possession, "1000000udual")
	n.Run("genesis", "validate", "--home", node)

	finalizes(n, node, voter)
}

func TestTestnetFilesMakeAChainThatFinalizes(t *testing.T) {
	t.Parallel()
	n := harness.New(t, bin)
	dir := filepath.Join(filepath.Dir(n.Home), "testnet")
	n.Run("testnet", "init-files", "--output-dir", dir, "--chain-id", "testnet-1", "--validators", "1", "--voters", "1", "--hosts", "127.0.0.1")
	if _, err := n.Command(t.Context(), "testnet", "init-files", "--output-dir", dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Fatalf("expected existing files to be kept, found %v", err)
	}
	if _, err := n.Command(t.Context(), "testnet", "init-files", "--output-dir", dir+"2", "--starting-ip", "255.255.255.255"); err == nil ||
		!strings.Contains(err.Error(), "room for 4 addresses") {
		t.Fatalf("expected too few addresses to be refused, found %v", err)
	}
	finalizes(n, filepath.Join(dir, "validator-0"), filepath.Join(dir, "voter-0"))
}

// finalizes runs a node and a voter from their homes until a checkpoint is final. It replaces the ports of the homes, since
// other programs may use them.
func finalizes(n *harness.Net, node, voter string) {
	n.Helper()
	rpc, grpc, p2p, rest := n.FreeAddress(), n.FreeAddress(), n.FreeAddress(), n.FreeAddress()
	n.Spawn("node", "start", "--home", node, "--rpc.laddr", "tcp://"+rpc, "--p2p.laddr", "tcp://"+p2p,
		"--grpc.address", grpc, "--api.address", "tcp://"+rest)
	n.Spawn("voter", "voter", "start", "--home", voter, "--rpc", "tcp://"+rpc, "--grpc", grpc)
	n.Await("a finalized checkpoint", 2*time.Minute, func(ctx context.Context) (bool, error) {
		out, err := n.Command(ctx, "query", "checkpoint", "status", "--node", "tcp://"+rpc, "--output", "json", "--home", node)
		if err != nil {
			return false, err
		}
		var status struct {
			Finalized struct {
				Epoch string `json:"epoch"`
			} `json:"finalized"`
		}
		err = json.Unmarshal(out, &status)
		return status.Finalized.Epoch != "" && status.Finalized.Epoch != "0", err
	})
}

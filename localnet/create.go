package localnet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
)

// ErrHomeTaken is wrapped by Create if the home is not empty.
var ErrHomeTaken = errors.New("home is not empty")

// NewChainID returns a chain id that contains the time in seconds. A chain that starts again must not have the name of
// the previous one, because votes for the previous chain would count for the new one (protocol §2).
func NewChainID() string { return fmt.Sprintf("dualchain-local-%d", time.Now().Unix()) }

// Create makes a network in a home that is empty or missing. It wraps ErrSpec or ErrHomeTaken. The home appears whole or
// not at all.
func Create(home string, spec Spec, chain Chain) (*Network, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	home, err := filepath.Abs(home)
	if err != nil {
		return nil, fmt.Errorf("create a localnet: %w", err)
	}
	entries, err := os.ReadDir(home)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("create a localnet: %w", err)
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%w: %s holds %s and no localnet", ErrHomeTaken, home, entries[0].Name())
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return nil, fmt.Errorf("create a localnet: %w", err)
	}
	draft, err := os.MkdirTemp(filepath.Dir(home), filepath.Base(home)+".new-")
	if err != nil {
		return nil, fmt.Errorf("create a localnet: %w", err)
	}
	defer os.RemoveAll(draft) // after the rename there is nothing to remove

	n := &Network{Spec: spec, home: draft}
	if err := n.write(chain); err != nil {
		return nil, fmt.Errorf("create a localnet: %w", err)
	}
	if err := os.Remove(home); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("create a localnet: %w", err)
	}
	if err := os.Rename(draft, home); err != nil {
		return nil, fmt.Errorf("create a localnet: %w", err)
	}
	n.home = home
	return n, nil
}

// write writes everything in the home, network.json last.
func (n *Network) write(chain Chain) error {
	var picker portPicker
	defer picker.release()
	files := layout{
		spec: n.Spec, chain: chain, dir: n.home, local: true, listen: Loopback,
		host: func(int) string { return Loopback },
		ports: func(i int) (Ports, error) {
			if i == 0 && !n.Spec.RandomPorts {
				return picker.node(UsualPorts)
			}
			return picker.node(Ports{})
		},
		mnemonic: func(name string) (string, error) { return Mnemonic(name), nil },
		keyring:  func(string) string { return n.ClientHome() },
		extra:    []extraAccount{{Alice, devBalance}, {Bob, devBalance}, {Faucet, faucetBalance}},
	}
	out, err := files.write()
	if err != nil {
		return err
	}
	n.Nodes, n.Voters = out.nodes, out.voters
	if err := writeClientHome(n.ClientHome(), n.Spec.ChainID, "tcp://"+address(n.Nodes[0].Ports.RPC)); err != nil {
		return err
	}
	return n.save()
}

// Reset removes a network. It wraps ErrNotLocalnet, or ErrRunning if the network runs.
func Reset(home string) error {
	n, err := Open(home)
	if err != nil {
		return err
	}
	control, err := listenControl(n)
	if err != nil {
		return err
	}
	defer control.close()
	state, err := n.loadState()
	if err != nil {
		return err
	}
	for _, p := range state.Processes {
		if p.State == Running && p.alive() {
			return fmt.Errorf("%w: %s is process %d; run `dualchaind localnet stop` first", ErrRunning, p.Name, p.PID)
		}
	}
	if err := os.RemoveAll(n.home); err != nil {
		return fmt.Errorf("reset the localnet: %w", err)
	}
	return nil
}

// NodeOptions are the settings of a node that may differ from node to node without changing the chain.
type NodeOptions struct {
	// BlockExecutor is sequential or block-stm.
	BlockExecutor string `json:"block_executor"`
	// MempoolMaxTxs is app.toml's mempool.max-txs.
	MempoolMaxTxs int `json:"mempool_max_txs"`
}

// DefaultNodeOptions are the options of every validator.
func DefaultNodeOptions() NodeOptions {
	defaults := serverconfig.DefaultConfig()
	return NodeOptions{BlockExecutor: defaults.BlockExecutor, MempoolMaxTxs: defaults.Mempool.MaxTxs}
}

// addNode makes the home of one more full node, which syncs from genesis.
func (n *Network) addNode(options NodeOptions) (Node, error) {
	count := 0
	var peers []string
	for _, other := range n.Nodes {
		if other.Kind == KindNode {
			count++
		}
		peers = append(peers, other.ID+"@"+address(other.Ports.P2P))
	}
	node := Node{Name: fmt.Sprintf("%s-%d", KindNode, count), Kind: KindNode}
	genesis, err := genutiltypes.AppGenesisFromFile(filepath.Join(n.NodeHome(n.Nodes[0].Name), "config", "genesis.json"))
	if err != nil {
		return Node{}, fmt.Errorf("add %s: %w", node.Name, err)
	}
	if node.ID, _, err = newNodeKeys(n.NodeHome(node.Name)); err != nil {
		return Node{}, fmt.Errorf("add %s: %w", node.Name, err)
	}
	var picker portPicker
	defer picker.release()
	if node.Ports, err = picker.node(Ports{}); err != nil {
		return Node{}, fmt.Errorf("add %s: %w", node.Name, err)
	}
	home := nodeHome{
		dir: n.NodeHome(node.Name), moniker: node.Name, listen: Loopback, ports: node.Ports, peers: strings.Join(peers, ","),
		blockTime: n.Spec.BlockTime, local: true, executor: options.BlockExecutor, maxTxs: options.MempoolMaxTxs,
	}
	if err := home.write(genesis); err != nil {
		return Node{}, fmt.Errorf("add %s: %w", node.Name, err)
	}
	n.Nodes = append(n.Nodes, node)
	return node, n.save()
}

// writeClientHome writes client.toml, so that commands with this --home need no --node, --chain-id or --keyring-backend.
func writeClientHome(home, chainID, node string) error {
	path := filepath.Join(home, "config")
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("write client.toml: %w", err)
	}
	content := fmt.Sprintf("chain-id = %q\nkeyring-backend = %q\noutput = \"text\"\nnode = %q\nbroadcast-mode = \"sync\"\n",
		chainID, keyring.BackendTest, node)
	if err := os.WriteFile(filepath.Join(path, "client.toml"), []byte(content), 0o600); err != nil {
		return fmt.Errorf("write client.toml: %w", err)
	}
	return nil
}

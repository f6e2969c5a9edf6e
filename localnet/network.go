package localnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dualchain/dualchain/internal/durable"
)

// ErrNotLocalnet is wrapped if a home holds no local network.
var ErrNotLocalnet = errors.New("not the home of a localnet")

// The kinds of process.
const (
	KindValidator = "validator" // proposes and commits blocks
	KindNode      = "node"      // follows the chain and has no vote
	KindVoter     = "voter"     // signs checkpoints
)

// Node is a validator or a full node.
type Node struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Ports Ports  `json:"ports"`
	// ID is the node's address among its peers.
	ID string `json:"id"`
	// Operator is the validator's account; empty for a full node.
	Operator string `json:"operator,omitempty"`
	// PubKey is the consensus key in base64; empty for a full node.
	PubKey string `json:"pub_key,omitempty"`
}

// Voter is a voter of the finality layer.
type Voter struct {
	Name string `json:"name"`
	// Operator is the account that registered the voter.
	Operator string `json:"operator"`
	// PubKey is the BLS key in hexadecimal.
	PubKey string `json:"pub_key"`
	// Node is the name of the node that it follows.
	Node string `json:"node"`
}

// Network is the local network in one home.
type Network struct {
	Spec   Spec    `json:"spec"`
	Nodes  []Node  `json:"nodes"`
	Voters []Voter `json:"voters"`

	home string
}

// runState is the supervisor's record of its processes. Others clean up by it if the supervisor dies.
type runState struct {
	Supervisor ProcessState   `json:"supervisor"`
	Processes  []ProcessState `json:"processes"`
}

// Open reads the network in a home. It wraps ErrNotLocalnet if the home holds no network.
func Open(home string) (*Network, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return nil, fmt.Errorf("open the localnet: %w", err)
	}
	n := &Network{home: home}
	err = readJSON(n.path("network.json"), n)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s has no network.json; `dualchaind localnet start` makes one", ErrNotLocalnet, home)
	}
	if err != nil {
		return nil, fmt.Errorf("open the localnet in %s: %w", home, err)
	}
	return n, nil
}

// Home returns the network's directory, absolute.
func (n *Network) Home() string { return n.home }

// ClientHome is a home for client commands: its keyring holds the accounts of the network.
func (n *Network) ClientHome() string { return n.path("client") }

// NodeHome returns the home of a node or voter.
func (n *Network) NodeHome(name string) string { return n.path(name) }

// Node returns the node with a name, or an error wrapping ErrUnknownProcess.
func (n *Network) Node(name string) (Node, error) {
	for _, node := range n.Nodes {
		if node.Name == name {
			return node, nil
		}
	}
	return Node{}, fmt.Errorf("%w: no validator or node %s", ErrUnknownProcess, name)
}

// Voter returns the voter with a name, or an error wrapping ErrUnknownProcess.
func (n *Network) Voter(name string) (Voter, error) {
	for _, v := range n.Voters {
		if v.Name == name {
			return v, nil
		}
	}
	return Voter{}, fmt.Errorf("%w: no voter %s", ErrUnknownProcess, name)
}

func (n *Network) path(elem ...string) string {
	return filepath.Join(append([]string{n.home}, elem...)...)
}

func (n *Network) logPath(name string) string { return n.path("logs", name+".log") }

// commands returns the command of every process: nodes, then voters.
func (n *Network) commands(bin string) []command {
	var commands []command
	for _, node := range n.Nodes {
		commands = append(commands, command{
			name: node.Name, bin: bin, log: n.logPath(node.Name),
			args: []string{"start", "--home", n.NodeHome(node.Name)},
		})
	}
	for _, voter := range n.Voters {
		commands = append(commands, command{
			name: voter.Name, bin: bin, log: n.logPath(voter.Name),
			args: []string{"voter", "start", "--home", n.NodeHome(voter.Name)},
		})
	}
	return commands
}

func (n *Network) command(bin, name string) (command, error) {
	for _, c := range n.commands(bin) {
		if c.name == name {
			return c, nil
		}
	}
	return command{}, fmt.Errorf("%w: %s", ErrUnknownProcess, name)
}

func (n *Network) save() error { return writeJSON(n.path("network.json"), n) }

func (n *Network) saveState(s runState) error { return writeJSON(n.path("state.json"), s) }

// loadState reads the state; it is empty if nothing ever ran here.
func (n *Network) loadState() (runState, error) {
	var s runState
	err := readJSON(n.path("state.json"), &s)
	if errors.Is(err, fs.ErrNotExist) {
		return runState{}, nil
	}
	return s, err
}

// self describes this process.
func self() ProcessState {
	pid := os.Getpid()
	born, err := birth(pid)
	if err != nil {
		born = ""
	}
	return ProcessState{Name: "supervisor", State: Running, PID: pid, Birth: born}
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// writeJSON replaces a file as a whole, so that a reader never sees half of it.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return durable.Replace(path, append(b, '\n'))
}

package localnet

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"math/bits"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	checkpointapi "github.com/dualchain/dualchain/api/dualchain/checkpoint/v1"
	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// ErrNoAnswer is wrapped if no node of the network answers.
var ErrNoAnswer = errors.New("no node answers")

// Status is a network as `dualchaind localnet status` shows it.
type Status struct {
	ChainID   string          `json:"chain_id"`
	Home      string          `json:"home"`
	Processes []ProcessStatus `json:"processes"`
	// Heads is absent if no node answers.
	Heads *Heads `json:"heads,omitempty"`
}

// ProcessStatus is one process with its addresses and keys.
type ProcessStatus struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	PID   int    `json:"pid"`
	State State  `json:"state"`
	Exit  string `json:"exit,omitempty"`
	// RPC, REST and GRPC are a node's addresses for clients, P2P its address for peers.
	RPC  string `json:"rpc,omitempty"`
	REST string `json:"rest,omitempty"`
	GRPC string `json:"grpc,omitempty"`
	P2P  string `json:"p2p,omitempty"`
	// Follows is the node that a voter asks.
	Follows string `json:"follows,omitempty"`
	Log     string `json:"log"`
	Home    string `json:"home"`
	// Operator is the account behind a validator or voter, PubKey its consensus key in base64 or BLS key in hexadecimal.
	Operator string `json:"operator,omitempty"`
	PubKey   string `json:"pub_key,omitempty"`
}

// Heads are the heads of both layers, according to the first node that answers.
type Heads struct {
	// Node is the name of the node that answered.
	Node string `json:"node"`
	// Height is the latest block.
	Height uint64 `json:"height"`
	// Head, Justified and Finalized are absent until the first voter is eligible.
	Head      *Head `json:"head,omitempty"`
	Justified *Head `json:"justified,omitempty"`
	Finalized *Head `json:"finalized,omitempty"`
	// Votes is the newest tally with votes; absent if neither of the last two epochs has votes.
	Votes *Votes `json:"votes,omitempty"`
}

// Head is one checkpoint; LagBlocks and LagSeconds are its distance to the latest block.
type Head struct {
	Epoch      uint64 `json:"epoch"`
	Root       string `json:"root"`
	Height     uint64 `json:"height"`
	LagBlocks  uint64 `json:"lag_blocks"`
	LagSeconds uint64 `json:"lag_seconds"`
}

// Votes lists who has signed an epoch. PowerPPM is the signed share of the current side, in parts per million.
type Votes struct {
	Epoch    uint64 `json:"epoch"`
	Signers  int    `json:"signers"`
	Voters   int    `json:"voters"`
	PowerPPM uint64 `json:"power_ppm"`
}

// ReadStatus returns the whole status. A missing node or supervisor is part of the status, not an error.
func ReadStatus(ctx context.Context, n *Network) (Status, error) {
	states, err := NewClient(n).Processes(ctx)
	if errors.Is(err, ErrNotRunning) {
		states, err = n.orphans()
	}
	if err != nil {
		return Status{}, err
	}
	status := Status{ChainID: n.Spec.ChainID, Home: n.home, Processes: n.describe(states)}
	if heads, err := n.Heads(ctx, states); err == nil {
		status.Heads = &heads
	} else if !errors.Is(err, ErrNoAnswer) {
		return Status{}, err
	}
	return status, nil
}

// orphans returns the last known states. A process counts as running only if it really exists.
func (n *Network) orphans() ([]ProcessState, error) {
	last, err := n.loadState()
	if err != nil {
		return nil, err
	}
	known := map[string]ProcessState{}
	for _, p := range last.Processes {
		if p.State == Running && !p.alive() {
			p.State = Stopped
		}
		known[p.Name] = p
	}
	var states []ProcessState
	for _, c := range n.commands("") {
		p, ok := known[c.name]
		if !ok {
			p = ProcessState{Name: c.name, State: Stopped}
		}
		states = append(states, p)
	}
	return states, nil
}

// describe adds the network's data about the processes to their states.
func (n *Network) describe(states []ProcessState) []ProcessStatus {
	out := make([]ProcessStatus, 0, len(states))
	for _, s := range states {
		p := ProcessStatus{
			Name: s.Name, PID: s.PID, State: s.State, Exit: s.Exit,
			Log: n.logPath(s.Name), Home: n.NodeHome(s.Name),
		}
		if node, err := n.Node(s.Name); err == nil {
			p.Kind, p.Operator, p.PubKey = node.Kind, node.Operator, node.PubKey
			p.RPC, p.REST = "http://"+address(node.Ports.RPC), "http://"+address(node.Ports.REST)
			p.GRPC, p.P2P = address(node.Ports.GRPC), node.ID+"@"+address(node.Ports.P2P)
		} else if voter, err := n.Voter(s.Name); err == nil {
			p.Kind, p.Operator, p.PubKey, p.Follows = KindVoter, voter.Operator, voter.PubKey, voter.Node
		}
		out = append(out, p)
	}
	return out
}

// runningNodes returns the nodes whose processes run.
func (n *Network) runningNodes(states []ProcessState) []Node {
	var nodes []Node
	for _, s := range states {
		if node, err := n.Node(s.Name); err == nil && s.State == Running {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// Heads asks the running nodes in turn until one answers. It wraps ErrNoAnswer if no node answers.
func (n *Network) Heads(ctx context.Context, states []ProcessState) (Heads, error) {
	var heads Heads
	err := n.ask(ctx, states, func(node Node, conn *grpc.ClientConn) (err error) {
		heads, err = readHeads(ctx, conn)
		heads.Node = node.Name
		return err
	})
	return heads, err
}

// ask calls do with a connection to each running node in turn until it succeeds.
func (n *Network) ask(ctx context.Context, states []ProcessState, do func(Node, *grpc.ClientConn) error) error {
	last := errors.New("none runs")
	for _, node := range n.runningNodes(states) {
		conn, err := grpc.NewClient(address(node.Ports.GRPC), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return fmt.Errorf("connect to %s: %w", node.Name, err)
		}
		last = do(node, conn)
		conn.Close()
		if last == nil {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrNoAnswer, last)
}

func readHeads(ctx context.Context, conn *grpc.ClientConn) (Heads, error) {
	status, err := checkpointapi.NewQueryClient(conn).Status(ctx, &checkpointapi.QueryStatusRequest{})
	if err != nil {
		return Heads{}, fmt.Errorf("ask for the heads: %w", err)
	}
	heads := Heads{
		Height: status.Height,
		Head:   newHead(status.Head), Justified: newHead(status.Justified), Finalized: newHead(status.Finalized),
	}
	if heads.Head == nil {
		return heads, nil
	}
	// The votes for an epoch arrive a block after it. Until then the newest votes are those for the epoch before.
	for back := uint64(0); back <= min(1, heads.Head.Epoch) && heads.Votes == nil; back++ {
		if heads.Votes, err = readVotes(ctx, conn, heads.Head.Epoch-back); err != nil {
			return Heads{}, err
		}
	}
	return heads, nil
}

func newHead(h *checkpointapi.Head) *Head {
	if h == nil {
		return nil
	}
	return &Head{Epoch: h.Epoch, Root: h.Root, Height: h.Height, LagBlocks: h.Lag.GetBlocks(), LagSeconds: h.Lag.GetSeconds()}
}

// readVotes returns nil for an epoch without votes, such as the anchor.
func readVotes(ctx context.Context, conn *grpc.ClientConn, epoch uint64) (*Votes, error) {
	if epoch == 0 {
		return nil, nil
	}
	answer, err := finalityapi.NewQueryClient(conn).Votes(ctx, &finalityapi.QueryVotesRequest{Epoch: fmt.Sprint(epoch)})
	if err != nil {
		return nil, fmt.Errorf("ask for the votes of epoch %d: %w", epoch, err)
	}
	votes := Votes{Epoch: epoch, Voters: len(answer.Voters)}
	for _, b := range answer.GetVotes().GetSigners() {
		votes.Signers += bits.OnesCount8(b)
	}
	if votes.Signers == 0 {
		return nil, nil
	}
	votes.PowerPPM, err = shareOf(answer.CurrentSigned, answer.CurrentTotal)
	return &votes, err
}

// shareOf returns part/whole in parts per million, rounded down; 0 if whole is 0.
func shareOf(part, whole string) (uint64, error) {
	p, ok := new(big.Int).SetString(part, 10)
	w, ok2 := new(big.Int).SetString(whole, 10)
	if !ok || !ok2 {
		return 0, fmt.Errorf("read powers: expected decimal numbers, found %q and %q", part, whole)
	}
	if w.Sign() == 0 {
		return 0, nil
	}
	return p.Mul(p, big.NewInt(finalitytypes.Million)).Div(p, w).Uint64(), nil
}

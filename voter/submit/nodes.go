package submit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
)

// Nodes combines several nodes into one. A vote goes to all healthy nodes at the same time. That costs a few hundred bytes
// each, needs no second attempt if one fails, and no node can delay a vote by dropping it. A question goes to the node in
// use, then to the next.
type Nodes struct {
	nodes   []Named
	healthy func() []int
	log     *slog.Logger

	mu      sync.Mutex
	refuses []bool // the last report about each node
}

// Named is a node with its name in the log.
type Named struct {
	Node
	Name string
}

// NewNodes returns a Nodes that sends to the nodes whose indices healthy returns, the one in use first. healthy must
// return at least one.
func NewNodes(nodes []Named, healthy func() []int, log *slog.Logger) *Nodes {
	return &Nodes{nodes: nodes, healthy: healthy, log: log, refuses: make([]bool, len(nodes))}
}

// Broadcast implements Node. It returns nil once any node has the vote. The others get it too.
func (n *Nodes) Broadcast(ctx context.Context, vote ffg.AggregateVote) error {
	to := n.healthy()
	results := make(chan error, len(to))
	for _, i := range to {
		go func() {
			err := n.nodes[i].Broadcast(ctx, vote)
			if ctx.Err() == nil {
				n.report(i, err)
			}
			results <- err
		}()
	}
	var errs []error
	for range to {
		err := <-results
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// report logs when a node begins or stops refusing votes.
func (n *Nodes) report(i int, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if refuses := err != nil; refuses == n.refuses[i] {
		return
	}
	n.refuses[i] = err != nil
	if err != nil {
		n.log.Warn("node doesn't take votes", event.TakesNoVotes, "node", n.nodes[i].Name, "error", err)
	} else {
		n.log.Info("node takes votes again", event.TakesVotes, "node", n.nodes[i].Name)
	}
}

// Tally implements Node.
func (n *Nodes) Tally(ctx context.Context, epoch uint64) (ffg.Bitfield, error) {
	return firstAnswer(n, func(node Node) (ffg.Bitfield, error) { return node.Tally(ctx, epoch) })
}

// Window implements Node.
func (n *Nodes) Window(ctx context.Context) (uint64, error) {
	return firstAnswer(n, func(node Node) (uint64, error) { return node.Window(ctx) })
}

func firstAnswer[A any](n *Nodes, ask func(Node) (A, error)) (answer A, err error) {
	var errs []error
	for _, i := range n.healthy() {
		if answer, err = ask(n.nodes[i]); err == nil {
			return answer, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", n.nodes[i].Name, err))
	}
	return answer, errors.Join(errs...)
}

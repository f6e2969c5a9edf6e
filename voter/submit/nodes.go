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

// Nodes is several nodes as one. A vote goes to all healthy ones at the same time: that costs a few hundred bytes each,
// needs no second attempt when one fails, and a node that drops votes, or can't gossip them, delays none. Questions go to
// the one in use, then to the next.
type Nodes struct {
	nodes   []Named
	healthy func() []int
	log     *slog.Logger

	mu      sync.Mutex
	refuses []bool // what was said last of each node
}

// Named is a node with the name that the log calls it by.
type Named struct {
	Node
	Name string
}

// NewNodes sends to those of the nodes whose indices healthy returns, the one in use first; it returns one at least.
func NewNodes(nodes []Named, healthy func() []int, log *slog.Logger) *Nodes {
	return &Nodes{nodes: nodes, healthy: healthy, log: log, refuses: make([]bool, len(nodes))}
}

// Broadcast implements Node: it returns nil once any node has the vote. The others get it too.
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

// report says when a node begins or ends not to take votes.
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

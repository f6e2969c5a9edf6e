// Package watch follows a node: it tells of each new block at once, and asks the node what to vote on.
//
// A voter trusts its node to have executed the block. It does not trust an answer: the checkpoint's root is recomputed
// from the contents, and its block is compared with the header that the consensus layer has at that height, chain id
// included. So an endpoint of another chain, or one that is damaged, leads to no signature.
package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// heightHeader is where the node says which height an answer is from.
const heightHeader = "x-cosmos-block-height"

// callTimeout bounds each question to the node.
const callTimeout = 5 * time.Second

// The node commits a block's state before it announces the block, but an announcement by polling can be earlier: ask
// again after 5, 10, 20, ... 640 ms.
const (
	firstRecheck = 5 * time.Millisecond
	rechecks     = 8
)

// Duties answers what a voter must sign: the query client of x/finality.
type Duties interface {
	Duty(ctx context.Context, in *types.QueryDutyRequest, opts ...grpc.CallOption) (*types.QueryDutyResponse, error)
	Tallies
}

// Config says what to watch.
type Config struct {
	ChainID string        // that every block must have
	Poll    time.Duration // how often to ask for the latest block besides listening for events
}

// Node is a node as a voter sees it.
type Node struct {
	config Config
	duties Duties
	blocks Blocks
	now    func() time.Time
	log    *slog.Logger
}

// NewNode watches through these two clients, which should be of the same node.
func NewNode(config Config, duties Duties, blocks Blocks, log *slog.Logger) *Node {
	return &Node{config: config, duties: duties, blocks: blocks, now: time.Now, log: log}
}

// Duty asks for the duty of a key at the tip or later, and checks the answer. Only what the node has executed is in the answer.
// Errors: the package's, or the node can't be reached.
func (n *Node) Duty(ctx context.Context, key ffg.PublicKey, tip Header) (Duty, error) {
	if err := n.checkChain(tip); err != nil {
		return Duty{}, err
	}
	answer, executed, err := n.ask(ctx, key, tip.Height)
	if err != nil {
		return Duty{}, fmt.Errorf("ask for duty: %w", err)
	}
	target, duty, err := parse(answer, executed)
	if err != nil {
		return Duty{}, fmt.Errorf("check duty: %w", err)
	}
	block := tip
	if target.Height != tip.Height {
		if block, err = n.header(ctx, target.Height); err != nil {
			return Duty{}, err
		}
	}
	if err := verify(target, block, n.now()); err != nil {
		return Duty{}, fmt.Errorf("check duty: %w", err)
	}
	return duty, nil
}

// ask returns the answer from a state at or above a height, and the state's height.
func (n *Node) ask(ctx context.Context, key ffg.PublicKey, height uint64) (*types.QueryDutyResponse, uint64, error) {
	for wait, left := firstRecheck, rechecks; ; wait, left = 2*wait, left-1 {
		answer, executed, err := n.askOnce(ctx, key)
		if err == nil && executed < height {
			err = fmt.Errorf("%w: expected height %d or more, found %d", ErrNotExecuted, height, executed)
		}
		if !errors.Is(err, ErrNotExecuted) || left == 0 {
			return answer, executed, err
		}
		select {
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (n *Node) askOnce(ctx context.Context, key ffg.PublicKey) (*types.QueryDutyResponse, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var header metadata.MD
	answer, err := n.duties.Duty(ctx, &types.QueryDutyRequest{Voter: key.String()}, grpc.Header(&header))
	switch status.Code(err) {
	case codes.OK:
	case codes.NotFound, codes.FailedPrecondition:
		return nil, 0, fmt.Errorf("%w: %s", ErrNoDuty, status.Convert(err).Message())
	default:
		return nil, 0, err
	}
	executed, err := strconv.ParseUint(first(header.Get(heightHeader)), 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: expected the state's height in %s, found %q", ErrInconsistent, heightHeader, header.Get(heightHeader))
	}
	return answer, executed, nil
}

// header asks for the header at a height and checks its chain.
func (n *Node) header(ctx context.Context, height uint64) (Header, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	block, err := n.blocks.At(ctx, height)
	if err != nil {
		return Header{}, fmt.Errorf("ask for block %d: %w", height, err)
	}
	return block, n.checkChain(block)
}

func (n *Node) checkChain(block Header) error {
	if block.ChainID != n.config.ChainID {
		return fmt.Errorf("check block %d: %w: expected %q, found %q", block.Height, ErrWrongChain, n.config.ChainID, block.ChainID)
	}
	return nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

package watch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/foreign"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// heightHeader is the header with the height of the state that an answer comes from.
const heightHeader = "x-cosmos-block-height"

const (
	callTimeout  = 5 * time.Second // bounds each question to a node
	checkTimeout = 2 * time.Second // bounds each check of its health
)

// The node commits a block's state before it announces the block, but polling can find the block earlier. So the voter
// asks again after 5, 10, 20, ... 640 ms.
const (
	firstRecheck = 5 * time.Millisecond
	rechecks     = 8
)

// Finality is the query client of x/finality: it answers what a voter must sign and who has voted.
type Finality interface {
	Tallies
	Duty(ctx context.Context, in *types.QueryDutyRequest, opts ...grpc.CallOption) (*types.QueryDutyResponse, error)
}

// Checkpoints is the query client of x/checkpoint: it answers by epoch.
type Checkpoints interface {
	Checkpoint(ctx context.Context, in *checkpointtypes.QueryCheckpointRequest, opts ...grpc.CallOption) (*checkpointtypes.QueryCheckpointResponse, error)
}

// Endpoint holds the clients of one node.
type Endpoint struct {
	Address     string // its name in the log
	Finality    Finality
	Checkpoints Checkpoints
	Blocks      Blocks
}

// node asks a node. It believes no answer that contradicts the node's own blocks.
type node struct {
	Endpoint
	chainID string
	now     func() time.Time
}

// duty asks for the duty of a key at the tip or later. The answer contains only what the node has executed. Errors: this
// package's errors about nodes, or the node can't be reached.
func (n *node) duty(ctx context.Context, key ffg.PublicKey, tip Header) (Duty, error) {
	return askDuty(ctx, n, key.String(), tip, parseDuty)
}

// head asks for what duties at the tip or later say to all keys. Errors: those of duty.
func (n *node) head(ctx context.Context, tip Header) (headDuty, error) {
	return askDuty(ctx, n, "", tip, parseHead)
}

// askDuty asks about a voter, or about nobody, and checks what parse finds in the answer.
func askDuty[A any](ctx context.Context, n *node, voter string, tip Header, parse func(*types.QueryDutyResponse, uint64) (ffg.Checkpoint, A, error)) (found A, err error) {
	var none A
	if err := n.checkChain(tip); err != nil {
		return none, err
	}
	answer, executed, err := n.dutyAt(ctx, voter, tip.Height)
	if err != nil {
		return none, fmt.Errorf("ask for duty: %w", err)
	}
	target, found, err := parse(answer, executed)
	if err == nil {
		err = n.compare(ctx, target, tip)
	}
	if err != nil {
		return none, fmt.Errorf("check duty: %w", err)
	}
	return found, nil
}

// dutyAt returns the answer from a state at or above a height, and the state's height.
func (n *node) dutyAt(ctx context.Context, voter string, height uint64) (answer *types.QueryDutyResponse, executed uint64, err error) {
	for wait, left := firstRecheck, rechecks; ; wait, left = 2*wait, left-1 {
		answer, executed, err = ask(ctx, n.Finality.Duty, &types.QueryDutyRequest{Voter: voter})
		switch {
		case err != nil:
			return nil, 0, err
		case executed >= height:
			return answer, executed, nil
		}
		err = fmt.Errorf("%w: expected height %d or more, found %d", ErrNotExecuted, height, executed)
		if left == 0 || !pause(ctx, wait) {
			return nil, 0, err
		}
	}
}

// vote asks for the one honest vote for an epoch, a number or the word head. It returns the vote and the height of the
// state that the answer came from. Errors: ErrNoDuty if the node has no such epoch above the anchor, and those of duty.
func (n *node) vote(ctx context.Context, epoch string) (ffg.Vote, uint64, error) {
	answer, executed, err := ask(ctx, n.Checkpoints.Checkpoint, &checkpointtypes.QueryCheckpointRequest{Id: epoch})
	if err != nil {
		return ffg.Vote{}, 0, fmt.Errorf("ask for checkpoint %s: %w", epoch, err)
	}
	target, vote, err := parseRecord(answer.Record, executed)
	if err == nil {
		err = n.compare(ctx, target, Header{})
	}
	if err != nil {
		return ffg.Vote{}, 0, fmt.Errorf("check checkpoint %s: %w", epoch, err)
	}
	return vote, executed, nil
}

// ask asks the application. It returns the answer and the height of its state.
func ask[Q, A any](ctx context.Context, query func(context.Context, Q, ...grpc.CallOption) (A, error), question Q) (answer A, executed uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var header metadata.MD
	answer, err = query(ctx, question, grpc.Header(&header))
	switch status.Code(err) {
	case codes.OK:
	case codes.NotFound, codes.FailedPrecondition:
		return answer, 0, fmt.Errorf("%w: %s", ErrNoDuty, status.Convert(err).Message())
	case codes.DeadlineExceeded:
		return answer, 0, fmt.Errorf("%w in time: %w", ErrNoAnswer, err)
	default:
		return answer, 0, err
	}
	executed, err = strconv.ParseUint(first(header.Get(heightHeader)), 10, 64)
	if err != nil {
		return answer, 0, fmt.Errorf("%w: expected the state's height in %s, found %q", ErrInconsistent, heightHeader, foreign.Text(strings.Join(header.Get(heightHeader), ", ")))
	}
	return answer, executed, nil
}

// compare compares a checkpoint with its block. It asks for the block unless it is the known one.
func (n *node) compare(ctx context.Context, target ffg.Checkpoint, known Header) error {
	block := known
	if target.Height != known.Height {
		var err error
		if block, err = n.header(ctx, target.Height); err != nil {
			return err
		}
	}
	return verify(target, block, n.now())
}

// header asks for the header at a height and checks its chain id.
func (n *node) header(ctx context.Context, height uint64) (Header, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	block, err := n.Blocks.At(ctx, height)
	if err != nil {
		return Header{}, fmt.Errorf("ask for block %d: %w", height, err)
	}
	return block, n.checkChain(block)
}

func (n *node) checkChain(block Header) error {
	if block.ChainID != n.chainID {
		return fmt.Errorf("check block %d: %w: expected %q, found %q", block.Height, ErrWrongChain, n.chainID, foreign.Text(block.ChainID))
	}
	return nil
}

// check returns nil if the node can be used for voting, and its newest executed block if it is known. It accepts a chain
// that has no checkpoints yet, and one whose time is ahead of this machine's clock.
func (n *node) check(ctx context.Context) (Header, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	at, err := n.Blocks.Status(ctx)
	if err != nil {
		return Header{}, fmt.Errorf("ask for status: %w", err)
	}
	tip := Header{ChainID: at.ChainID, Height: at.Height}
	if err := n.checkChain(tip); err != nil {
		return tip, err
	}
	if at.Height == 0 {
		return tip, fmt.Errorf("%w: expected a block, found none yet", ErrNotSynced)
	}
	if tip, err = n.Blocks.Latest(ctx); err != nil {
		return Header{}, fmt.Errorf("ask for the latest block: %w", err)
	}
	if err := n.checkChain(tip); err != nil {
		return tip, err
	}
	if at.CatchingUp {
		return tip, fmt.Errorf("%w: catching up with the chain", ErrNotSynced)
	}
	switch _, executed, err := n.vote(ctx, "head"); {
	case errors.Is(err, ErrNoDuty), errors.Is(err, ErrFuture):
		return tip, nil
	case err != nil:
		return tip, err
	case executed+1 < tip.Height:
		return tip, fmt.Errorf("%w: expected height %d or more, found %d", ErrNotExecuted, tip.Height-1, executed)
	case executed < tip.Height: // the node still executes the latest block and will announce it
		return n.header(ctx, executed)
	}
	return tip, nil
}

// pause waits and reports whether it waited in full; ctx ends it early.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

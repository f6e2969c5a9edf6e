package submit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	errorsmod "cosmossdk.io/errors"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/internal/foreign"
	"github.com/dualchain/dualchain/x/finality/types"
)

// callTimeout bounds each call to the node.
const callTimeout = 5 * time.Second

// Rejected means that the node's mempool refused a vote.
type Rejected struct {
	Codespace string
	Code      uint32
	Log       string
}

// Error returns the node's reason.
func (e *Rejected) Error() string {
	return fmt.Sprintf("rejected by the node: %s %d: %q", foreign.Text(e.Codespace), e.Code, foreign.Text(e.Log))
}

func (e *Rejected) is(err *errorsmod.Error) bool {
	return e.Codespace == err.Codespace() && e.Code == err.ABCICode()
}

// GRPC reaches a node through its gRPC server.
type GRPC struct {
	txs      tx.ServiceClient
	finality types.QueryClient
}

// NewGRPC returns a node that is reached over conn.
func NewGRPC(conn grpc.ClientConnInterface) *GRPC {
	return &GRPC{txs: tx.NewServiceClient(conn), finality: types.NewQueryClient(conn)}
}

// Broadcast implements Node. When it returns, the node has checked the vote. It succeeds if the node has the vote already,
// in its mempool or in the tally. Errors: *Rejected, or the node can't be reached.
func (g *GRPC) Broadcast(ctx context.Context, vote ffg.AggregateVote) error {
	pack, err := gossip.Single(vote)
	if err != nil {
		return fmt.Errorf("encode vote: %w", err)
	}
	packBytes, err := pack.Encode()
	if err != nil {
		return fmt.Errorf("encode vote: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := g.txs.BroadcastTx(ctx, &tx.BroadcastTxRequest{TxBytes: packBytes, Mode: tx.BroadcastMode_BROADCAST_MODE_SYNC})
	if seen(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("broadcast vote: %w", err)
	}
	result := answer.GetTxResponse()
	if result == nil {
		return errors.New("broadcast vote: expected a result, found none")
	}
	rejected := &Rejected{Codespace: result.Codespace, Code: result.Code, Log: result.RawLog}
	if result.Code == 0 || rejected.is(sdkerrors.ErrTxInMempoolCache) || rejected.is(types.ErrRedundant) {
		return nil
	}
	return fmt.Errorf("broadcast vote: %w", rejected)
}

// What a node's mempool says of a transaction that it has got already: that of type flood, and that of type app. The SDK turns the first
// into ErrTxInMempoolCache, and passes on the second as it is.
var seenTexts = []string{"tx already exists in cache", "tx already seen"}

// seen reports whether a failed broadcast means that the node has got the vote already, from us or from a peer.
func seen(err error) bool {
	said, failed := status.FromError(err)
	return err != nil && failed && said.Code() == codes.Unknown && slices.ContainsFunc(seenTexts, func(text string) bool {
		return strings.HasSuffix(said.Message(), text)
	})
}

// Tally implements Node.
func (g *GRPC) Tally(ctx context.Context, epoch uint64) (ffg.Bitfield, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := g.finality.Votes(ctx, &types.QueryVotesRequest{Epoch: strconv.FormatUint(epoch, 10), AggregateOnly: true})
	if err != nil {
		return nil, fmt.Errorf("ask for the votes of epoch %d: %w", epoch, err)
	}
	return answer.Votes.Signers, nil
}

// Window implements Node.
func (g *GRPC) Window(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := g.finality.Params(ctx, &types.QueryParamsRequest{})
	if err != nil {
		return 0, fmt.Errorf("ask for the vote window: %w", err)
	}
	return answer.Params.VoteWindow, nil
}

package fakenode

import (
	"context"
	"strconv"

	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	rpcserver "github.com/cometbft/cometbft/rpc/jsonrpc/server"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	cmttypes "github.com/cometbft/cometbft/types"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// queries serves x/finality's queries.
type queries struct {
	types.UnimplementedQueryServer
	*Node
}

// Duty answers for the chain's only voter.
func (q *queries) Duty(ctx context.Context, request *types.QueryDutyRequest) (*types.QueryDutyResponse, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	executed := uint64(len(q.chain.headers))
	if q.delay > 0 {
		q.delay--
		executed--
	}
	if err := grpc.SetHeader(ctx, metadata.Pairs("x-cosmos-block-height", strconv.FormatUint(executed, 10))); err != nil {
		return nil, err
	}
	if request.Voter != q.public.String() {
		return nil, status.Error(codes.NotFound, "voter not found")
	}
	vote, head := q.chain.vote(), q.chain.head()
	answer := &types.QueryDutyResponse{
		Target:   checkpointtypes.CheckpointFromFFG(head),
		Source:   types.RefFromFFG(vote.Source),
		Member:   true,
		Size_:    uint32(len(q.chain.set)),
		Recorded: q.chain.tallies[head.Epoch].Get(0),
	}
	if q.lies != nil {
		q.lies(answer)
	}
	return answer, nil
}

// Votes answers the recorded signers only.
func (q *queries) Votes(_ context.Context, request *types.QueryVotesRequest) (*types.QueryVotesResponse, error) {
	epoch, err := strconv.ParseUint(request.Epoch, 10, 64)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return &types.QueryVotesResponse{Epoch: epoch, Votes: types.AggregateVote{Signers: q.chain.tallies[epoch]}}, nil
}

// Params answers the vote window only.
func (q *queries) Params(context.Context, *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	return &types.QueryParamsResponse{Params: types.Params{VoteWindow: VoteWindow}}, nil
}

// txs serves the SDK's transactions.
type txs struct {
	tx.UnimplementedServiceServer
	*Node
}

// BroadcastTx takes a vote with a valid signature of the chain's voter.
func (s *txs) BroadcastTx(_ context.Context, request *tx.BroadcastTxRequest) (*tx.BroadcastTxResponse, error) {
	answer := func(code uint32, codespace, log string) (*tx.BroadcastTxResponse, error) {
		return &tx.BroadcastTxResponse{TxResponse: &sdk.TxResponse{Code: code, Codespace: codespace, RawLog: log}}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusal != nil {
		return s.refusal, nil
	}
	if s.seen[string(request.TxBytes)] {
		return answer(sdkerrors.ErrTxInMempoolCache.ABCICode(), sdkerrors.RootCodespace, "")
	}
	vote, err := s.decode(request.TxBytes)
	if err != nil {
		return answer(types.ErrInvalidVote.ABCICode(), types.ModuleName, err.Error())
	}
	s.votes <- vote
	if !s.lose {
		s.seen[string(request.TxBytes)] = true
		s.chain.mempool = append(s.chain.mempool, vote)
	}
	return answer(0, "", "")
}

func (n *Node) decode(txBytes []byte) (ffg.AggregateVote, error) {
	msg, unsigned, err := types.DecodeUnsigned(txBytes)
	submission, isVote := msg.(*types.MsgSubmitVotes)
	if err != nil || !unsigned || !isVote {
		return ffg.AggregateVote{}, status.Errorf(codes.InvalidArgument, "expected an unsigned vote, found %T, %v", msg, err)
	}
	vote, err := submission.Votes.ToFFG()
	if err != nil {
		return ffg.AggregateVote{}, err
	}
	if err := vote.Signers.Validate(len(n.chain.set)); err != nil {
		return ffg.AggregateVote{}, err
	}
	return vote, bls.Verify(n.public, vote.Vote.SigningRoot(ffg.Domain(n.chain.id)), vote.Signature)
}

// routes serves CometBFT's RPC.
func (n *Node) routes() map[string]*rpcserver.RPCFunc {
	return map[string]*rpcserver.RPCFunc{
		"header":    rpcserver.NewRPCFunc(n.header, "height"),
		"subscribe": rpcserver.NewWSRPCFunc(n.subscribe, "query"),
	}
}

func (n *Node) header(_ *rpctypes.Context, height *int64) (*ctypes.ResultHeader, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if height == nil {
		latest := int64(len(n.chain.headers))
		height = &latest
	}
	header, err := n.chain.header(*height)
	if err != nil {
		return nil, err
	}
	return &ctypes.ResultHeader{Header: &header}, nil
}

// subscriber is a connection that gets events.
type subscriber struct {
	query string
	id    rpctypes.JSONRPCIntID
	conn  rpctypes.WSRPCConnection
}

func (n *Node) subscribe(ctx *rpctypes.Context, query string) (*ctypes.ResultSubscribe, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	id, _ := ctx.JSONReq.ID.(rpctypes.JSONRPCIntID)
	n.subscribers = append(n.subscribers, subscriber{query: query, id: id, conn: ctx.WSConn})
	return &ctypes.ResultSubscribe{}, nil
}

func (s subscriber) publish(header cmttypes.Header) {
	event := &ctypes.ResultEvent{Query: s.query, Data: cmttypes.EventDataNewBlockHeader{Header: header}}
	_ = s.conn.TryWriteRPCResponse(rpctypes.NewRPCSuccessResponse(s.id, event)) // a broken connection hears nothing
}

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

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// queries serves x/finality's queries.
type queries struct {
	types.UnimplementedQueryServer
	*Node
}

// Duty answers for the chain's only voter, or without a voter for all.
func (q *queries) Duty(ctx context.Context, request *types.QueryDutyRequest) (*types.QueryDutyResponse, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	executed := q.chain.height()
	if q.delay > 0 {
		q.delay--
		executed--
	}
	if err := setHeight(ctx, executed); err != nil {
		return nil, err
	}
	everybody := request.Voter == ""
	if !everybody && request.Voter != q.public.String() {
		return nil, status.Error(codes.NotFound, "voter not found")
	}
	epoch := q.chain.head().Epoch
	answer := &types.QueryDutyResponse{
		Target:   q.tell(epoch),
		Source:   checkpointtypes.RefFromFFG(q.chain.vote(epoch).Source),
		Member:   true,
		Size_:    uint32(len(q.chain.set)),
		Recorded: q.chain.tallies[epoch].Signers.Get(0),
	}
	if q.lies != nil {
		q.lies(answer)
	}
	if everybody {
		answer.Signers = ffg.NewBitfield(int(answer.Size_))
		if answer.Recorded {
			ffg.Bitfield(answer.Signers).Set(int(answer.Position))
		}
		answer.Member, answer.Position, answer.Recorded = false, 0, false
	}
	return answer, nil
}

func setHeight(ctx context.Context, executed uint64) error {
	return grpc.SetHeader(ctx, metadata.Pairs("x-cosmos-block-height", strconv.FormatUint(executed, 10)))
}

// Votes answers the recorded votes, and whether the chain's only voter is one.
func (q *queries) Votes(_ context.Context, request *types.QueryVotesRequest) (*types.QueryVotesResponse, error) {
	epoch, err := strconv.ParseUint(request.Epoch, 10, 64)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if epoch > q.chain.head().Epoch {
		return nil, status.Errorf(codes.NotFound, "no checkpoint of epoch %d is kept here", epoch)
	}
	votes := q.chain.tallies[epoch]
	answer := &types.QueryVotesResponse{Epoch: epoch, Votes: types.AggregateVoteFromFFG(votes)}
	if !request.AggregateOnly {
		answer.Voters = []types.SetVoter{{PubKey: q.public.String(), Rear: 1, Current: 1, Signed: votes.Signers.Get(0)}}
	}
	return answer, nil
}

// Params answers the vote window only.
func (q *queries) Params(context.Context, *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	return &types.QueryParamsResponse{Params: types.Params{VoteWindow: VoteWindow}}, nil
}

// checkpoints serves x/checkpoint's queries.
type checkpoints struct {
	checkpointtypes.UnimplementedQueryServer
	*Node
}

// Checkpoint answers by epoch, and for the word head.
func (q *checkpoints) Checkpoint(ctx context.Context, request *checkpointtypes.QueryCheckpointRequest) (*checkpointtypes.QueryCheckpointResponse, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := setHeight(ctx, q.chain.height()); err != nil {
		return nil, err
	}
	head := q.chain.head().Epoch
	epoch, err := strconv.ParseUint(request.Id, 10, 64)
	if request.Id == "head" {
		epoch, err = head, nil
	}
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if epoch > head {
		return nil, status.Errorf(codes.NotFound, "no checkpoint of epoch %d is kept here", epoch)
	}
	told := q.tell(epoch)
	record := checkpointtypes.CheckpointRecord{Checkpoint: &told}
	if epoch > 0 {
		source := checkpointtypes.RefFromFFG(q.chain.vote(epoch).Source)
		record.Source = &source
	}
	return &checkpointtypes.QueryCheckpointResponse{Record: record}, nil
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
		s.mempool = append(s.mempool, vote)
	}
	return answer(0, "", "")
}

func (n *Node) decode(txBytes []byte) (ffg.AggregateVote, error) {
	pack, err := gossip.Decode(txBytes)
	if err != nil || len(pack.Parts) != 1 || int(pack.Parts[0].Position) >= len(n.chain.set) {
		return ffg.AggregateVote{}, status.Errorf(codes.InvalidArgument, "expected a pack of one vote of a set of %d, found %v, %v", len(n.chain.set), pack.Parts, err)
	}
	vote := ffg.AggregateVote{
		Vote: pack.Vote, VoterSetHash: pack.SetHash,
		Signers: ffg.SingleBit(len(n.chain.set), int(pack.Parts[0].Position)), Signature: pack.Parts[0].Signature,
	}
	return vote, bls.Verify(n.public, vote.Vote.SigningRoot(ffg.Domain(n.chain.id)), vote.Signature)
}

// routes serves CometBFT's RPC.
func (n *Node) routes() map[string]*rpcserver.RPCFunc {
	return map[string]*rpcserver.RPCFunc{
		"status":    rpcserver.NewRPCFunc(n.status, ""),
		"header":    rpcserver.NewRPCFunc(n.header, "height"),
		"subscribe": rpcserver.NewWSRPCFunc(n.subscribe, "query"),
	}
}

func (n *Node) status(*rpctypes.Context) (*ctypes.ResultStatus, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	answer := &ctypes.ResultStatus{SyncInfo: ctypes.SyncInfo{LatestBlockHeight: int64(n.chain.height()), CatchingUp: n.catchingUp}}
	answer.NodeInfo.Network = n.chain.id
	return answer, nil
}

func (n *Node) header(_ *rpctypes.Context, height *int64) (*ctypes.ResultHeader, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if height == nil {
		latest := int64(n.chain.height())
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

package proofs

import (
	"context"
	"crypto/sha256"
	"regexp"

	abci "github.com/cometbft/cometbft/abci/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/dualchain/dualchain/cert/prove"
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// ProveTx proves a transaction with its result, which the header of the next block commits to: both must be final.
func (s *Server) ProveTx(ctx context.Context, req *types.ProveTxRequest) (*types.ProveTxResponse, error) {
	hash, err := parseHex("hash", req.GetHash(), sha256.Size, sha256.Size)
	if err != nil {
		return nil, err
	}
	found, err := s.tx(ctx, hash)
	if err != nil {
		return nil, err
	}
	height := uint64(found.Height)
	w, err := s.way(ctx, req.GetTrust(), height, height+1)
	if err != nil {
		return nil, err
	}
	proof, err := s.txProof(ctx, height, int(found.Index))
	if err != nil {
		return nil, err
	}
	if proof.Block.Path, err = s.path(ctx, height, w.under); err != nil {
		return nil, err
	}
	if proof.Next.Path, err = s.path(ctx, height+1, w.under); err != nil {
		return nil, err
	}
	out, err := w.finish(cert.Proof{Tx: &proof})
	return &types.ProveTxResponse{Proof: out}, err
}

// txProof makes the part of the proof that comes from CometBFT.
func (s *Server) txProof(ctx context.Context, height uint64, index int) (cert.TxProof, error) {
	block, err := s.block(ctx, height)
	if err != nil {
		return cert.TxProof{}, err
	}
	next, err := s.header(ctx, height+1)
	if err != nil {
		return cert.TxProof{}, err
	}
	results, err := s.results(ctx, height)
	if err != nil {
		return cert.TxProof{}, err
	}
	return prove.Tx(&block.Header, next, block.Txs, results, index)
}

// ProveBlock proves a block.
func (s *Server) ProveBlock(ctx context.Context, req *types.ProveBlockRequest) (*types.ProveBlockResponse, error) {
	w, err := s.way(ctx, req.GetTrust(), req.GetHeight(), req.GetHeight())
	if err != nil {
		return nil, err
	}
	path, err := s.path(ctx, req.GetHeight(), w.under)
	if err != nil {
		return nil, err
	}
	header, err := s.header(ctx, req.GetHeight())
	if err != nil {
		return nil, err
	}
	proof, err := prove.Block(header)
	if err != nil {
		return nil, err
	}
	proof.Path = path
	out, err := w.finish(cert.Proof{Block: &proof})
	return &types.ProveBlockResponse{Proof: out}, err
}

// maxKey bounds a key in bytes.
const maxKey = 1024

// storeName keeps a store's name from being more than one part of a query's path.
var storeName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// ProveState proves the state after a block, whose app hash is in the header of the next: that one must be final.
func (s *Server) ProveState(ctx context.Context, req *types.ProveStateRequest) (*types.ProveStateResponse, error) {
	key, err := parseHex("key", req.GetKey(), 1, maxKey)
	if err != nil {
		return nil, err
	}
	if !storeName.MatchString(req.GetStore()) {
		return nil, refusal.New(reason.InvalidRequest, "store: expected the name of a store, found %q", req.GetStore())
	}
	height := req.GetHeight()
	if height == 0 {
		if height, err = s.latestState(ctx); err != nil {
			return nil, err
		}
	}
	w, err := s.way(ctx, req.GetTrust(), height+1, height+1)
	if err != nil {
		return nil, err
	}
	path, err := s.path(ctx, height+1, w.under)
	if err != nil {
		return nil, err
	}
	header, err := s.header(ctx, height+1)
	if err != nil {
		return nil, err
	}
	answer, err := s.state(ctx, req.GetStore(), key, height)
	if err != nil {
		return nil, err
	}
	proof, err := prove.State(req.GetStore(), key, answer, header)
	if err != nil {
		return nil, err
	}
	proof.Block.Path = path
	out, err := w.finish(cert.Proof{State: &proof})
	return &types.ProveStateResponse{Proof: out}, err
}

// latestState returns the latest height whose state is final: the one before the finalized head's.
func (s *Server) latestState(ctx context.Context) (uint64, error) {
	found, err := s.checkpoints.Checkpoint(ctx, &checkpointtypes.QueryCheckpointRequest{Id: "finalized"})
	if err != nil {
		return 0, err
	}
	final := found.Record.Checkpoint
	if final.HistorySize == 0 {
		return 0, refusal.New(reason.NothingFinal, "no block above the anchor is final yet")
	}
	return final.Height - 1, nil
}

// state asks the application for a key with its proof.
func (s *Server) state(ctx context.Context, store string, key []byte, height uint64) (*abci.ResponseQuery, error) {
	answer, err := s.query(ctx, &abci.RequestQuery{Path: "/store/" + store + "/key", Data: key, Height: int64(height), Prove: true})
	if err != nil {
		return nil, status.Errorf(codes.Unavailable, "ask for the state after block %d: %s", height, err)
	}
	if answer.Codespace == storetypes.StoreCodespace && answer.Code == storetypes.ErrUnknownRequest.ABCICode() {
		return nil, refusal.New(reason.InvalidRequest, "store: expected the name of a store with proofs, found %q: %s", store, answer.Log)
	}
	if answer.Code != 0 {
		return nil, refusal.New(reason.NodeLacks,
			"this node does not have the state after block %d, which another may have (its pruning settings say how much it keeps): %s", height, answer.Log)
	}
	return answer, nil
}

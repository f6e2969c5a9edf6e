// Package proofs is the node-side service that proves transactions, blocks and state final (protocol §13): it joins what the
// modules keep (certificates, hand-overs, block history) with what CometBFT keeps (blocks, results). It changes nothing and
// decides nothing: verifiers trust no part of its answers.
//
// A proof reads at most one block with its results, one key, O(log n) nodes of the history and a bounded number of
// hand-overs. None of that waits for a lock that block processing holds.
package proofs

import (
	"context"
	"encoding/hex"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Comet is what is asked of CometBFT; client.Context.Client has it.
type Comet interface {
	Status(ctx context.Context) (*coretypes.ResultStatus, error)
	Block(ctx context.Context, height *int64) (*coretypes.ResultBlock, error)
	BlockResults(ctx context.Context, height *int64) (*coretypes.ResultBlockResults, error)
	BlockchainInfo(ctx context.Context, minHeight, maxHeight int64) (*coretypes.ResultBlockchainInfo, error)
	Tx(ctx context.Context, hash []byte, prove bool) (*coretypes.ResultTx, error)
}

// Checkpoints is what is asked of x/checkpoint; its query server has it.
type Checkpoints interface {
	Status(ctx context.Context, req *checkpointtypes.QueryStatusRequest) (*checkpointtypes.QueryStatusResponse, error)
	Params(ctx context.Context, req *checkpointtypes.QueryParamsRequest) (*checkpointtypes.QueryParamsResponse, error)
	Checkpoint(ctx context.Context, req *checkpointtypes.QueryCheckpointRequest) (*checkpointtypes.QueryCheckpointResponse, error)
	CheckpointByHeight(ctx context.Context, req *checkpointtypes.QueryCheckpointByHeightRequest) (*checkpointtypes.QueryCheckpointByHeightResponse, error)
	InclusionProof(ctx context.Context, req *checkpointtypes.QueryInclusionProofRequest) (*checkpointtypes.QueryInclusionProofResponse, error)
}

// Finality is what is asked of x/finality; its query server has it.
type Finality interface {
	Certificate(ctx context.Context, req *types.QueryCertificateRequest) (*types.QueryCertificateResponse, error)
	HandOvers(ctx context.Context, req *types.QueryHandOversRequest) (*types.QueryHandOversResponse, error)
	TrustPoint(ctx context.Context, req *types.QueryTrustPointRequest) (*types.QueryTrustPointResponse, error)
}

// ABCIQuery answers a query for a key with its proof. Pass the application's own: the one of client.Context waits for the lock
// under which blocks are executed, and a query that holds it already would wait for ever.
type ABCIQuery func(ctx context.Context, req *abci.RequestQuery) (*abci.ResponseQuery, error)

// Server serves the Proofs service. The modules are asked with the context of the request, so that an answer sees one
// state.
type Server struct {
	comet       Comet
	query       ABCIQuery
	checkpoints Checkpoints
	finality    Finality
}

var _ types.ProofsServer = (*Server)(nil)

// NewServer returns the service.
func NewServer(comet Comet, query ABCIQuery, checkpoints Checkpoints, finality Finality) *Server {
	return &Server{comet: comet, query: query, checkpoints: checkpoints, finality: finality}
}

// maxProof bounds a proof in bytes: gRPC clients take 4 MiB unless told otherwise.
const maxProof = 3 << 20

// finish completes a proof with the way that led to its checkpoint.
func (w way) finish(p cert.Proof) (types.Proof, error) {
	p.ChainID, p.HandOvers = w.chainID, w.handOvers
	if w.members {
		p.Trust = &w.trust
	}
	canonical, err := p.Encode()
	if err != nil {
		return types.Proof{}, err
	}
	if len(canonical) > maxProof {
		return types.Proof{}, refusal.New(reason.ProofTooLarge, "expected a proof of at most %d bytes, found %d", maxProof, len(canonical))
	}
	return types.Proof{
		Canonical: canonical, Checkpoint: checkpointtypes.CheckpointFromFFG(w.under), HandOvers: uint32(len(p.HandOvers)),
	}, nil
}

// path returns the audit path of a block under a checkpoint.
func (s *Server) path(ctx context.Context, height uint64, under ffg.Checkpoint) ([]ffg.Root, error) {
	proof, err := s.checkpoints.InclusionProof(ctx, &checkpointtypes.QueryInclusionProofRequest{Height: height, Size_: under.HistorySize})
	if err != nil {
		return nil, err
	}
	var out []ffg.Root
	for _, text := range proof.Path {
		root, err := checkpointtypes.ParseRoot(text)
		if err != nil {
			return nil, err
		}
		out = append(out, root)
	}
	return out, nil
}

// parseHex reads hexadecimal digits of either case, as CometBFT and its clients write them.
func parseHex(what, text string, least, most int) ([]byte, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) < least || len(b) > most {
		expected := fmt.Sprintf("%d to %d", 2*least, 2*most)
		if least == most {
			expected = fmt.Sprint(2 * least)
		}
		return nil, refusal.New(reason.InvalidRequest, "%s: expected %s hexadecimal digits, found %d characters", what, expected, len(text))
	}
	return b, nil
}

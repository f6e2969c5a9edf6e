package proofs

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// endless has an archive that never ends: each page has one hand-over, and there is always more.
type endless struct {
	Finality
	trust, handOver []byte
	pages           int
}

func (e *endless) TrustPoint(context.Context, *types.QueryTrustPointRequest) (*types.QueryTrustPointResponse, error) {
	return &types.QueryTrustPointResponse{Canonical: e.trust}, nil
}

func (e *endless) HandOvers(context.Context, *types.QueryHandOversRequest) (*types.QueryHandOversResponse, error) {
	e.pages++
	return &types.QueryHandOversResponse{HandOvers: []types.HandOver{{Canonical: e.handOver}}, More: true}, nil
}

type farAway struct{ Checkpoints }

func (farAway) Status(context.Context, *checkpointtypes.QueryStatusRequest) (*checkpointtypes.QueryStatusResponse, error) {
	return &checkpointtypes.QueryStatusResponse{ChainId: "test-1", Finalized: &checkpointtypes.Head{Height: 1 << 40}}, nil
}

func (farAway) Checkpoint(context.Context, *checkpointtypes.QueryCheckpointRequest) (*checkpointtypes.QueryCheckpointResponse, error) {
	return &checkpointtypes.QueryCheckpointResponse{Record: checkpointtypes.CheckpointRecord{
		Checkpoint: &checkpointtypes.Checkpoint{Height: 1 << 40, HistorySize: 1 << 40},
	}}, nil
}

// A proof has at most a thousand hand-overs and three megabytes, and nothing beyond is even collected.
func TestAProofsHandOversAreBounded(t *testing.T) {
	for name, size := range map[string]int{"in number": 2, "in bytes": 600} {
		t.Run(name, func(t *testing.T) {
			voters := certtest.NewVoters(size)
			powers := make([]uint64, size)
			for i := range powers {
				powers[i] = 10
			}
			chain := certtest.New("test-1", voters, voters.Side(powers...))
			chain.Install(voters.Side(powers...))
			chain.Extend(2)
			trust, err := chain.Trust(0).Encode()
			require.NoError(t, err)
			handOver, err := cert.HandOver{Certificate: chain.Certificate(1, 2), Next: cert.Full(voters.Side(powers...))}.Encode()
			require.NoError(t, err)
			archive := &endless{trust: trust, handOver: handOver}
			_, err = NewServer(nil, nil, farAway{}, archive).way(t.Context(), types.TrustStart{}, 1<<39, 1<<39)
			require.Equal(t, codes.FailedPrecondition, status.Code(err), "%v", err)
			require.ErrorContains(t, err, "follow the chain to pair")
			require.Equal(t, min(maxHandOvers, maxProof/len(handOver))+1, archive.pages)
		})
	}
}

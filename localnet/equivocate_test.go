package localnet

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	queryapi "cosmossdk.io/api/cosmos/base/query/v1beta1"

	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
)

// slashes is a chain on which voter i was slashed by evidence i. It returns one record per page.
type slashes struct {
	finalityapi.UnimplementedQueryServer
	records byte
}

func (s slashes) Voter(context.Context, *finalityapi.QueryVoterRequest) (*finalityapi.QueryVoterResponse, error) {
	return &finalityapi.QueryVoterResponse{Voter: &finalityapi.Voter{Tombstoned: true}}, nil // of index 0
}

func (s slashes) AllEvidence(_ context.Context, req *finalityapi.QueryAllEvidenceRequest) (*finalityapi.QueryAllEvidenceResponse, error) {
	id := s.records - 1 // newest first
	if key := req.Pagination.GetKey(); len(key) > 0 {
		id = key[0]
	}
	out := &finalityapi.QueryAllEvidenceResponse{
		Records:    []*finalityapi.EvidenceRecord{{Id: uint64(id), Slashed: []uint64{uint64(id)}, Penalty: "5udual"}},
		Pagination: &queryapi.PageResponse{},
	}
	if id > 0 {
		out.Pagination.NextKey = []byte{id - 1}
	}
	return out, nil
}

func TestTheEvidenceIsFoundOnWhicheverPageItIs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	finalityapi.RegisterQueryServer(server, slashes{records: 7})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })

	found := Equivocation{EvidenceID: 99}
	slashed, err := found.read(t.Context(), conn, Voter{})
	require.NoError(t, err)
	require.True(t, slashed)
	require.Zero(t, found.EvidenceID)
	require.Equal(t, "5udual", found.Penalty)
}

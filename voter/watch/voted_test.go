package watch

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// tallies has epoch 3 only: key 1 has voted, key 2 has not.
type tallies struct{}

func (tallies) Votes(_ context.Context, request *types.QueryVotesRequest, _ ...grpc.CallOption) (*types.QueryVotesResponse, error) {
	if request.Epoch != "3" {
		return nil, status.Error(codes.NotFound, "no such epoch")
	}
	return &types.QueryVotesResponse{Voters: []types.SetVoter{
		{PubKey: ffg.PublicKey{1}.String(), Signed: true}, {PubKey: ffg.PublicKey{2}.String()},
	}}, nil
}

func TestWhoVoted(t *testing.T) {
	for key, want := range map[byte]bool{1: true, 2: false, 3: false} {
		if voted, err := Voted(t.Context(), tallies{}, 3, ffg.PublicKey{key}); err != nil || voted != want {
			t.Errorf("key %d: expected %t, found %t, %v", key, want, voted, err)
		}
	}
	if _, err := Voted(t.Context(), tallies{}, 4, ffg.PublicKey{1}); status.Code(errors.Unwrap(err)) != codes.NotFound {
		t.Errorf("expected the node's refusal, found %v", err)
	}
}

package watch

import (
	"context"
	"fmt"
	"strconv"

	"google.golang.org/grpc"

	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Tallies answers who has voted: the query client of x/finality.
type Tallies interface {
	Votes(ctx context.Context, in *types.QueryVotesRequest, opts ...grpc.CallOption) (*types.QueryVotesResponse, error)
}

// Voted asks whether the chain has a vote of the key for an epoch. The answer lists the whole voter set: it is not for
// every block. A key outside the set has not voted.
func Voted(ctx context.Context, from Tallies, epoch uint64, key ffg.PublicKey) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := from.Votes(ctx, &types.QueryVotesRequest{Epoch: strconv.FormatUint(epoch, 10)})
	if err != nil {
		return false, fmt.Errorf("ask who voted in epoch %d: %w", epoch, err)
	}
	hex := key.String()
	for _, voter := range answer.Voters {
		if voter.PubKey == hex {
			return voter.Signed, nil
		}
	}
	return false, nil
}

package watch

import (
	"context"
	"fmt"
	"strconv"

	"google.golang.org/grpc"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Tallies answers who has voted: the query client of x/finality.
type Tallies interface {
	Votes(ctx context.Context, in *types.QueryVotesRequest, opts ...grpc.CallOption) (*types.QueryVotesResponse, error)
}

// Voted asks whether the chain has a vote of the key for an epoch. It believes a yes only with the signature: whoever shows one
// in which the key has part has a vote that the key signed. The answer lists the whole voter set: it is not for every block. A key
// outside the set has not voted. Errors: ErrInconsistent for a yes without proof, or the node can't be reached.
func Voted(ctx context.Context, from Tallies, chainID string, epoch uint64, key ffg.PublicKey) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := from.Votes(ctx, &types.QueryVotesRequest{Epoch: strconv.FormatUint(epoch, 10)})
	if err != nil {
		return false, fmt.Errorf("ask who voted in epoch %d: %w", epoch, err)
	}
	hex, signed := key.String(), false
	for _, voter := range answer.Voters {
		signed = signed || voter.PubKey == hex && voter.Signed
	}
	if !signed {
		return false, nil
	}
	if err := verifyTally(answer, chainID, epoch); err != nil {
		return false, fmt.Errorf("check who voted in epoch %d: %w: %w", epoch, ErrInconsistent, err)
	}
	return true, nil
}

// verifyTally checks the aggregate signature of everybody who is said to have signed.
func verifyTally(answer *types.QueryVotesResponse, chainID string, epoch uint64) error {
	votes, err := answer.Votes.ToFFG()
	if err != nil {
		return err
	}
	if votes.Vote.Target.Epoch != epoch {
		return fmt.Errorf("expected votes for epoch %d, found %d", epoch, votes.Vote.Target.Epoch)
	}
	var signers []*bls.PublicKey
	for _, voter := range answer.Voters {
		if !voter.Signed {
			continue
		}
		public, err := types.ParsePublicKey(voter.PubKey)
		if err != nil {
			return err
		}
		parsed, err := bls.ParsePublicKey(public[:])
		if err != nil {
			return err
		}
		signers = append(signers, parsed)
	}
	return bls.VerifyAggregate(signers, votes.Vote.SigningRoot(ffg.Domain(chainID)), votes.Signature)
}

package watch

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/foreign"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Tallies is the query client of x/finality: it answers who has voted.
type Tallies interface {
	Votes(ctx context.Context, in *types.QueryVotesRequest, opts ...grpc.CallOption) (*types.QueryVotesResponse, error)
}

// Voted asks whether the chain has a vote of the key for an epoch. It believes a yes only with a valid aggregate signature in
// which the key takes part. The answer lists the whole voter set, so this is not for every block. A key outside the set has
// not voted. Errors: ErrNotKept, ErrInconsistent for a yes without proof, or the node can't be reached.
func Voted(ctx context.Context, from Tallies, chainID string, epoch uint64, key ffg.PublicKey) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := from.Votes(ctx, &types.QueryVotesRequest{Epoch: strconv.FormatUint(epoch, 10)})
	switch {
	case status.Code(err) == codes.NotFound:
		return false, fmt.Errorf("ask who voted in epoch %d: %w: %w", epoch, ErrNotKept, err)
	case err != nil:
		return false, fmt.Errorf("ask who voted in epoch %d: %w", epoch, err)
	}
	hex, signed := key.String(), false
	for _, voter := range answer.Voters {
		signed = signed || voter.PubKey == hex && voter.Signed
	}
	if !signed {
		return false, nil
	}
	if err := verifyTally(ctx, answer, chainID, epoch); err != nil {
		return false, fmt.Errorf("check who voted in epoch %d: %w: %w", epoch, ErrInconsistent, foreign.Error(err))
	}
	return true, nil
}

// Voted asks the node in use whether the chain has a vote of the key for an epoch. If the node fails to answer, Voted asks the
// next one. Errors: ErrNoNode, ErrNotKept, ErrInconsistent, and those of the calls.
func (p *Pool) Voted(ctx context.Context, epoch uint64, key ffg.PublicKey) (bool, error) {
	m, _, _ := p.next(nil)
	if m == nil {
		return false, ErrNoNode
	}
	voted, err := Voted(ctx, m.Finality, p.ChainID, epoch, key)
	if err != nil && !errors.Is(err, ErrNotKept) && ctx.Err() == nil {
		p.learn(m, func(h *health) { h.failed(err) })
	}
	return voted, err
}

// Prove asks the node whose duty says that the chain has the key's vote to prove it. A node that can't becomes unhealthy.
// Errors: ErrInconsistent, and those of the calls.
func (p *Pool) Prove(ctx context.Context, duty Duty, key ffg.PublicKey) error {
	epoch := duty.Vote.Target.Epoch
	voted, err := Voted(ctx, duty.from.Finality, p.ChainID, epoch, key)
	if err == nil && !voted || errors.Is(err, ErrNotKept) {
		err = fmt.Errorf("%w: says that the chain has the vote for epoch %d, and shows no signature", ErrInconsistent, epoch)
	}
	if err != nil && ctx.Err() == nil {
		p.Doubt(duty, key) // the recorded vote may be that of another place
		p.learn(duty.from, func(h *health) { h.failed(err) })
	}
	return err
}

// verifyTally checks the aggregate signature of all listed signers.
func verifyTally(ctx context.Context, answer *types.QueryVotesResponse, chainID string, epoch uint64) error {
	if len(answer.Voters) > maxSetSize {
		return fmt.Errorf("expected at most %d voters, found %d", maxSetSize, len(answer.Voters))
	}
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
		if err := ctx.Err(); err != nil { // each key takes a while
			return err
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

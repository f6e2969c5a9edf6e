package watch

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// tallies has only epoch 3.
type tallies struct{ answer types.QueryVotesResponse }

func (t tallies) Votes(_ context.Context, request *types.QueryVotesRequest, _ ...grpc.CallOption) (*types.QueryVotesResponse, error) {
	if request.Epoch != "3" {
		return nil, status.Error(codes.NotFound, "no such epoch")
	}
	return &t.answer, nil
}

// signedBy returns the tally of an epoch in which the first two of three voters have signed, and the voters' keys.
func signedBy(t *testing.T, epoch uint64) (tallies, []ffg.PublicKey) {
	t.Helper()
	vote := ffg.Vote{Source: ffg.Ref{Epoch: epoch - 1}, Target: ffg.Ref{Epoch: epoch, Root: ffg.Root{3}}}
	var out tallies
	var keys []ffg.PublicKey
	var signatures [][bls.SignatureSize]byte
	for i := range byte(3) {
		secret, err := bls.KeyFromSeed(append(make([]byte, bls.MinSeedSize), i))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, secret.PublicKey().Bytes())
		out.answer.Voters = append(out.answer.Voters, types.SetVoter{PubKey: secret.PublicKey().String(), Signed: i < 2})
		if i < 2 {
			signatures = append(signatures, secret.Sign(vote.SigningRoot(ffg.Domain(chainID))))
		}
	}
	signature, err := bls.Aggregate(signatures...)
	if err != nil {
		t.Fatal(err)
	}
	out.answer.Votes = types.AggregateVoteFromFFG(ffg.AggregateVote{Vote: vote, Signers: ffg.Bitfield{3}, Signature: signature})
	return out, keys
}

func TestWhoVoted(t *testing.T) {
	node, keys := signedBy(t, 3)
	for i, want := range []bool{true, true, false} {
		if voted, err := Voted(t.Context(), node, chainID, 3, keys[i]); err != nil || voted != want {
			t.Errorf("voter %d: expected %t, found %t, %v", i, want, voted, err)
		}
	}
	if voted, err := Voted(t.Context(), node, chainID, 3, ffg.PublicKey{1}); err != nil || voted {
		t.Errorf("a stranger: expected no vote, found %t, %v", voted, err)
	}
	if _, err := Voted(t.Context(), node, chainID, 4, keys[0]); !errors.Is(err, ErrNotKept) {
		t.Errorf("expected %v, found %v", ErrNotKept, err)
	}
}

func TestAVoteIsNotBelievedWithoutItsSignature(t *testing.T) {
	for name, lie := range map[string]func(*types.QueryVotesResponse){
		"a signature of others":   func(a *types.QueryVotesResponse) { a.Voters[2].Signed = true },
		"another epoch's votes":   func(a *types.QueryVotesResponse) { a.Votes.Vote.Target.Epoch = 4 },
		"another vote":            func(a *types.QueryVotesResponse) { a.Votes.Vote.Target.Root = ffg.Root{}.String() },
		"no signature":            func(a *types.QueryVotesResponse) { a.Votes.Signature = make([]byte, 96) },
		"a signer that is no key": func(a *types.QueryVotesResponse) { a.Voters[1].PubKey = ffg.PublicKey{}.String() },
	} {
		node, keys := signedBy(t, 3)
		lie(&node.answer)
		if voted, err := Voted(t.Context(), node, chainID, 3, keys[0]); voted || !errors.Is(err, ErrInconsistent) {
			t.Errorf("%s: expected %v, found %t, %v", name, ErrInconsistent, voted, err)
		}
	}
	node, keys := signedBy(t, 3)
	if voted, err := Voted(t.Context(), node, "other-1", 3, keys[0]); voted || !errors.Is(err, ErrInconsistent) {
		t.Errorf("signed for another chain: expected %v, found %t, %v", ErrInconsistent, voted, err)
	}
}

func TestHowManyVotersAreBelieved(t *testing.T) {
	node, keys := signedBy(t, 3)
	pad := func(size int) {
		node.answer.Voters = append(node.answer.Voters, make([]types.SetVoter, size-len(node.answer.Voters))...)
	}
	pad(maxSetSize)
	if voted, err := Voted(t.Context(), node, chainID, 3, keys[0]); err != nil || !voted {
		t.Errorf("expected a vote, found %t, %v", voted, err)
	}
	pad(maxSetSize + 1)
	if _, err := Voted(t.Context(), node, chainID, 3, keys[0]); !errors.Is(err, ErrInconsistent) {
		t.Errorf("expected %v, found %v", ErrInconsistent, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	node, _ = signedBy(t, 3)
	if err := verifyTally(ended, &node.answer, chainID, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("expected %v, found %v", context.Canceled, err)
	}
}

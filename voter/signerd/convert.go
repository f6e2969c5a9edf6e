package signerd

import (
	"fmt"

	signerv1 "github.com/dualchain/dualchain/api/dualchain/signer/v1"
	"github.com/dualchain/dualchain/core/ffg"
)

func voteToProto(vote ffg.Vote) *signerv1.Vote {
	return &signerv1.Vote{Source: refToProto(vote.Source), Target: refToProto(vote.Target)}
}

func refToProto(ref ffg.Ref) *signerv1.Ref { return &signerv1.Ref{Epoch: ref.Epoch, Root: ref.Root[:]} }

// voteFromProto refuses a vote with parts missing or of odd length. It does not Validate.
func voteFromProto(vote *signerv1.Vote) (ffg.Vote, error) {
	source, err := refFromProto(vote.GetSource())
	if err != nil {
		return ffg.Vote{}, fmt.Errorf("source: %w", err)
	}
	target, err := refFromProto(vote.GetTarget())
	if err != nil {
		return ffg.Vote{}, fmt.Errorf("target: %w", err)
	}
	return ffg.Vote{Source: source, Target: target}, nil
}

func refFromProto(ref *signerv1.Ref) (ffg.Ref, error) {
	var root ffg.Root
	if err := fill(root[:], "root", ref.GetRoot()); err != nil {
		return ffg.Ref{}, err
	}
	return ffg.Ref{Epoch: ref.GetEpoch(), Root: root}, nil
}

func keyFromProto(b []byte) (key ffg.PublicKey, err error) {
	err = fill(key[:], "public key", b)
	return key, err
}

// fill copies bytes that have to be as many.
func fill(into []byte, what string, b []byte) error {
	if len(b) != len(into) {
		return fmt.Errorf("%s: expected %d bytes, found %d", what, len(into), len(b))
	}
	copy(into, b)
	return nil
}

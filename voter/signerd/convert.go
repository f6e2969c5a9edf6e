package signerd

import (
	"fmt"

	ffgv1 "github.com/dualchain/dualchain/api/dualchain/ffg/v1"
	signerv1 "github.com/dualchain/dualchain/api/dualchain/signer/v1"
	"github.com/dualchain/dualchain/core/ffg"
)

func voteToProto(vote ffg.Vote) *signerv1.Vote {
	return &signerv1.Vote{Source: refToProto(vote.Source), Target: refToProto(vote.Target)}
}

func refToProto(ref ffg.Ref) *ffgv1.Ref { return &ffgv1.Ref{Epoch: ref.Epoch, Root: ref.Root.String()} }

// voteFromProto refuses a vote with missing fields, or with roots that aren't 64 lower-case hexadecimal digits. It doesn't call
// Validate.
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

func refFromProto(ref *ffgv1.Ref) (ffg.Ref, error) {
	root, err := ffg.ParseRoot(ref.GetRoot())
	return ffg.Ref{Epoch: ref.GetEpoch(), Root: root}, err
}

package signerd

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	signerv1 "github.com/dualchain/dualchain/api/dualchain/signer/v1"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/sign"
)

// reasons maps errors that need no details to gRPC codes. A client reads a code as the first error that has it.
var reasons = []struct {
	code codes.Code
	err  error
}{
	{codes.NotFound, sign.ErrNoKey},
	{codes.NotFound, guard.ErrMissing},
	{codes.Aborted, guard.ErrRetired},
	{codes.AlreadyExists, guard.ErrLost}, // by another process
	{codes.DataLoss, guard.ErrStorage},
	{codes.InvalidArgument, ErrRequest},
	{codes.InvalidArgument, ffg.ErrVoteOrder},
	{codes.PermissionDenied, ErrDenied},
	{codes.Unavailable, ErrUnavailable},
	{codes.Unavailable, sign.ErrClosed},
	{codes.DeadlineExceeded, ErrUnavailable},
	{codes.DeadlineExceeded, context.DeadlineExceeded},
	{codes.Canceled, context.Canceled},
}

// otherChain is ErrOtherChain with the two chain ids.
type otherChain struct{ expected, found string }

func (e *otherChain) Error() string {
	return fmt.Sprintf("%s: the signer signs for %q, the client asks for %q", ErrOtherChain, e.expected, e.found)
}

func (*otherChain) Unwrap() error { return ErrOtherChain }

// toStatus encodes an error of a Keyring as a gRPC status.
func toStatus(err error) error {
	if refusal := refusalOf(err); refusal != nil {
		refused, detailErr := status.New(codes.FailedPrecondition, err.Error()).WithDetails(protoadapt.MessageV1Of(refusal))
		if detailErr != nil {
			return status.Error(codes.Internal, detailErr.Error())
		}
		return refused.Err()
	}
	for _, reason := range reasons {
		if errors.Is(err, reason.err) {
			return status.Error(reason.code, err.Error())
		}
	}
	return status.Error(codes.Internal, err.Error())
}

// refusalOf returns the details of a refusal, or nil for other errors.
func refusalOf(err error) *signerv1.Refusal {
	var conflict *guard.Conflict
	var below *guard.BelowFloor
	var chain *otherChain
	switch {
	case errors.As(err, &conflict):
		return &signerv1.Refusal{Reason: &signerv1.Refusal_Conflict{Conflict: &signerv1.Conflict{
			Offence: signerv1.Offence(conflict.Kind),
			Recorded: &signerv1.Record{
				Source: conflict.Recorded.Source, Target: conflict.Recorded.Target, SigningRoot: conflict.Recorded.Root.String(),
			},
			Asked: voteToProto(conflict.Vote),
		}}}
	case errors.As(err, &below):
		return &signerv1.Refusal{Reason: &signerv1.Refusal_BelowFloor{BelowFloor: &signerv1.BelowFloor{
			Asked: voteToProto(below.Vote), FloorSource: below.Floor.Source, FloorTarget: below.Floor.Target,
		}}}
	case errors.As(err, &chain):
		return &signerv1.Refusal{Reason: &signerv1.Refusal_OtherChain{OtherChain: &signerv1.OtherChain{
			Expected: chain.expected, Found: chain.found,
		}}}
	default:
		return nil
	}
}

// remote is an error with a text of its own, such as one that the signer sent.
type remote struct {
	text  string
	cause error // nil if unknown
}

func (e *remote) Error() string { return e.text }
func (e *remote) Unwrap() error { return e.cause }

// fromStatus decodes a gRPC status into the error that toStatus encoded.
func fromStatus(err error) error {
	answer := status.Convert(err)
	if answer.Code() == codes.FailedPrecondition {
		for _, detail := range answer.Details() {
			if refusal, ok := detail.(*signerv1.Refusal); ok {
				return fromRefusal(refusal)
			}
		}
	}
	for _, reason := range reasons {
		if answer.Code() == reason.code {
			return &remote{text: fmt.Sprintf("signer: %s", answer.Message()), cause: reason.err}
		}
	}
	return &remote{text: fmt.Sprintf("signer: %s: %s", answer.Code(), answer.Message())}
}

// unreachable replaces an error that wraps ErrUnavailable by why the client can't connect, if that is known. The result wraps both
// ErrUnavailable and the reason. Other errors stay as they are.
func unreachable(err, reason error) error {
	if reason == nil || !errors.Is(err, ErrUnavailable) {
		return err
	}
	return &remote{text: fmt.Sprintf("signer: %s", reason), cause: errors.Join(ErrUnavailable, reason)}
}

func fromRefusal(refusal *signerv1.Refusal) error {
	malformed := func(err error) error { return fmt.Errorf("%w: refusal: %w", ErrAnswer, err) }
	switch reason := refusal.GetReason().(type) {
	case *signerv1.Refusal_Conflict:
		asked, err := voteFromProto(reason.Conflict.GetAsked())
		if err != nil {
			return malformed(err)
		}
		recorded := reason.Conflict.GetRecorded()
		signingRoot, err := ffg.ParseRoot(recorded.GetSigningRoot())
		if err != nil {
			return malformed(fmt.Errorf("signing root: %w", err))
		}
		conflict := &guard.Conflict{
			Kind:     ffg.OffenceKind(reason.Conflict.GetOffence()),
			Recorded: guard.Record{Source: recorded.GetSource(), Target: recorded.GetTarget(), Root: signingRoot},
			Vote:     asked,
		}
		return fmt.Errorf("signer: %w", conflict)
	case *signerv1.Refusal_BelowFloor:
		asked, err := voteFromProto(reason.BelowFloor.GetAsked())
		if err != nil {
			return malformed(err)
		}
		floor := guard.Floor{Source: reason.BelowFloor.GetFloorSource(), Target: reason.BelowFloor.GetFloorTarget()}
		return fmt.Errorf("signer: %w", &guard.BelowFloor{Vote: asked, Floor: floor})
	case *signerv1.Refusal_OtherChain:
		return &otherChain{expected: reason.OtherChain.GetExpected(), found: reason.OtherChain.GetFound()}
	default:
		return malformed(fmt.Errorf("expected a reason, found %T", reason))
	}
}

package cli

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestAnErrorOfANodeIsToldAsTheNodeMeantIt(t *testing.T) {
	meant := status.Error(codes.FailedPrecondition, "block 9 is to come: it is not final")
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"over gRPC":       {meant, "block 9 is to come: it is not final (FailedPrecondition)"},
		"through an RPC":  {status.Errorf(codes.InvalidArgument, "%s: invalid request", meant), "block 9 is to come: it is not final (FailedPrecondition)"},
		"of no node":      {errors.New("connection refused"), "connection refused"},
		"that is cut off": {errors.New("rpc error: code = 3"), "rpc error: code = 3"},
	} {
		found := Said(tc.err)
		if found.Error() != tc.want || !errors.Is(found, tc.err) {
			t.Errorf("%s: expected %q that wraps the error, found %q", name, tc.want, found)
		}
	}
	if err := Said(nil); err != nil {
		t.Errorf("expected no error, found %v", err)
	}
}

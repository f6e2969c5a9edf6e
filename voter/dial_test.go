package voter

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/internal/foreign"
)

func TestANodesErrorIsShortAndKeepsItsCode(t *testing.T) {
	says := func(err error) error {
		return shortenErrors(t.Context(), "", nil, nil, nil, func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return err })
	}
	err := says(status.Error(codes.NotFound, "\x1b[2J"+strings.Repeat("a", 1<<20)))
	if text := status.Convert(err).Message(); status.Code(err) != codes.NotFound || !strings.HasPrefix(text, `\x1b[2Jaaa`) || len(text) > 2*foreign.MaxText {
		t.Errorf("expected a short error of code %s, found %d bytes, %s", codes.NotFound, len(text), status.Code(err))
	}
	if err := says(nil); err != nil {
		t.Errorf("expected no error, found %v", err)
	}
}

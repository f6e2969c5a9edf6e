package refusal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/reason"
	"github.com/dualchain/dualchain/internal/refusal"
)

func TestARefusalHasItsReasonItsCodeAndItsText(t *testing.T) {
	for _, entry := range reason.Table {
		err := refusal.New(entry.Reason, "epoch %d", 7)
		require.Equal(t, entry.Reason, refusal.Reason(err))
		require.Equal(t, codes.Code(entry.Code), status.Code(err))
		require.Equal(t, "epoch 7", status.Convert(err).Message())
		require.Equal(t, entry.Reason, refusal.Reason(fmt.Errorf("ask: %w", err)), "wrapped")
	}
}

func TestOtherErrorsHaveNoReason(t *testing.T) {
	for _, err := range []error{nil, errors.New("x"), context.Canceled, status.Error(codes.NotFound, "NOT_KEPT")} {
		require.Empty(t, refusal.Reason(err))
	}
	err := refusal.New("UNLISTED", "x")
	require.Equal(t, codes.Internal, status.Code(err))
	require.Empty(t, refusal.Reason(err))
}

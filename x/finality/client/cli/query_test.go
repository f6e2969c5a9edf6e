package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/x/finality/types"
)

// statuses answers one after the other, then the last one for ever.
type statuses []func() (*types.TxStatusResponse, error)

func (s *statuses) TxStatus(context.Context, *types.TxStatusRequest, ...grpc.CallOption) (*types.TxStatusResponse, error) {
	answer := (*s)[0]
	if len(*s) > 1 {
		*s = (*s)[1:]
	}
	return answer()
}

func at(level types.FinalityLevel) func() (*types.TxStatusResponse, error) {
	return func() (*types.TxStatusResponse, error) {
		return &types.TxStatusResponse{Level: level, Height: 7, Epoch: 3}, nil
	}
}

func refuse(code codes.Code) func() (*types.TxStatusResponse, error) {
	return func() (*types.TxStatusResponse, error) { return nil, status.Error(code, "refused") }
}

func TestWaitingForATransaction(t *testing.T) {
	const committed, justified, final = types.FinalityLevel_FINALITY_LEVEL_COMMITTED, types.FinalityLevel_FINALITY_LEVEL_JUSTIFIED, types.FinalityLevel_FINALITY_LEVEL_FINALIZED
	for name, tc := range map[string]struct {
		answers statuses
		level   types.FinalityLevel
		says    string // the error; none if it is reached
	}{
		"at once":                 {answers: statuses{at(final)}, level: final},
		"more than was asked":     {answers: statuses{at(final)}, level: committed},
		"exactly what was asked":  {answers: statuses{at(justified)}, level: justified},
		"after a while":           {answers: statuses{refuse(codes.NotFound), at(committed), at(justified), at(final)}, level: final},
		"never":                   {answers: statuses{at(justified)}, level: final, says: "it is justified in block 7"},
		"in no block":             {answers: statuses{refuse(codes.NotFound)}, level: committed, says: "it is in no block"},
		"the node refuses to say": {answers: statuses{refuse(codes.InvalidArgument), at(final)}, level: final, says: "refused"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if strings.Contains(tc.says, "it is") {
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
		}
		answer, err := waitForTx(ctx, &tc.answers, "00", tc.level, time.Millisecond)
		cancel()
		if tc.says == "" && (err != nil || answer.Level < tc.level) || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: expected %q, found %v, %v", name, tc.says, answer, err)
		}
		if timedOut := strings.Contains(tc.says, "it is"); errors.Is(err, ErrTimeout) != timedOut {
			t.Errorf("%s: expected a timeout %t, found %v", name, timedOut, err)
		}
	}
}

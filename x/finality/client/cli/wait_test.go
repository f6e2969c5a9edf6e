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

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
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

func proven() (*types.TxStatusResponse, error) {
	return &types.TxStatusResponse{Level: types.FinalityLevel_FINALITY_LEVEL_FINALIZED, Height: 7, Epoch: 3, Provable: true}, nil
}

func refuse(code codes.Code) func() (*types.TxStatusResponse, error) {
	return func() (*types.TxStatusResponse, error) { return nil, status.Error(code, "refused") }
}

func TestWaitingForATransaction(t *testing.T) {
	const (
		committed = types.FinalityLevel_FINALITY_LEVEL_COMMITTED
		justified = types.FinalityLevel_FINALITY_LEVEL_JUSTIFIED
		final     = types.FinalityLevel_FINALITY_LEVEL_FINALIZED
		anchored  = types.FinalityLevel_FINALITY_LEVEL_ANCHORED
	)
	for name, tc := range map[string]struct {
		answers statuses
		level   string
		says    string // the error; none if it is reached
	}{
		"at once":                      {answers: statuses{at(final)}, level: "finalized"},
		"more than was asked":          {answers: statuses{at(final)}, level: "committed"},
		"exactly what was asked":       {answers: statuses{at(justified)}, level: "justified"},
		"after a while":                {answers: statuses{refuse(codes.NotFound), at(committed), at(justified), at(final)}, level: "finalized"},
		"never":                        {answers: statuses{at(justified)}, level: "finalized", says: "it is justified in block 7"},
		"in no block":                  {answers: statuses{refuse(codes.NotFound)}, level: "committed", says: "it is in no block"},
		"the node refuses to say":      {answers: statuses{refuse(codes.InvalidArgument), at(final)}, level: "finalized", says: "refused"},
		"final, and provable later":    {answers: statuses{at(final), proven}, level: "provable"},
		"final, and not provable":      {answers: statuses{at(final)}, level: "provable", says: "it is finalized in block 7"},
		"at the anchor, for finality":  {answers: statuses{at(anchored)}, level: "finalized"},
		"at the anchor, for its proof": {answers: statuses{at(anchored)}, level: "provable", says: "can never be proven: block 7 is not above the anchor"},
	} {
		far, err := levelNamed(tc.level)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if strings.Contains(tc.says, "it is") {
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
		}
		answer, err := waitForTx(ctx, &tc.answers, "00", far, time.Millisecond)
		cancel()
		if tc.says == "" && err != nil || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: expected %q, found %v, %v", name, tc.says, answer, err)
		}
		if timedOut := strings.Contains(tc.says, "it is"); errors.Is(err, ErrTimeout) != timedOut {
			t.Errorf("%s: expected a timeout %t, found %v", name, timedOut, err)
		}
		if never := tc.level == provable && strings.Contains(tc.says, "never"); errors.Is(err, ErrNeverProvable) != never {
			t.Errorf("%s: expected %t for %v, found %v", name, never, ErrNeverProvable, err)
		}
	}
}

func TestLevelsThatNobodyWaitsFor(t *testing.T) {
	for _, level := range []string{"", "unspecified", "anchored", "final", "FINALITY_LEVEL_FINALIZED"} {
		if _, err := levelNamed(level); err == nil || !strings.Contains(err.Error(), "finalized or provable") {
			t.Errorf("%q: expected an error that lists the levels, found %v", level, err)
		}
	}
}

// finality moves the finalized head a block on with each answer, from nothing.
type finality struct {
	checkpointtypes.QueryStatusResponse
	asked int
}

func (f *finality) Status(context.Context, *checkpointtypes.QueryStatusRequest, ...grpc.CallOption) (*checkpointtypes.QueryStatusResponse, error) {
	if f.asked++; f.asked > 1 {
		f.Finalized = &checkpointtypes.Head{Height: uint64(f.asked) + 8, Epoch: uint64(f.asked) - 2}
	}
	return &f.QueryStatusResponse, nil
}

func TestWaitingForABlock(t *testing.T) {
	for height, asked := range map[uint64]int{0: 3, 9: 2, 10: 2, 11: 3, 12: 4} {
		f := &finality{}
		if err := waitForHeight(t.Context(), f, height, time.Millisecond); err != nil || f.asked != asked {
			t.Errorf("block %d: expected it after %d answers, found %d, %v", height, asked, f.asked, err)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := waitForHeight(over, &finality{}, 1, time.Millisecond); !errors.Is(err, ErrTimeout) || !strings.Contains(err.Error(), "nothing is final") {
		t.Errorf("expected %v, found %v", ErrTimeout, err)
	}
}

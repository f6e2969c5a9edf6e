package abort_test

import (
	"context"
	"errors"
	"testing"

	"github.com/dualchain/dualchain/internal/abort"
)

var errWrong = errors.New("wrong")

func TestAStepThatEnds(t *testing.T) {
	value, err := abort.Do(t.Context(), func() (int, error) { return 7, errWrong })
	if value != 7 || !errors.Is(err, errWrong) {
		t.Errorf("expected 7 and %v, found %d and %v", errWrong, value, err)
	}
}

func TestAStepIsLeftAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	never := make(chan struct{})
	defer close(never)
	_, err := abort.Do(ctx, func() (int, error) { cancel(); <-never; return 7, nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("expected %v, found %v", context.Canceled, err)
	}
}

func TestNoStepBeginsAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := abort.Do(ctx, func() (int, error) { t.Error("expected no step, found one"); return 7, nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("expected %v, found %v", context.Canceled, err)
	}
}

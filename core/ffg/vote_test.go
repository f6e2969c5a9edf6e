package ffg_test

import (
	"errors"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

func TestVoteGoesForward(t *testing.T) {
	for _, tc := range []struct {
		source, target uint64
		want           error
	}{{0, 1, nil}, {4, 5, nil}, {0, 9, nil}, {0, 0, ffg.ErrVoteOrder}, {5, 5, ffg.ErrVoteOrder}, {6, 5, ffg.ErrVoteOrder}} {
		if err := vote(tc.source, tc.target, 1).Validate(); !errors.Is(err, tc.want) {
			t.Errorf("%d → %d: expected error %v, found %v", tc.source, tc.target, tc.want, err)
		}
	}
}

func TestPossessionBoundsTheOperator(t *testing.T) {
	for _, tc := range []struct {
		length int
		want   error
	}{{0, ffg.ErrOperator}, {1, nil}, {20, nil}, {255, nil}, {256, ffg.ErrOperator}} {
		if _, err := ffg.Possession(root(1), make([]byte, tc.length), key(1)); !errors.Is(err, tc.want) {
			t.Errorf("operator of %d bytes: expected error %v, found %v", tc.length, tc.want, err)
		}
	}
}

func TestSignedMessagesDifferByDomain(t *testing.T) {
	one, two := ffg.Domain("dualchain-1"), ffg.Domain("dualchain-2")
	if vote(1, 2, 3).SigningRoot(one) == vote(1, 2, 3).SigningRoot(two) {
		t.Error("expected a vote on one chain to mean nothing on another")
	}
	a, errA := ffg.Possession(one, []byte{1}, key(1))
	b, errB := ffg.Possession(two, []byte{1}, key(1))
	if errA != nil || errB != nil || a == b {
		t.Error("expected a proof of possession on one chain to mean nothing on another")
	}
}

package voter

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/watch"
)

func TestAHeadFarBelowTheLastVoteIsNotTakenForDone(t *testing.T) {
	w := &world{approved: epochs(10)}
	b := &ballot{double: doppelganger{past: w, chain: w}, log: slog.New(slog.DiscardHandler), last: ffg.Vote{Target: ffg.Ref{Epoch: 10}}}
	for epoch, want := range map[uint64]error{10: nil, 9: nil, 8: nil, 7: watch.ErrNotSynced, 1: watch.ErrNotSynced} {
		duty := w.at(epoch)
		duty.Member = true
		if err := b.vote(t.Context(), duty, time.Time{}); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("epoch %d: expected %v, found %v", epoch, want, err)
		}
	}
}

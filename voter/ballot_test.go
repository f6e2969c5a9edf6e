package voter

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/monitor"
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

// taker signs and takes votes, or refuses them, and counts doubts.
type taker struct {
	signer
	refuses error
	doubts  []watch.Duty
}

func (*taker) Sign(context.Context, ffg.PublicKey, ffg.Vote) (ffg.Signature, error) {
	return ffg.Signature{}, nil
}
func (t *taker) Send(context.Context, ffg.AggregateVote, uint64) error { return t.refuses }
func (*taker) Settle(context.Context, uint64, uint64)                  {}
func (t *taker) Doubt(duty watch.Duty, _ ffg.PublicKey)                { t.doubts = append(t.doubts, duty) }

func TestTheBitOfAVoteThatIsRefusedOrNotRecordedIsAskedForAgain(t *testing.T) {
	w, to := &world{}, &taker{}
	b := &ballot{
		watch: to, signer: to, submit: to, double: doppelganger{past: w, chain: w, clear: true}, log: slog.New(slog.DiscardHandler),
		seen: monitor.New(monitor.Config{Now: time.Now, Log: slog.New(slog.DiscardHandler)}).Key(ffg.PublicKey{}),
	}
	for epoch, refuses := range []error{nil, errors.New("refused")} {
		duty := w.at(uint64(epoch) + 1)
		duty.Member, duty.Size = true, 1
		to.refuses, to.doubts = refuses, nil
		if err := b.vote(t.Context(), duty, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if refused := refuses != nil; refused != (len(to.doubts) == 1) || refused && to.doubts[0] != duty {
			t.Errorf("refused %t: found the doubts %+v", refused, to.doubts)
		}
	}
	to.doubts = nil
	followed{b.seen, b}.Resent(2)
	if len(to.doubts) != 1 || to.doubts[0] != b.sent {
		t.Errorf("sent again: expected a doubt of %+v, found %+v", b.sent, to.doubts)
	}
}

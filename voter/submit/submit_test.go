package submit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/submit"
)

var errDown = errors.New("node is down")

// node records what was sent and gives the answers that the test sets.
type node struct {
	sent      []ffg.AggregateVote
	asked     int
	recorded  map[uint64]ffg.Bitfield
	window    uint64
	fate      []string // what the observer was told
	sendErr   error
	tallyErr  error
	windowErr error
}

func (n *node) Broadcast(_ context.Context, vote ffg.AggregateVote) error {
	n.sent = append(n.sent, vote)
	return n.sendErr
}

func (n *node) Tally(_ context.Context, epoch uint64) (ffg.Bitfield, error) {
	n.asked++
	return n.recorded[epoch], n.tallyErr
}

func (n *node) Window(context.Context) (uint64, error) { return n.window, n.windowErr }

func (n *node) epochs() []uint64 {
	var epochs []uint64
	for _, vote := range n.sent {
		epochs = append(epochs, vote.Vote.Target.Epoch)
	}
	return epochs
}

func (n *node) Recorded(epoch, blocks uint64) { n.tell("recorded %d after %d", epoch, blocks) }
func (n *node) Resent(epoch uint64)           { n.tell("resent %d", epoch) }
func (n *node) Lost(epoch uint64)             { n.tell("lost %d", epoch) }

func (n *node) tell(format string, values ...any) {
	n.fate = append(n.fate, fmt.Sprintf(format, values...))
}

func vote(epoch uint64) ffg.AggregateVote {
	return ffg.AggregateVote{
		Vote:      ffg.Vote{Source: ffg.Ref{Epoch: epoch - 1}, Target: ffg.Ref{Epoch: epoch}},
		Signers:   ffg.SingleBit(9, 8),
		Signature: ffg.Signature{byte(epoch)},
	}
}

func newSubmitter() (*submit.Submitter, *node) {
	n := &node{recorded: map[uint64]ffg.Bitfield{}, window: 1000}
	return submit.New(n, n, slog.New(slog.DiscardHandler)), n
}

func TestARecordedVoteIsSentOnce(t *testing.T) {
	s, n := newSubmitter()
	if err := s.Send(t.Context(), vote(1), 10); err != nil {
		t.Fatal(err)
	}
	s.Settle(t.Context(), 10, 1) // too early to look
	if n.asked != 0 {
		t.Errorf("in the same block: expected no question, found %d", n.asked)
	}
	n.recorded[1] = ffg.SingleBit(9, 8).Or(ffg.SingleBit(9, 0))
	for height := uint64(11); height < 20; height++ {
		s.Settle(t.Context(), height, 1)
	}
	if len(n.sent) != 1 || n.asked != 1 {
		t.Errorf("expected it sent once and looked for once, found %d and %d", len(n.sent), n.asked)
	}
	if want := []string{"recorded 1 after 1"}; !slices.Equal(n.fate, want) {
		t.Errorf("expected %v, found %v", want, n.fate)
	}
}

func TestAMissingVoteIsSentAgainUnchanged(t *testing.T) {
	s, n := newSubmitter()
	if err := s.Send(t.Context(), vote(1), 10); err != nil {
		t.Fatal(err)
	}
	n.recorded[1] = ffg.SingleBit(9, 0) // another voter's
	var sentAt []uint64
	for height := uint64(11); height < 1000; height++ {
		before := len(n.sent)
		s.Settle(t.Context(), height, 1)
		if len(n.sent) > before {
			sentAt = append(sentAt, height)
		}
	}
	if want := []uint64{11, 12, 14, 18, 26, 42, 74}; !slices.Equal(sentAt, want) {
		t.Errorf("expected it sent again at %v and then given up, found %v", want, sentAt)
	}
	want := append(slices.Repeat([]string{"resent 1"}, len(sentAt)), "lost 1")
	if !slices.Equal(n.fate, want) {
		t.Errorf("expected %v, found %v", want, n.fate)
	}
	for _, sent := range n.sent {
		if sent.Signature != vote(1).Signature || sent.Vote != vote(1).Vote {
			t.Errorf("expected the same vote, found %+v", sent)
		}
	}
}

func TestTheVoteWindowEndsIt(t *testing.T) {
	for _, tc := range []struct {
		head uint64
		sent int
	}{{3, 2}, {4, 1}, {5, 1}} {
		s, n := newSubmitter()
		n.window = 3
		if err := s.Send(t.Context(), vote(1), 10); err != nil {
			t.Fatal(err)
		}
		s.Settle(t.Context(), 11, tc.head)
		if len(n.sent) != tc.sent {
			t.Errorf("head %d, window 3: expected epoch 1 sent %d times, found %d", tc.head, tc.sent, len(n.sent))
		}
	}
}

func TestAFailureCostsNoOtherVote(t *testing.T) {
	s, n := newSubmitter()
	n.sendErr = errDown
	if err := s.Send(t.Context(), vote(1), 10); !errors.Is(err, errDown) {
		t.Errorf("expected %v, found %v", errDown, err)
	}
	n.sendErr = nil
	if err := s.Send(t.Context(), vote(2), 11); err != nil {
		t.Error(err)
	}
	s.Settle(t.Context(), 11, 2)
	if want := []uint64{1, 2, 1}; !slices.Equal(n.epochs(), want) {
		t.Errorf("expected %v, found %v", want, n.epochs())
	}
}

func TestANodeThatDoesNotAnswerIsAskedAgain(t *testing.T) {
	for name, fail := range map[string]func(*node, error){
		"tally":  func(n *node, err error) { n.tallyErr = err },
		"window": func(n *node, err error) { n.windowErr = err },
	} {
		s, n := newSubmitter()
		if err := s.Send(t.Context(), vote(1), 10); err != nil {
			t.Fatal(err)
		}
		fail(n, errDown)
		for height := uint64(11); height < 40; height++ {
			s.Settle(t.Context(), height, 1)
		}
		if len(n.sent) != 1 {
			t.Errorf("%s down: expected nothing sent, found %v", name, n.epochs())
		}
		fail(n, nil)
		s.Settle(t.Context(), 40, 1)
		if len(n.sent) != 2 {
			t.Errorf("%s back: expected it sent again, found %v", name, n.epochs())
		}
	}
}

func TestTheNumberOfPendingVotesIsBounded(t *testing.T) {
	s, n := newSubmitter()
	for epoch := uint64(1); epoch <= 17; epoch++ {
		if err := s.Send(t.Context(), vote(epoch), 10); err != nil {
			t.Fatal(err)
		}
	}
	n.sent = nil
	s.Settle(t.Context(), 11, 17)
	if epochs := n.epochs(); len(epochs) != 16 || slices.Contains(epochs, 1) {
		t.Errorf("expected epochs 2 to 17 sent again, found %v", epochs)
	}
}

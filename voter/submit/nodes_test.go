package submit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/submit"
)

// several is three nodes. The test sets which of them are healthy.
type several struct {
	*submit.Nodes
	nodes   []*slow
	healthy []int
	log     *strings.Builder
}

// slow is a node that may answer late.
type slow struct {
	mu    sync.Mutex
	hangs bool
	node
}

func (s *slow) Broadcast(ctx context.Context, vote ffg.AggregateVote) error {
	if s.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.node.Broadcast(ctx, vote)
}

func newSeveral(healthy ...int) *several {
	s := &several{healthy: healthy, log: new(strings.Builder)}
	var named []submit.Named
	for i := range 3 {
		n := &slow{node: node{recorded: map[uint64]ffg.Bitfield{1: ffg.SingleBit(9, i)}, window: uint64(i)}}
		s.nodes = append(s.nodes, n)
		named = append(named, submit.Named{Node: n, Name: fmt.Sprint("node-", i)})
	}
	s.Nodes = submit.NewNodes(named, func() []int { return s.healthy }, slog.New(slog.NewTextHandler(s.log, nil)))
	return s
}

func TestAVoteGoesToAllHealthyNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(1, 0)
		if err := s.Broadcast(t.Context(), vote(1)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for i, want := range []int{1, 1, 0} {
			if found := s.nodes[i].sent; len(found) != want || want == 1 && found[0].Signature != vote(1).Signature {
				t.Errorf("node %d: expected the vote %d times, found %v", i, want, found)
			}
		}
	})
}

func TestOneNodeThatTakesTheVoteIsEnough(t *testing.T) {
	for name, fault := range map[string]func(*slow){
		"down":     func(n *slow) { n.sendErr = errDown },
		"refusing": func(n *slow) { n.sendErr = &submit.Rejected{Codespace: "sdk", Code: 20} },
		"hung":     func(n *slow) { n.hangs = true },
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSeveral(0, 1)
			fault(s.nodes[0])
			if err := s.Broadcast(t.Context(), vote(1)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestAllNodesFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(0, 1)
		refusal := &submit.Rejected{Codespace: "sdk", Code: 20}
		s.nodes[0].sendErr, s.nodes[1].sendErr = errDown, refusal
		err := s.Broadcast(t.Context(), vote(1))
		var rejected *submit.Rejected
		if !errors.Is(err, errDown) || !errors.As(err, &rejected) || rejected != refusal {
			t.Errorf("expected both errors, found %v", err)
		}
	})
}

func TestANodeThatTakesNoVotesIsNamedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSeveral(0, 1)
		expect := func(line string, want int) {
			t.Helper()
			synctest.Wait()
			if found := strings.Count(s.log.String(), line); found != want {
				t.Errorf("expected %q %d times, found %d in:\n%s", line, want, found, s.log)
			}
		}
		for _, failure := range []error{nil, errDown, errDown, nil, nil} {
			s.nodes[1].sendErr = failure
			if err := s.Broadcast(t.Context(), vote(1)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		expect(`event=takes_no_votes node=node-1`, 1)
		expect(`event=takes_votes node=node-1`, 1)
		expect("node-0", 0)
	})
}

func TestQuestionsGoToTheNodeInUseThenToTheNext(t *testing.T) {
	s := newSeveral(2, 0)
	expect := func(bit int, window uint64) {
		t.Helper()
		if signers, err := s.Tally(t.Context(), 1); err != nil || !signers.Get(bit) {
			t.Errorf("expected the tally of node %d, found %v, %v", bit, signers, err)
		}
		if found, err := s.Window(t.Context()); err != nil || found != window {
			t.Errorf("expected the window of node %d, found %d, %v", window, found, err)
		}
	}
	expect(2, 2)
	s.nodes[2].tallyErr, s.nodes[2].windowErr = errDown, errDown
	expect(0, 0)
	s.nodes[0].tallyErr, s.nodes[0].windowErr = errDown, errDown
	if _, err := s.Tally(t.Context(), 1); !errors.Is(err, errDown) || !strings.Contains(err.Error(), "node-2") {
		t.Errorf("expected %v with the nodes' names, found %v", errDown, err)
	}
	if _, err := s.Window(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("expected %v, found %v", errDown, err)
	}
}

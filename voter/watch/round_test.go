package watch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
)

// keysOf returns different keys.
func keysOf(n int) []ffg.PublicKey {
	keys := make([]ffg.PublicKey, n)
	for i := range keys {
		keys[i][0] = byte(i + 1)
	}
	return keys
}

// round asks for the duties of all keys at the same time, as a voter does at a block.
func (w *world) round(keys []ffg.PublicKey) []Duty {
	w.t.Helper()
	round, duties := w.pool.Round(), make([]Duty, len(keys))
	var wg sync.WaitGroup
	for i, key := range keys {
		wg.Go(func() {
			duty, err := round.Duty(w.t.Context(), key)
			if err != nil {
				w.t.Errorf("key %d: %v", i, err)
			}
			duties[i] = duty
		})
	}
	wg.Wait()
	return duties
}

// questions returns the number of questions for duties to a peer since the last look: those to all keys, and those about one.
func (p *peer) questionsAsked() (all, own int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, voter := range p.questions {
		if voter == "" {
			all++
		} else {
			own++
		}
	}
	p.questions = nil
	return all, own
}

func (w *world) asked(p *peer, all, own int, when string) {
	w.t.Helper()
	if foundAll, foundOwn := p.questionsAsked(); foundAll != all || foundOwn != own {
		w.t.Errorf("%s: expected %d questions for all keys and %d about one, found %d and %d", when, all, own, foundAll, foundOwn)
	}
}

func TestOneQuestionPerBlockServesAllKeys(t *testing.T) {
	const keys, blocks, sets = 7, 5, 3
	inWorld(t, 1, 0, func(w *world) {
		node := w.nodes[0]
		for set := range sets {
			node.set(func(p *peer) { p.voterSet, p.position = ffg.Root{byte(set)}, uint32(set) })
			for range blocks {
				w.grow()
				for i, duty := range w.round(keysOf(keys)) {
					if want := node.vote(uint64(len(node.roots))); duty.Vote != want || !duty.Member || duty.Position != set || duty.Size != setSize || duty.Recorded {
						t.Errorf("key %d: expected bit %d of %d for %v, found %+v", i, set, setSize, want, duty)
					}
				}
			}
			w.asked(node, blocks, keys, fmt.Sprint("set ", set))
		}
	})
}

func TestTheBitsOfTheTallySayWhatIsRecorded(t *testing.T) {
	inWorld(t, 1, 0, func(w *world) {
		key := keysOf(1)
		w.nodes[0].set(func(p *peer) { p.position = 8 })
		w.round(key)
		w.asked(w.nodes[0], 1, 1, "first")
		for _, recorded := range []bool{false, true, false} {
			w.nodes[0].set(func(p *peer) { p.recorded = recorded })
			if duty := w.round(key)[0]; duty.Recorded != recorded || duty.Position != 8 {
				t.Errorf("expected recorded %t at bit 8, found %+v", recorded, duty)
			}
		}
		w.asked(w.nodes[0], 3, 0, "then")
	})
}

func TestADoubtedBitIsAskedForAgain(t *testing.T) {
	inWorld(t, 1, 0, func(w *world) {
		keys, node := keysOf(2), w.nodes[0]
		w.round(keys)
		node.set(func(p *peer) { p.position = 3 })
		duties := w.round(keys)
		w.asked(node, 2, 2, "before")
		w.pool.Doubt(duties[0], keys[0])
		w.pool.Doubt(Duty{}, keys[1]) // of no node
		again := w.round(keys)
		if duties[0].Position != 0 || again[0].Position != 3 || again[1].Position != 0 {
			t.Errorf("expected bits 0, then 3 for the doubted key and 0 for the other, found %+v, then %+v", duties, again)
		}
		w.asked(node, 1, 1, "after")
	})
}

func TestAKeyWithoutABitIsAskedForEachTime(t *testing.T) {
	for name, fault := range map[string]func(*peer){
		"no member": func(p *peer) { p.stranger = true }, "not registered": func(p *peer) { p.unknown = true },
	} {
		inWorld(t, 1, 0, func(w *world) {
			w.nodes[0].set(fault)
			for range 3 {
				_, _ = w.pool.Duty(w.t.Context(), ffg.PublicKey{})
			}
			w.asked(w.nodes[0], 3, 3, name)
		})
	}
}

func TestANodesBitsAreItsOwn(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.position = 7 })
		w.round(keysOf(1))
		w.nodes[0].set(func(p *peer) { p.fails = errors.New("connection refused") })
		if duty := w.round(keysOf(1))[0]; duty.Position != 0 {
			t.Errorf("expected the second node's bit, found %+v", duty)
		}
		w.asked(w.nodes[1], 1, 1, "the second node")
	})
}

// Keys wait for one question, each as long as it would wait for its own.
func TestAKeyThatWaitsLongerIsNotHurried(t *testing.T) {
	inWorld(t, 1, 0, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.hangs = true })
		round, m := w.pool.Round(), w.pool.nodes[0]
		ask := func(others bool, took time.Duration) {
			began := time.Now()
			_, err := round.ask(w.t.Context(), m, ffg.PublicKey{}, m.tip, others)
			if !errors.Is(err, ErrNoAnswer) || time.Since(began) != took {
				t.Errorf("expected %v after %s, found %v after %s", ErrNoAnswer, took, err, time.Since(began))
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() { ask(true, patience) })
		synctest.Wait()
		wg.Go(func() { ask(false, callTimeout) })
		wg.Wait()
		round = w.pool.Round()
		ask(true, patience) // alone, so that the question ends with it
		ask(false, callTimeout)
	})
}

func TestAnAnswerAboutAKeyHasTheSetOfTheAnswerBefore(t *testing.T) {
	inWorld(t, 1, 0, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.oddSize = true })
		w.noDuty(ErrInconsistent)
		w.said(event.Skipped.String(), "expected 9 as in the answer before, found 10")
	})
}

func TestAnEndedVoterWaitsForNoQuestion(t *testing.T) {
	inWorld(t, 1, 0, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.hangs = true })
		ended, cancel := context.WithCancel(w.t.Context())
		cancel()
		if _, err := w.pool.Round().Duty(ended, ffg.PublicKey{}); !errors.Is(err, context.Canceled) {
			t.Errorf("expected %v, found %v", context.Canceled, err)
		}
	})
}

func TestWhatAnAnswerToAllKeysMustBe(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*scene)
		want   error
		says   string
	}{
		"as it should be":      {change: func(*scene) {}},
		"all have signed":      {change: func(s *scene) { s.answer.Signers = []byte{0x1f} }},
		"the largest set":      {change: func(s *scene) { s.answer.Size_, s.answer.Signers = maxSetSize, make([]byte, maxSetSize/8) }},
		"no bits":              {change: func(s *scene) { s.answer.Signers = nil }, want: ErrInconsistent, says: "expected 1 bytes for 5 voters, found 0"},
		"too many bits":        {change: func(s *scene) { s.answer.Signers = make([]byte, 2) }, want: ErrInconsistent, says: "found 2"},
		"a bit of nobody":      {change: func(s *scene) { s.answer.Signers = []byte{0x20} }, want: ErrInconsistent, says: "expected none from 5 on"},
		"a set too large":      {change: func(s *scene) { s.answer.Size_ = maxSetSize + 1 }, want: ErrInconsistent, says: "at most 1048576"},
		"another block hash":   {change: func(s *scene) { s.change(func(c *ffg.Checkpoint) { c.BlockHash = ffg.Root{21} }) }, want: ErrInconsistent, says: "block hash"},
		"no anchor yet":        {change: func(s *scene) { s.failures = []error{status.Error(codes.FailedPrecondition, "not anchored")} }, want: ErrNoDuty, says: "not anchored"},
		"state stays behind":   {change: func(s *scene) { s.header = metadata.Pairs(heightHeader, "19") }, want: ErrNotExecuted, says: "found 19"},
		"source at the target": {change: func(s *scene) { s.answer.Source.Epoch = 4 }, want: ErrInconsistent, says: "expected source epoch below 4"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene()
				s.answer.Signers = []byte{0x04}
				tc.change(s)
				found, err := s.node().head(t.Context(), block)
				if !errors.Is(err, tc.want) || !strings.Contains(fmt.Sprint(err), tc.says) || err == nil && found.duty.Size != int(s.answer.Size_) {
					t.Errorf("expected %v (%s), found %v and %+v", tc.want, tc.says, err, found)
				}
				if duty := found.of(2); err == nil && (duty.Recorded != (s.answer.Signers[0]&4 != 0) || !duty.Member || duty.Position != 2) {
					t.Errorf("expected bit 2 as in %x, found %+v", s.answer.Signers, duty)
				}
			})
		})
	}
}

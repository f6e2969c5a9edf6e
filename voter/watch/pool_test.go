package watch

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
)

func TestTheMostPreferredNodeIsAsked(t *testing.T) {
	inWorld(t, 3, 0, func(w *world) {
		w.using(w.nodes[0])
		w.said(event.UsingNode.String(), "node-1")
		w.grow()
		before := w.nodes[1].asked
		w.duty(w.nodes[0], 2)
		if tip := <-w.tips; tip.Height != 2 {
			t.Errorf("expected block 2, found %+v", tip)
		}
		if w.nodes[1].asked != before {
			t.Error("expected no question to the second node for a duty")
		}
	})
}

// Failures of the node in use, and the time until the next node's duty arrives.
func TestTheNextNodeIsAskedAtOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		fault  func(*peer)
		says   []string
		within time.Duration
	}{
		"unreachable":          {func(p *peer) { p.fails = errors.New("connection refused") }, []string{event.Unhealthy.String(), "node=", "connection refused"}, 0},
		"slow":                 {func(p *peer) { p.hangs = true }, []string{event.Unhealthy.String(), "node=", "no answer in time"}, patience},
		"lying about a block":  {func(p *peer) { p.lie = true }, []string{event.Skipped.String(), "node=", "block hash"}, 0},
		"lying about a source": {func(p *peer) { p.source = 9 }, nil, 0}, // only a witness can tell
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 2, 0, func(w *world) {
				w.nodes[0].set(tc.fault)
				w.grow()
				began := time.Now()
				if tc.says == nil {
					w.duty(w.nodes[0], 2)
					return
				}
				w.duty(w.nodes[1], 2)
				if took := time.Since(began); took != tc.within {
					t.Errorf("expected an answer after %s, found %s", tc.within, took)
				}
				w.said(append(tc.says, "node-1")...)
				w.said(event.UsingNode.String(), "node-2")
				w.using(w.nodes[1])
			})
		})
	}
}

func TestTheNextNodeTellsOfItsOwnBlocks(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.fails = errors.New("connection refused") })
		w.grow(w.nodes[0])
		if tip := <-w.tips; tip.Height != 2 {
			t.Errorf("expected block 2, found %+v", tip)
		}
		w.duty(w.nodes[1], 1) // it is behind
		<-w.tips
		w.grow(w.nodes[1])
		if tip := <-w.tips; tip.Height != 2 {
			t.Errorf("expected block 2 of the second node, found %+v", tip)
		}
		w.duty(w.nodes[1], 2)
	})
}

func TestThePreferredNodeComesBackWhenItIsSteady(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.fails = errors.New("connection refused") })
		w.nodes[0].broken <- struct{}{}
		w.wait(checkPause)
		w.using(w.nodes[1])
		w.said(event.EventsLost.String(), "node-1")
		w.nodes[0].set(func(p *peer) { p.fails = nil })
		w.wait(firstReconnect) // the connection is back, and the node is checked
		w.look()
		for range steady - 2 {
			w.wait(testPoll)
			w.using(w.nodes[1])
		}
		w.wait(testPoll)
		w.using(w.nodes[0])
		w.said(event.UsingNode.String(), "node-1")
		if lines := w.look(); len(lines) != 1 {
			t.Errorf("expected one line, found:\n%s", strings.Join(lines, "\n"))
		}
	})
}

func TestANodeThatComesAndGoesIsNotUsedByTurns(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		for range 10 {
			w.nodes[0].set(func(p *peer) { p.fails = errors.New("connection refused") })
			w.wait(testPoll)
			w.using(w.nodes[1])
			w.nodes[0].set(func(p *peer) { p.fails = nil })
			w.wait(2 * testPoll)
			w.using(w.nodes[1])
		}
		w.said(event.UsingNode.String(), "node-2")
	})
}

func TestANodeThatIsStuckIsLeft(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		w.pass(testStall-time.Second, w.nodes[1])
		w.using(w.nodes[0])
		w.pass(2*time.Second, w.nodes[1])
		w.using(w.nodes[1])
		w.said(event.Unhealthy.String(), "node=", "node-1", ErrStuck.Error())
		w.duty(w.nodes[1], 62)
		for range 61 { // it replays what it has missed
			w.nodes[0].grow(time.Now())
		}
		synctest.Wait()
		w.pass(steady*testPoll, w.nodes...)
		w.using(w.nodes[0])
	})
}

func TestWithoutBlocksAnywhereThereIsAnAlarm(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		w.wait(testStall - time.Second)
		if lines := w.log.count([]string{slog.LevelError.String()}); lines != 0 {
			t.Errorf("before: expected no alarm, found %d", lines)
		}
		w.wait(testPoll)
		w.said(event.BlocksStopped.String())
		w.using(w.nodes[0])
		w.grow()
		w.said(event.BlocksResumed.String())
		w.duty(w.nodes[0], 2)
	})
}

func TestANodeThatCatchesUpIsNotAsked(t *testing.T) {
	inWorld(t, 1, 0, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.catchingUp = true })
		w.wait(testPoll)
		w.said(event.Unhealthy.String(), "node=", "catching up")
		w.said(event.NoHealthyNode.String())
		w.look()
		<-w.tips // from before
		for range 100 {
			w.grow()
		}
		w.noDuty(ErrNoNode)
		if len(w.tips) != 0 {
			t.Errorf("expected no tip, found %+v", <-w.tips)
		}
		if lines := w.look(); len(lines) != 0 {
			t.Errorf("expected nothing in the log, found:\n%s", strings.Join(lines, "\n"))
		}
		w.nodes[0].set(func(p *peer) { p.catchingUp = false })
		w.wait(testPoll)
		if tip := <-w.tips; tip.Height != 101 {
			t.Errorf("expected the head only, found %+v", tip)
		}
		w.duty(w.nodes[0], 101)
	})
}

func TestANodeOnAnotherChainIsSkipped(t *testing.T) {
	other := func(p *peer) { p.chain, p.blocks[0].ChainID = "other-1", "other-1" }
	inWorld(t, 2, 0, func(w *world) {
		w.using(w.nodes[1])
		w.said(event.Skipped.String(), "node=", "node-1", `expected "test-1", found "other-1"`)
		w.duty(w.nodes[1], 1)
	}, func(w *world) { other(w.nodes[0]) })
	inWorld(t, 2, 0, func(w *world) {
		w.using(nil)
		if tip := <-w.tips; tip.ChainID != "other-1" {
			t.Errorf("expected a tip that makes the voter ask, found %+v", tip)
		}
		w.noDuty(ErrWrongChain)
		w.said(event.NoHealthyNode.String())
	}, func(w *world) { other(w.nodes[0]); other(w.nodes[1]) })
	inWorld(t, 2, 0, func(w *world) {
		w.noDuty(ErrNoNode) // the other one may be on the right chain
		w.nodes[1].set(func(p *peer) { p.fails = nil })
		w.wait(testPoll)
		w.duty(w.nodes[1], 1)
	}, func(w *world) { other(w.nodes[0]); w.nodes[1].fails = errors.New("connection refused") })
}

func TestANodeThatChangesChainsIsLeftAtOnce(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.chain = "other-1" })
		w.grow()
		w.using(w.nodes[1])
		w.said(event.Skipped.String(), "node=", "node-1", `found "other-1"`)
		w.duty(w.nodes[1], 2)
	})
}

func TestANodeThatComesBackTellsOfItsBlockAgain(t *testing.T) {
	inWorld(t, 1, 0, func(w *world) {
		<-w.tips
		w.nodes[0].set(func(p *peer) { p.chain = "other-1" })
		w.grow()
		if tip := <-w.tips; tip.ChainID != "other-1" {
			t.Errorf("expected a tip that makes the voter ask, found %+v", tip)
		}
		w.nodes[0].set(func(p *peer) { p.chain = chainID })
		w.grow()
		if tip := <-w.tips; tip.Height != 3 { // the node isn't checked yet, so asking it would fail
			t.Errorf("expected block 3, found %+v", tip)
		}
		w.noDuty(ErrWrongChain)
		w.wait(checkPause)
		if tip := <-w.tips; tip.Height != 3 {
			t.Errorf("expected block 3 again, found %+v", tip)
		}
		w.duty(w.nodes[0], 3)
	})
}

func TestNoHealthyNodeAndBack(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		for _, p := range w.nodes {
			p.set(func(p *peer) { p.fails = errors.New("connection refused") })
		}
		w.grow()
		w.noDuty(w.nodes[0].fails)
		w.noDuty(ErrNoNode)
		w.said(event.NoHealthyNode.String())
		w.nodes[1].set(func(p *peer) { p.fails = nil })
		w.grow() // a sign of life
		w.wait(checkPause)
		w.using(w.nodes[1])
		w.duty(w.nodes[1], 3)
	})
}

func TestABlockFromTheFutureIsNobodysFault(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		for _, p := range w.nodes {
			p.grow(time.Now().Add(MaxAhead + time.Second))
		}
		w.noDuty(ErrFuture)
		w.using(w.nodes[0])
		w.wait(time.Second)
		w.duty(w.nodes[0], 2)
	})
}

func TestAClockThatIsAhead(t *testing.T) {
	inWorld(t, 1, 0, func(w *world) {
		old := func() {
			w.nodes[0].grow(time.Now().Add(-testStall - time.Second))
			synctest.Wait()
		}
		old() // as after a halt
		w.grow()
		if alarms := w.log.count([]string{slog.LevelError.String()}); alarms != 0 {
			t.Errorf("one old block: expected no alarm, found %d", alarms)
		}
		for range 3 {
			old()
		}
		w.said(event.BlocksOld.String(), event.AlarmPrefix, "1m1s")
		w.alarms(ErrOld)
		w.duty(w.nodes[0], 6)
		w.grow()
		w.said(event.BlocksRecent.String())
		w.alarms()
	})
}

func TestTwoNodesOnDifferentForks(t *testing.T) {
	inWorld(t, 3, 0, func(w *world) {
		w.nodes[1].set(func(p *peer) { p.fork = 1 })
		w.grow()
		w.said(event.BlocksDiffer.String(), "height=2", "node-1", ffg.Root{2}.String(), "node-2", ffg.Root{2, 1}.String())
		w.duty(w.nodes[0], 2)
		w.nodes[1].set(func(p *peer) { p.fork = 0 })
		w.grow()
		w.said(event.BlocksAgree.String(), "node-2")
	})
}

func TestANodeThatChangesItsBlocksByTurnsDoesNotFillTheLog(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		flip := func() {
			for _, hash := range []ffg.Root{{99}, {1}} {
				tip := w.nodes[1].blocks[0]
				tip.Hash = hash
				w.nodes[1].events <- tip
				synctest.Wait()
			}
		}
		for range 100 {
			flip()
		}
		w.said(event.BlocksDiffer.String())
		w.said(event.BlocksAgree.String())
		w.look()
		w.wait(alarmPause - time.Second) // the node in use is no more stuck than its peer
		flip()
		if alarms := w.log.count([]string{event.BlocksDiffer.String()}); alarms != 0 {
			t.Errorf("expected no alarm yet, found %d", alarms)
		}
		w.wait(time.Second)
		flip()
		w.said(event.BlocksDiffer.String())
	})
}

func TestWhoGetsVotes(t *testing.T) {
	inWorld(t, 3, 0, func(w *world) {
		expect := func(want ...int) {
			t.Helper()
			if found := w.pool.Healthy(); !slices.Equal(found, want) {
				t.Errorf("expected %v, found %v", want, found)
			}
		}
		expect(0, 1, 2)
		w.nodes[0].set(func(p *peer) { p.fails = errors.New("connection refused") })
		w.wait(testPoll)
		expect(1, 2)
		w.nodes[0].set(func(p *peer) { p.fails = nil })
		w.wait(testPoll)
		expect(1, 0, 2) // the one in use first
		for _, p := range w.nodes {
			p.set(func(p *peer) { p.catchingUp = true })
		}
		w.wait(testPoll)
		expect(0, 1, 2) // no node is healthy, so all are used
	})
}

func TestTheHealthOfAll(t *testing.T) {
	inWorld(t, 2, 1, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.catchingUp = true })
		w.witnesses[0].set(func(p *peer) { p.fails = errors.New("connection refused") })
		w.wait(testPoll)
		want := []NodeHealth{
			{Address: "node-1", Reason: "not synced: catching up with the chain", Height: 1},
			{Address: "node-2", Healthy: true, Height: 1, InUse: true},
			{Address: "witness-1", Witness: true, Reason: "ask for status: connection refused", Height: 1},
		}
		if found := w.pool.Health(); !slices.Equal(found, want) {
			t.Errorf("expected %+v, found %+v", want, found)
		}
	})
}

func TestANodeThatDoesNotShowVotesGivesWayToTheNext(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		if voted, err := w.pool.Voted(w.t.Context(), 1, ffg.PublicKey{}); voted || !errors.Is(err, ErrInconsistent) { // it has no signature
			t.Errorf("expected %v, found %t, %v", ErrInconsistent, voted, err)
		}
		w.said(event.Skipped.String(), "node=", "node-1")
		w.using(w.nodes[1])
		w.nodes[1].set(func(p *peer) { p.tally = errNotKept })
		if _, err := w.pool.Voted(w.t.Context(), 1, ffg.PublicKey{}); !errors.Is(err, ErrNotKept) {
			t.Errorf("expected %v, found %v", ErrNotKept, err)
		}
		w.using(w.nodes[1]) // this is not a fault
		for _, p := range w.nodes {
			p.set(func(p *peer) { p.catchingUp = true })
		}
		w.wait(testPoll)
		if _, err := w.pool.Voted(w.t.Context(), 1, ffg.PublicKey{}); !errors.Is(err, ErrNoNode) {
			t.Errorf("expected %v, found %v", ErrNoNode, err)
		}
	})
}

func TestAVoteThatIsSaidToBeRecordedHasToBeShown(t *testing.T) {
	for name, tally := range map[string]error{"without the vote": nil, "not kept": errNotKept} {
		inWorld(t, 2, 0, func(w *world) {
			w.nodes[0].set(func(p *peer) { p.recorded, p.unsigned, p.tally = true, true, tally })
			duty, err := w.pool.Duty(w.t.Context(), ffg.PublicKey{})
			if err != nil || !duty.Recorded {
				t.Fatalf("%s: expected a recorded duty, found %+v, %v", name, duty, err)
			}
			if err := w.pool.Prove(w.t.Context(), duty, ffg.PublicKey{}); !errors.Is(err, ErrInconsistent) {
				t.Errorf("%s: expected %v, found %v", name, ErrInconsistent, err)
			}
			w.said(event.Skipped.String(), "node=", "node-1", "shows no signature")
			w.using(w.nodes[1])
		})
	}
}

// Without a witness, a less preferred node may add to the preferred node's answer but not contradict it.
func TestANodeThatIsNotPreferredLeadsToNoOtherHead(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.stranger = true })
		w.wait(testPoll)
		w.duty(w.nodes[1], 1)
		w.nodes[1].grow(time.Now())
		w.wait(testPoll)
		if duty, err := w.pool.Duty(w.t.Context(), ffg.PublicKey{}); err != nil || duty.Member {
			t.Errorf("expected no duty, found %+v, %v", duty, err)
		}
		w.nodes[0].set(func(p *peer) { p.stranger, p.unknown = false, true })
		w.noDuty(ErrNoDuty)
	})
}

// A node that reports nothing to vote on may be the only one to do so.
func TestNothingToVoteOnIsNotBelievedOfOneNode(t *testing.T) {
	for name, tc := range map[string]struct {
		fault func(*peer)
		err   error
	}{
		"no member":       {func(p *peer) { p.set(func(p *peer) { p.stranger = true }) }, nil},
		"not registered":  {func(p *peer) { p.set(func(p *peer) { p.unknown = true }) }, ErrNoDuty},
		"from the future": {func(p *peer) { p.grow(time.Now().Add(time.Hour)) }, ErrFuture},
	} {
		inWorld(t, 3, 1, func(w *world) {
			tc.fault(w.nodes[0])
			tc.fault(w.nodes[1])
			w.wait(testPoll)
			w.duty(w.nodes[2], 1)
			w.nodes[2].set(func(p *peer) { p.hangs = true })
			began := time.Now()
			if duty, err := w.pool.Duty(w.t.Context(), ffg.PublicKey{}); !errors.Is(err, tc.err) || duty.Member {
				t.Errorf("%s: expected %v, found %+v, %v", name, tc.err, duty, err)
			}
			if took := time.Since(began); took != patience {
				t.Errorf("%s: expected an answer after %s, found %s", name, patience, took)
			}
		})
	}
}

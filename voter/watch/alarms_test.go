package watch

import (
	"errors"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/voter/event"
)

// alarms expects the pool to have alarms that wrap these errors, in this order.
func (w *world) alarms(want ...error) {
	w.t.Helper()
	found := w.pool.Alarms()
	if len(found) != len(want) {
		w.t.Errorf("expected the alarms %v, found %v", want, found)
		return
	}
	for i := range want {
		if !errors.Is(found[i], want[i]) {
			w.t.Errorf("expected %v, found %v", want[i], found[i])
		}
	}
}

func TestANodeOrWitnessOfAnotherChainIsAnAlarmUntilItIsBack(t *testing.T) {
	inWorld(t, 2, 1, func(w *world) {
		w.alarms()
		for _, p := range []*peer{w.nodes[1], w.witnesses[0]} {
			p.set(func(p *peer) { p.chain = "other-1" })
		}
		w.wait(testPoll)
		w.said(event.Skipped.String(), event.AlarmPrefix+"node is skipped", "node-2")
		w.said(event.Skipped.String(), event.AlarmPrefix+"witness is skipped", "witness-1")
		w.alarms(ErrSkipped, ErrSkipped)
		if text := w.pool.Alarms()[0].Error(); !strings.Contains(text, "node-2") || !strings.Contains(text, `"other-1"`) {
			t.Errorf("expected the node and what is wrong with it, found %s", text)
		}
		for _, p := range []*peer{w.nodes[1], w.witnesses[0]} {
			p.set(func(p *peer) { p.chain = chainID })
		}
		w.wait(testPoll)
		w.alarms()
	})
}

func TestANodeThatIsAwayIsNoAlarm(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		w.nodes[1].set(func(p *peer) { p.fails = errors.New("connection refused") })
		w.wait(testPoll)
		w.alarms()
	})
}

func TestNodesWithDifferentBlocksAreAnAlarmUntilTheyAgree(t *testing.T) {
	inWorld(t, 2, 0, func(w *world) {
		w.nodes[1].set(func(p *peer) { p.fork = 1 })
		w.grow()
		w.said(event.BlocksDiffer.String(), event.AlarmPrefix)
		w.alarms(ErrDiffer)
		w.nodes[1].set(func(p *peer) { p.fork = 0 })
		w.grow()
		w.alarms()
	})
}

package watch

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
)

var errRefused = errors.New("connection refused")

// Reports of the node in use and two witnesses, and the result.
func TestWitnesses(t *testing.T) {
	down := func(p *peer) { p.fails = errRefused }
	fork := func(p *peer) { p.fork = 1 }
	source := func(p *peer) { p.source = 9 }
	lie := func(p *peer) { p.lie = true }
	behind := func(p *peer) { p.late = 1000 }
	chain := func(p *peer) { p.chain = "other-1" }
	none := func(*peer) {}
	for name, tc := range map[string]struct {
		node, first, second func(*peer)
		want                error
		says                []string
	}{
		"all agree":                           {none, none, none, nil, nil},
		"one agrees, one is down":             {none, down, none, nil, nil},
		"one agrees, one is behind":           {none, none, behind, nil, nil},
		"one agrees, one lies about a block":  {none, lie, none, nil, nil},
		"one agrees, one is on another chain": {none, none, chain, nil, nil},
		"one agrees, one contradicts":         {none, none, fork, ErrDisputed, []string{event.Contradicted.String(), "node-1", "witness-2", "epoch=2"}},
		"the node is on a fork":               {fork, none, none, ErrDisputed, []string{event.Contradicted.String(), "epoch=2"}},
		"the node lies about the source":      {source, none, down, ErrDisputed, []string{event.Contradicted.String(), "witness-1", "node_reports=0:09"}},
		"both down":                           {none, down, down, ErrUnconfirmed, []string{event.Unconfirmed.String(), "witness-1", "witness-2", "connection refused"}},
		"both behind":                         {none, behind, behind, ErrUnconfirmed, []string{event.Unconfirmed.String(), "witness-1: is behind", "witness-2: is behind"}},
		"both lie about a block":              {none, lie, lie, ErrUnconfirmed, []string{event.Unconfirmed.String(), "block hash"}},
		"both on another chain":               {none, chain, chain, ErrUnconfirmed, []string{event.Unconfirmed.String(), `found "other-1"`}},
		"all are on one fork":                 {fork, fork, fork, nil, nil}, // then the fork is the chain
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 1, 2, func(w *world) {
				for i, change := range []func(*peer){tc.node, tc.first, tc.second} {
					[]*peer{w.nodes[0], w.witnesses[0], w.witnesses[1]}[i].set(change)
				}
				w.grow()
				began := time.Now()
				if tc.want == nil {
					w.duty(w.nodes[0], 2)
					if took := time.Since(began); took > objectionTime {
						t.Errorf("expected a duty within %s, found %s", objectionTime, took)
					}
					return
				}
				w.noDuty(tc.want)
				w.noDuty(tc.want) // logged once
				if took := time.Since(began); took > 2*juryPatience {
					t.Errorf("expected an answer within %s, found it after %s", juryPatience, took/2)
				}
				w.said(tc.says...)
			})
		})
	}
}

func TestNodeAndWitnessLieAboutABlock(t *testing.T) {
	inWorld(t, 1, 1, func(w *world) {
		w.nodes[0].set(func(p *peer) { p.lie = true })
		w.witnesses[0].set(func(p *peer) { p.lie = true })
		w.grow()
		w.noDuty(ErrInconsistent)
		w.wait(testPoll)
		w.said(event.Skipped.String(), "node=", "block hash")
		w.said(event.Skipped.String(), "witness=", "block hash")
		w.noDuty(ErrNoNode)
		w.nodes[0].set(func(p *peer) { p.lie = false })
		w.wait(testPoll)
		w.noDuty(ErrUnconfirmed)
		w.witnesses[0].set(func(p *peer) { p.lie = false })
		w.duty(w.nodes[0], 2)
	})
}

func TestVotingGoesOnWhenWitnessesAgreeAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		fault, repair func(*peer)
		want          error
	}{
		"down":   {func(p *peer) { p.fails = errRefused }, func(p *peer) { p.fails = nil }, ErrUnconfirmed},
		"hung":   {func(p *peer) { p.hangs = true }, func(p *peer) { p.hangs = false }, ErrUnconfirmed},
		"behind": {func(p *peer) { p.late = 1000 }, func(p *peer) { p.late = 0 }, ErrUnconfirmed},
		"lying":  {func(p *peer) { p.source = 9 }, func(p *peer) { p.source = 0 }, ErrDisputed},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 1, 1, func(w *world) {
				w.witnesses[0].set(tc.fault)
				w.grow()
				w.noDuty(tc.want)
				w.witnesses[0].set(tc.repair)
				w.duty(w.nodes[0], 2) // the same epoch
				w.said(event.Confirmed.String(), "epoch=2")
			})
		})
	}
}

func TestAWitnessThatIsBehindIsWaitedFor(t *testing.T) {
	inWorld(t, 1, 1, func(w *world) {
		w.grow(w.nodes[0])
		go func() {
			time.Sleep(juryPatience - lastRecheck)
			w.witnesses[0].grow(time.Now().Add(lastRecheck - juryPatience))
		}()
		w.duty(w.nodes[0], 2)
		if lines := w.log.count([]string{slog.LevelError.String()}); lines != 0 {
			t.Errorf("expected no alarm, found %d", lines)
		}
	})
}

func TestNobodyWaitsForAWitnessThatIsKnownToBeDown(t *testing.T) {
	inWorld(t, 1, 2, func(w *world) {
		w.witnesses[0].set(func(p *peer) { p.hangs = true })
		took := func() time.Duration {
			w.grow()
			began := time.Now()
			w.duty(w.nodes[0], uint64(len(w.nodes[0].blocks)))
			return time.Since(began)
		}
		if found := took(); found != objectionTime {
			t.Errorf("at first: expected %s for objections, found %s", objectionTime, found)
		}
		w.wait(testPoll + checkTimeout)
		w.said(event.Unhealthy.String(), "witness=", "witness-1")
		if found := took(); found != 0 {
			t.Errorf("expected a duty at once, found it after %s", found)
		}
	})
}

func TestAWitnessMayCatchUp(t *testing.T) {
	inWorld(t, 1, 1, func(w *world) {
		w.witnesses[0].set(func(p *peer) { p.catchingUp = true })
		w.grow()
		w.duty(w.nodes[0], 2) // it has the block and its state
	})
}

func TestTheWitnessesAreAskedOnceForAllKeys(t *testing.T) {
	inWorld(t, 1, 1, func(w *world) {
		w.grow()
		w.witnesses[0].set(func(p *peer) { p.late = 3 })
		before := w.witnesses[0].asked
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { w.duty(w.nodes[0], 2) })
		}
		wg.Wait()
		w.duty(w.nodes[0], 2)
		if asked := w.witnesses[0].asked - before; asked != 5 { // four for the checkpoint, one for its block
			t.Errorf("expected 5 questions, found %d", asked)
		}
	})
}

func TestTheEndIsNoFaultOfAWitness(t *testing.T) {
	inWorld(t, 1, 1, func(w *world) {
		w.witnesses[0].set(func(p *peer) { p.hangs = true })
		w.grow()
		w.look()
		ctx, cancel := context.WithCancel(w.t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if _, err := w.pool.Duty(ctx, ffg.PublicKey{}); !errors.Is(err, context.Canceled) {
			t.Errorf("expected %v, found %v", context.Canceled, err)
		}
		if lines := w.look(); len(lines) != 0 {
			t.Errorf("expected nothing in the log, found:\n%s", strings.Join(lines, "\n"))
		}
	})
}

func TestWitnessesAreAskedForRecordedVotesToo(t *testing.T) {
	inWorld(t, 1, 1, func(w *world) {
		w.witnesses[0].set(func(p *peer) { p.fails = errRefused })
		w.nodes[0].set(func(p *peer) { p.recorded = true })
		w.grow()
		w.noDuty(ErrUnconfirmed)
		w.nodes[0].set(func(p *peer) { p.stranger, p.voterSet = true, ffg.Root{1} }) // nothing to vote on in the next set
		w.grow()
		w.duty(w.nodes[0], 3)
	})
}

func TestTheAlarmNamesBothVotes(t *testing.T) {
	inWorld(t, 1, 1, func(w *world) {
		w.witnesses[0].set(func(p *peer) { p.fork = 1 })
		w.grow()
		w.noDuty(ErrDisputed)
		own, other := w.nodes[0].vote(2), w.witnesses[0].vote(2)
		if own.Target.Root == other.Target.Root {
			t.Fatal("expected two forks")
		}
		w.said(event.Contradicted.String(), "node_reports="+own.String(), "witness_reports="+other.String())
		if _, err := w.pool.Duty(w.t.Context(), ffg.PublicKey{}); !strings.Contains(err.Error(), "witness-1") {
			t.Errorf("expected the witness in the error, found %v", err)
		}
	})
}

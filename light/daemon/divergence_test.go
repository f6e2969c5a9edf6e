package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/core/light/lighttest"
	"github.com/dualchain/dualchain/light/daemon"
	"github.com/dualchain/dualchain/light/store"
)

func TestAForkFromBeforeTheTrustedCheckpointStopsTheClient(t *testing.T) {
	for name, following := range modes {
		for when, restarts := range map[string]bool{"while it runs": false, "after a restart": true} {
			t.Run(name+", "+when, func(t *testing.T) {
				honest, other, common := forked()
				second := lighttest.NewNode("second", honest)
				s := begin(t, following, honest, common-1, lighttest.NewNode("first", honest), second)
				s.expect(honest.Head() - 1)
				second.Chain = other
				if restarts {
					s.reopened()
				}
				_, err := s.update()
				s.stopped(err, following)
			})
		}
	}
}

func TestVotesOlderThanTheUnbondingTimeStopNobody(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			honest := rotating(1)
			other := honest.Fork()
			honest.Extend(2)
			other.Extend(4)
			kept, err := store.Create(t.TempDir(), store.Settings{ChainID: chainID, Following: following, UnbondingTime: store.Duration(90 * time.Second)}, honest.Trust(1))
			if err != nil {
				t.Fatal(err)
			}
			second := lighttest.NewNode("second", honest)
			client := daemon.New(kept, []light.Provider{lighttest.NewNode("first", honest), second}, slog.New(slog.DiscardHandler))
			daemon.SetClock(client, func() time.Time { return time.UnixMilli(int64(honest.Checkpoints[honest.Head()].Time)) })
			for range 2 { // the client stays up to date, while the other fork's votes grow old
				honest.Empty(50) // seconds
				honest.Extend(3)
				if _, err := client.Update(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			second.Chain = other
			if _, err := client.Update(t.Context()); errors.Is(err, light.ErrConflict) {
				t.Errorf("expected no conflict with what nobody can be held to account for, found %v", err)
			}
		})
	}
}

func TestAYoungForkStopsTheClientWhoseLogBeginsLongAgo(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			honest := rotating(1)
			honest.Empty(50) // seconds
			honest.Extend(4)
			rotate(honest, 5)
			other := honest.Fork()
			honest.Extend(2)
			other.Extend(4)
			now := time.UnixMilli(int64(honest.Checkpoints[honest.Head()].Time))
			folder := t.TempDir()
			kept, err := store.Create(folder, store.Settings{ChainID: chainID, Following: following, UnbondingTime: store.Duration(90 * time.Second)}, honest.Trust(1))
			if err != nil {
				t.Fatal(err)
			}
			second := lighttest.NewNode("second", honest)
			second.Page = 100
			s := &scene{t: t, folder: folder, nodes: []light.Provider{second}, log: new(bytes.Buffer)}
			s.client = daemon.New(kept, s.nodes, slog.New(slog.NewTextHandler(s.log, nil)))
			daemon.SetClock(s.client, func() time.Time { return now })
			s.expect(honest.Head() - 1)
			second.Chain = other
			daemon.SetClock(s.client, func() time.Time { return now.Add(60 * time.Second) })
			_, err = s.update()
			s.stopped(err, following)
		})
	}
}

// replay makes a node tell the truth up to an epoch, and lie after it.
func replay(n *lighttest.Node, until uint64) {
	n.Damage = func(h cert.HandOver) cert.HandOver {
		if final, _ := h.Certificate.Finalized(); final.Epoch <= until {
			return h
		}
		return flip(h)
	}
}

func TestALiarThatReplaysTheTruthCostsNoLookIntoTheLog(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			chain := rotating(4)
			liar := lighttest.NewNode("liar", chain)
			contested := 0
			liar.Asked = func(from uint64) {
				if from == 0 {
					contested++
				}
			}
			s := begin(t, following, chain, 0, lighttest.NewNode("honest", chain), liar)
			s.expect(chain.Head() - 1)
			contested = 0
			// Reading the log fails now: nothing in it can be verified again.
			log := filepath.Join(s.folder, "hand-overs")
			content, err := os.ReadFile(log)
			if err == nil {
				err = os.WriteFile(log, make([]byte, len(content)), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range uint64(3) {
				replay(liar, 6+3*i) // a little more each time
				rotate(chain, 50+i)
				s.expect(chain.Head() - 1)
			}
			if contested == 0 {
				t.Error("expected the liar to be asked for its chain from the start, found that it wasn't")
			}
		})
	}
}

func TestALiarIsContestedOnceInAWhile(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			chain := rotating(4)
			liar := lighttest.NewNode("liar", chain)
			liar.Page = 100
			s := begin(t, following, chain, 0, lighttest.NewNode("honest", chain), liar)
			s.expect(chain.Head() - 1)
			contested := 0
			liar.Asked = func(from uint64) {
				if from == 0 {
					contested++
				}
			}
			replay(liar, 6)
			start := time.Now()
			for i, tc := range []struct {
				after time.Duration
				times int
			}{{0, 1}, {5 * time.Second, 1}, {light.DefaultPolicy().Examine - 1, 1}, {light.DefaultPolicy().Examine, 2}, {2*light.DefaultPolicy().Examine - 1, 2}, {2 * light.DefaultPolicy().Examine, 3}} {
				daemon.SetClock(s.client, func() time.Time { return start.Add(tc.after) })
				rotate(chain, uint64(50+i))
				s.expect(chain.Head() - 1)
				if contested != tc.times {
					t.Errorf("after %s: expected it contested %d times, found %d", tc.after, tc.times, contested)
				}
			}
		})
	}
}

func TestWhatIsProvenCountsBeforeALiarIsContested(t *testing.T) {
	chain := rotating(4)
	liar := lighttest.NewNode("liar", chain)
	s := begin(t, true, chain, 0, lighttest.NewNode("honest", chain), liar)
	s.expect(chain.Head() - 1)
	replay(liar, 6)
	rotate(chain, 50)
	contested := false
	liar.Asked = func(from uint64) {
		if from > 0 {
			return
		}
		contested = true
		if trust, err := s.client.Trust(); err != nil || trust.Checkpoint.Epoch != chain.Head()-1 {
			t.Errorf("expected epoch %d to be served meanwhile, found %d, %v", chain.Head()-1, trust.Checkpoint.Epoch, err)
		}
	}
	s.expect(chain.Head() - 1)
	if !contested {
		t.Error("expected the liar to be contested, found that it wasn't")
	}
}

func TestASilentNodeHoldsUpNoOtherForLong(t *testing.T) {
	chain := rotating(8)
	behind := lighttest.NewNode("behind", certtest.New(chainID, chain.Voters, chain.Voters.Side(10, 10, 10, 10)))
	behind.Chain.Extend(1)
	for name, following := range modes {
		for _, tc := range []struct {
			who     string
			nodes   []light.Provider
			reached uint64 // 0 for an error
			after   time.Duration
		}{
			{"silent beside an honest one", []light.Provider{lighttest.Silent{Node: lighttest.NewNode("silent", chain)}, lighttest.NewNode("honest", chain)}, chain.Head() - 1, 10 * time.Second},
			{"silent alone", []light.Provider{lighttest.Silent{Node: lighttest.NewNode("silent", chain)}}, 0, time.Minute},
			{"slow alone", []light.Provider{lighttest.Silent{Node: lighttest.NewNode("slow", chain), Gives: true}}, 3, time.Minute},
			{"slow beside one that is behind", []light.Provider{lighttest.Silent{Node: lighttest.NewNode("slow", chain), Gives: true}, behind}, 3, 10 * time.Second},
		} {
			t.Run(name+", "+tc.who, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := begin(t, following, chain, 0, lighttest.NewNode("unused", chain))
					s.nodes, s.timed = tc.nodes, true
					start := time.Now()
					_, err := s.reopened().client.Update(t.Context())
					waited := time.Since(start)
					trust, _ := s.client.Trust()
					if found := trust.Checkpoint.Epoch; tc.reached == 0 && found != 0 || found < tc.reached || waited != tc.after || errors.Is(err, light.ErrNoAnswer) != (tc.reached == 0) {
						t.Errorf("expected epoch %d after %s, found %d after %s, %v", tc.reached, tc.after, found, waited, err)
					}
				})
			})
		}
	}
}

func TestAnUpdateEndsWithItsContext(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			chain := rotating(4)
			n := lighttest.NewNode("a", chain)
			s := begin(t, following, chain, 0, n)
			ctx, cancel := context.WithCancel(t.Context())
			n.Asked = func(uint64) { cancel() } // then it answers all the same
			if _, err := s.client.Update(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("expected %v, found %v", context.Canceled, err)
			}
			if trust, err := s.client.Trust(); err != nil || trust.Checkpoint.Epoch != 0 {
				t.Errorf("expected that nothing more is verified, found epoch %d, %v", trust.Checkpoint.Epoch, err)
			}
		})
	}
}

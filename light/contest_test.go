package light_test

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
	"github.com/dualchain/dualchain/light"
)

func TestAForkFromBeforeTheTrustedCheckpointStopsTheClient(t *testing.T) {
	for name, following := range modes {
		for when, restarts := range map[string]bool{"while it runs": false, "after a restart": true} {
			t.Run(name+", "+when, func(t *testing.T) {
				honest, other, common := forked()
				second := newNode("second", honest)
				s := begin(t, following, honest, common-1, newNode("first", honest), second)
				s.expect(honest.Head() - 1)
				second.chain = other
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
			honest.Empty(100) // seconds
			honest.Extend(6)
			now := time.UnixMilli(int64(honest.Checkpoints[honest.Head()].Time))
			store, err := light.CreateStore(t.TempDir(), light.Settings{ChainID: chainID, Following: following, UnbondingTime: light.Duration(90 * time.Second)}, honest.Trust(1))
			if err != nil {
				t.Fatal(err)
			}
			second := newNode("second", honest)
			client := light.NewClient(store, []light.Provider{newNode("first", honest), second}, slog.New(slog.DiscardHandler))
			light.SetClock(client, func() time.Time { return now.Add(-60 * time.Second) })
			if _, err := client.Update(t.Context()); err != nil {
				t.Fatal(err)
			}
			second.chain = other
			light.SetClock(client, func() time.Time { return now })
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
			honest.Empty(100) // seconds
			honest.Extend(4)
			rotate(honest, 5)
			other := honest.Fork()
			honest.Extend(2)
			other.Extend(4)
			now := time.UnixMilli(int64(honest.Checkpoints[honest.Head()].Time))
			folder := t.TempDir()
			store, err := light.CreateStore(folder, light.Settings{ChainID: chainID, Following: following, UnbondingTime: light.Duration(90 * time.Second)}, honest.Trust(1))
			if err != nil {
				t.Fatal(err)
			}
			second := newNode("second", honest)
			second.batch = 100
			s := &scene{t: t, folder: folder, nodes: []light.Provider{second}, log: new(bytes.Buffer)}
			s.client = light.NewClient(store, s.nodes, slog.New(slog.NewTextHandler(s.log, nil)))
			light.SetClock(s.client, func() time.Time { return now.Add(-60 * time.Second) })
			s.expect(honest.Head() - 1)
			second.chain = other
			light.SetClock(s.client, func() time.Time { return now })
			_, err = s.update()
			s.stopped(err, following)
		})
	}
}

// replays has a node tell the truth up to an epoch, and lie from there on.
func (n *node) replays(until uint64) {
	n.damage = func(h cert.HandOver) cert.HandOver {
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
			liar := newNode("liar", chain)
			contested := 0
			liar.asked = func(from uint64) {
				if from == 0 {
					contested++
				}
			}
			s := begin(t, following, chain, 0, newNode("honest", chain), liar)
			s.expect(chain.Head() - 1)
			contested = 0
			// Whoever reads the log now fails: none of it can be verified again.
			log := filepath.Join(s.folder, "hand-overs")
			content, err := os.ReadFile(log)
			if err == nil {
				err = os.WriteFile(log, make([]byte, len(content)), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range uint64(3) {
				liar.replays(6 + 3*i) // a little more each time
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
			liar := newNode("liar", chain)
			liar.batch = 100
			s := begin(t, following, chain, 0, newNode("honest", chain), liar)
			s.expect(chain.Head() - 1)
			contested := 0
			liar.asked = func(from uint64) {
				if from == 0 {
					contested++
				}
			}
			liar.replays(6)
			start := time.Now()
			for i, tc := range []struct {
				after time.Duration
				times int
			}{{0, 1}, {5 * time.Second, 1}, {light.ContestEvery - 1, 1}, {light.ContestEvery, 2}, {2*light.ContestEvery - 1, 2}, {2 * light.ContestEvery, 3}} {
				light.SetClock(s.client, func() time.Time { return start.Add(tc.after) })
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
	liar := newNode("liar", chain)
	s := begin(t, true, chain, 0, newNode("honest", chain), liar)
	s.expect(chain.Head() - 1)
	liar.replays(6)
	rotate(chain, 50)
	contested := false
	liar.asked = func(from uint64) {
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
	behind := newNode("behind", certtest.New(chainID, chain.Voters, chain.Voters.Side(10, 10, 10, 10)))
	behind.chain.Extend(1)
	for name, following := range modes {
		for _, tc := range []struct {
			who     string
			nodes   []light.Provider
			reached uint64 // 0 for an error
			after   time.Duration
		}{
			{"silent beside an honest one", []light.Provider{silent{newNode("silent", chain), false}, newNode("honest", chain)}, chain.Head() - 1, 10 * time.Second},
			{"silent alone", []light.Provider{silent{newNode("silent", chain), false}}, 0, time.Minute},
			{"slow alone", []light.Provider{silent{newNode("slow", chain), true}}, 3, time.Minute},
			{"slow beside one that is behind", []light.Provider{silent{newNode("slow", chain), true}, behind}, 3, 10 * time.Second},
		} {
			t.Run(name+", "+tc.who, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := begin(t, following, chain, 0, newNode("unused", chain))
					s.nodes = tc.nodes
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
			n := newNode("a", chain)
			s := begin(t, following, chain, 0, n)
			ctx, cancel := context.WithCancel(t.Context())
			n.asked = func(uint64) { cancel() } // then it answers all the same
			if _, err := s.client.Update(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("expected %v, found %v", context.Canceled, err)
			}
			if trust, err := s.client.Trust(); err != nil || trust.Checkpoint.Epoch != 0 {
				t.Errorf("expected that nothing more is verified, found epoch %d, %v", trust.Checkpoint.Epoch, err)
			}
		})
	}
}

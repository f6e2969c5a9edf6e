package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/core/light/lighttest"
	"github.com/dualchain/dualchain/light/daemon"
	"github.com/dualchain/dualchain/light/store"
)

// slow answers every proof after a while.
type slow struct {
	*lighttest.Node
	after time.Duration
}

// Prove implements light.Provider.
func (n slow) Prove(ctx context.Context, about light.Request, epoch uint64, members bool) (cert.Proof, error) {
	select {
	case <-ctx.Done():
		return cert.Proof{}, context.Cause(ctx)
	case <-time.After(n.after):
		return n.Node.Prove(ctx, about, epoch, members)
	}
}

// lacking is a node that never has the requested document.
type lacking struct{ *lighttest.Node }

// Prove implements light.Provider.
func (lacking) Prove(context.Context, light.Request, uint64, bool) (cert.Proof, error) {
	return cert.Proof{}, fmt.Errorf("%w: pruned", light.ErrNotFound)
}

func TestAQuestionWaitsForASilentNodeForASecond(t *testing.T) {
	chain := rotating(1)
	honest, down := lighttest.NewNode("honest", chain), lighttest.NewNode("down", chain)
	down.Down = true
	mute := lighttest.Silent{Node: lighttest.NewNode("silent", chain)}
	const known, unknown = 1, 99_999
	for name, tc := range map[string]struct {
		nodes  []light.Provider
		height uint64
		after  time.Duration
		want   error
	}{
		"the first is silent":                        {[]light.Provider{mute, honest}, known, time.Second, nil},
		"the first two are":                          {[]light.Provider{mute, mute, honest}, known, 2 * time.Second, nil},
		"the last is silent":                         {[]light.Provider{honest, mute}, known, 0, nil},
		"the first is down":                          {[]light.Provider{down, honest}, known, 0, nil},
		"the first is slow, and the next silent":     {[]light.Provider{slow{honest, 8 * time.Second}, mute}, known, 8 * time.Second, nil},
		"the first is slow, and the next is down":    {[]light.Provider{slow{honest, 8 * time.Second}, down}, known, 8 * time.Second, nil},
		"the only one is slow":                       {[]light.Provider{slow{honest, 8 * time.Second}}, known, 8 * time.Second, nil},
		"a silent one, and one that doesn't have it": {[]light.Provider{mute, honest}, unknown, 6 * time.Second, light.ErrNotFound},
		"one lacks it, then the silent, then one has": {
			[]light.Provider{lacking{honest}, mute, mute, mute, slow{honest, time.Millisecond}}, known, time.Millisecond, nil,
		},
		"one lacks it, and a slow one has it": {[]light.Provider{lacking{honest}, slow{honest, 4 * time.Second}}, known, 4 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := begin(t, false, chain, 0, honest)
				s.nodes, s.timed = tc.nodes, true
				s.reopened()
				start := time.Now()
				outcome, _, err := s.client.Prove(t.Context(), light.BlockRequest(tc.height))
				if waited := time.Since(start); waited != tc.after || !errors.Is(err, tc.want) || err == nil && outcome.Height != tc.height {
					t.Errorf("expected %v after %s, found block %d, %v after %s", tc.want, tc.after, outcome.Height, err, waited)
				}
			})
		})
	}
}

func TestAQuestionThatNobodyAnswersNamesAllNodes(t *testing.T) {
	chain := rotating(1)
	s := begin(t, false, chain, 0, lighttest.NewNode("a", chain), lighttest.NewNode("b", chain))
	_, _, err := s.client.Prove(t.Context(), light.BlockRequest(99_999))
	if err == nil || !strings.Contains(err.Error(), "a: ") || !strings.Contains(err.Error(), "\nb: ") {
		t.Errorf("expected both nodes in their order, found %v", err)
	}
}

func TestAFirstStartIsNotHeldUpByASilentNode(t *testing.T) {
	chain := rotating(1)
	nodes := []light.Provider{lighttest.Silent{Node: lighttest.NewNode("silent", chain)}, lighttest.NewNode("honest", chain)}
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				arrive()
				start := time.Now()
				settings := store.Settings{Following: following, UnbondingTime: store.Duration(100 * 365 * 24 * time.Hour)}
				if _, err := daemon.Initialize(t.Context(), t.TempDir(), settings, chain.Checkpoints[1].Ref(), nodes); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(start); waited > 6*time.Second {
					t.Errorf("expected it begun within 6s, found %s", waited)
				}
			})
		})
	}
}

func TestTheShortestUnbondingTimeOfTheNodesIsTaken(t *testing.T) {
	chain := rotating(1)
	says := func(name string, d time.Duration) *lighttest.Node {
		n := lighttest.NewNode(name, chain)
		n.Unbonding = d
		return n
	}
	down := says("down", time.Second)
	down.Down = true
	mute := lighttest.Silent{Node: lighttest.NewNode("silent", chain)}
	for name, tc := range map[string]struct {
		nodes []light.Provider
		want  time.Duration
		from  string
	}{
		"the first says less":  {[]light.Provider{says("a", time.Hour), says("b", 2*time.Hour)}, time.Hour, "a"},
		"the last says less":   {[]light.Provider{says("a", 2*time.Hour), says("b", time.Hour)}, time.Hour, "b"},
		"others don't answer":  {[]light.Provider{mute, down, says("c", time.Hour)}, time.Hour, "c"},
		"nobody answers to it": {[]light.Provider{down}, 0, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			found, from, err := light.DefaultPolicy().ShortestUnbonding(t.Context(), tc.nodes)
			if found != tc.want || from != tc.from || (err == nil) != (tc.want > 0) {
				t.Errorf("%s: expected %s from %q, found %s from %q, %v", name, tc.want, tc.from, found, from, err)
			}
		})
	}
}

func TestFollowingBeginsOnlyWhereANodeKeepsTheLinks(t *testing.T) {
	chain := rotating(3)
	pruned := lighttest.NewNode("pruned", chain)
	pruned.FirstLink = 5
	settings := store.Settings{ChainID: chainID, UnbondingTime: store.Duration(100 * 365 * 24 * time.Hour)}
	for name, tc := range map[string]struct {
		following bool
		epoch     uint64
		nodes     []light.Provider
		ok        bool
	}{
		"pruned":                    {true, 4, []light.Provider{pruned}, false},
		"where the links begin":     {true, 5, []light.Provider{pruned}, true},
		"another node has them":     {true, 4, []light.Provider{pruned, lighttest.NewNode("archive", chain)}, true},
		"skipping needs none of it": {false, 4, []light.Provider{pruned}, true},
	} {
		settings.Following = tc.following
		folder := t.TempDir()
		_, err := daemon.Initialize(t.Context(), folder, settings, chain.Checkpoints[tc.epoch].Ref(), tc.nodes)
		if tc.ok {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "trust an epoch from which one keeps them") || !strings.Contains(err.Error(), "only epochs from 5 on") {
			t.Errorf("%s: expected that epoch 5 is named, found %v", name, err)
		}
		if _, err := store.Open(folder); !errors.Is(err, store.ErrNoTrust) {
			t.Errorf("%s: expected that nothing is kept, found %v", name, err)
		}
	}
}

package light_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/light"
)

func TestTheUserNamesTheCheckpoint(t *testing.T) {
	chain := rotating(1)
	liar := newNode("liar", chain)
	liar.trust = func(trust cert.Trust) (cert.Trust, bool) {
		trust.Voters = slices.Clone(trust.Voters)
		trust.Voters[0].Current++
		return trust, true
	}
	settings := light.Settings{ChainID: chainID, UnbondingTime: light.Duration(100 * 365 * 24 * time.Hour)}
	for name, tc := range map[string]struct {
		ref   ffg.Ref
		nodes []light.Provider
		says  string // nothing if it is taken
	}{
		"other members":             {chain.Checkpoints[1].Ref(), []light.Provider{liar}, "voters: expected hash"},
		"other members, then right": {chain.Checkpoints[1].Ref(), []light.Provider{liar, newNode("a", chain)}, ""},
		"another root":              {ffg.Ref{Epoch: 1, Root: ffg.Root{1}}, []light.Provider{newNode("a", chain)}, "expected the checkpoint of epoch 1"},
		"not final yet":             {ffg.Ref{Epoch: 99}, []light.Provider{newNode("a", chain)}, light.ErrNotThere.Error()},
	} {
		_, err := light.Begin(t.Context(), t.TempDir(), settings, tc.ref, tc.nodes)
		if tc.says == "" && err != nil || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: expected %q, found %v", name, tc.says, err)
		}
	}
}

// called returns a node that says that its chain has another id than it has.
func called(id string, chain *certtest.Chain) *node {
	n := newNode("says "+id, chain)
	n.says = id
	return n
}

func TestAChainIsKnownOnceNodesAgreeAndVotesShowIt(t *testing.T) {
	chain := rotating(2)
	started := certtest.New(chainID, chain.Voters, chain.Voters.Side(10, 10, 10, 10))
	started.Extend(1)
	fresh := newNode("fresh", started) // nothing is final but the anchor
	fresh.mute = true
	fresh.newest = func() (cert.Certificate, error) { return cert.Certificate{}, light.ErrNotThere }
	down := newNode("down", chain)
	down.down = true
	forger := newNode("forger", chain)
	forger.damage = flip
	pruned := newNode("pruned", chain)
	pruned.mute = true
	for name, tc := range map[string]struct {
		id    string // what the user says
		epoch uint64
		nodes []light.Provider
		says  string // nothing if it is taken
	}{
		"one node":                            {"", 1, []light.Provider{newNode("a", chain)}, ""},
		"the newest checkpoint":               {"", chain.Head() - 1, []light.Provider{newNode("a", chain)}, ""},
		"the anchor":                          {"", 0, []light.Provider{newNode("a", chain)}, ""},
		"another node doesn't answer":         {"", 1, []light.Provider{down, newNode("a", chain)}, ""},
		"a node without old certificates":     {"", 1, []light.Provider{pruned}, ""},
		"the first node lies":                 {"", 1, []light.Provider{called("evil-9", chain), newNode("a", chain)}, `found "evil-9" from says evil-9, "test-1" from a`},
		"the last node lies":                  {"", 1, []light.Provider{newNode("a", chain), called("evil-9", chain)}, `found "test-1" from a, "evil-9" from says evil-9`},
		"the only node lies":                  {"", 1, []light.Provider{called("evil-9", chain)}, `chain "evil-9"`},
		"nobody answers":                      {"", 1, []light.Provider{down}, errDown.Error()},
		"nothing is final that could show it": {"", 0, []light.Provider{fresh}, light.ErrChainID.Error()},

		"named":                                       {chainID, 1, []light.Provider{newNode("a", chain)}, ""},
		"named, and the first node lies":              {chainID, 1, []light.Provider{called("evil-9", chain), newNode("a", chain)}, ""},
		"named, and all forge":                        {chainID, 1, []light.Provider{forger, forger}, "signature"},
		"named, and nothing is final":                 {chainID, 0, []light.Provider{fresh}, ""},
		"named wrongly":                               {"tset-1", 1, []light.Provider{newNode("a", chain)}, `expected certificates of chain "tset-1"`},
		"named, and one forges while nothing is kept": {chainID, chain.Head() - 1, []light.Provider{forger, pruned}, ""},
	} {
		folder := t.TempDir()
		from := tc.nodes[len(tc.nodes)-1].(*node).chain
		settings := light.Settings{ChainID: tc.id, UnbondingTime: light.Duration(100 * 365 * 24 * time.Hour)}
		store, err := light.Begin(t.Context(), folder, settings, from.Checkpoints[tc.epoch].Ref(), tc.nodes)
		if tc.says == "" {
			if err != nil || store.Settings().ChainID != chainID {
				t.Errorf("%s: expected a store of %s, found %v", name, chainID, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: expected %q, found %v", name, tc.says, err)
		}
		if _, err := light.OpenStore(folder); !errors.Is(err, light.ErrNoTrust) {
			t.Errorf("%s: expected that nothing is kept, found %v", name, err)
		}
	}
}

package daemon_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/core/light/lighttest"
	"github.com/dualchain/dualchain/light/daemon"
	"github.com/dualchain/dualchain/light/store"
)

func TestTheUserNamesTheCheckpoint(t *testing.T) {
	chain := rotating(1)
	liar := lighttest.NewNode("liar", chain)
	liar.TrustOverride = func(trust cert.Trust) (cert.Trust, bool) {
		trust.Voters = slices.Clone(trust.Voters)
		trust.Voters[0].Current++
		return trust, true
	}
	settings := store.Settings{ChainID: chainID, UnbondingTime: store.Duration(100 * 365 * 24 * time.Hour)}
	for name, tc := range map[string]struct {
		ref   ffg.Ref
		nodes []light.Provider
		says  string // nothing if it is taken
	}{
		"other members":             {chain.Checkpoints[1].Ref(), []light.Provider{liar}, "voters: expected hash"},
		"other members, then right": {chain.Checkpoints[1].Ref(), []light.Provider{liar, lighttest.NewNode("a", chain)}, ""},
		"another root":              {ffg.Ref{Epoch: 1, Root: ffg.Root{1}}, []light.Provider{lighttest.NewNode("a", chain)}, "expected the checkpoint of epoch 1"},
		"not final yet":             {ffg.Ref{Epoch: 99}, []light.Provider{lighttest.NewNode("a", chain)}, light.ErrNotFound.Error()},
	} {
		_, err := daemon.Initialize(t.Context(), t.TempDir(), settings, tc.ref, tc.nodes)
		if tc.says == "" && err != nil || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) {
			t.Errorf("%s: expected %q, found %v", name, tc.says, err)
		}
	}
}

// called returns a node that says that its chain has another id than it has.
func called(id string, chain *certtest.Chain) *lighttest.Node {
	n := lighttest.NewNode("says "+id, chain)
	n.ClaimsID = id
	return n
}

func TestAChainIsKnownOnceNodesAgreeAndVotesShowIt(t *testing.T) {
	chain := rotating(2)
	started := certtest.New(chainID, chain.Voters, chain.Voters.Side(10, 10, 10, 10))
	started.Extend(1)
	fresh := lighttest.NewNode("fresh", started) // nothing is final but the anchor
	fresh.Mute = true
	fresh.NewestOverride = func() (cert.Certificate, error) { return cert.Certificate{}, light.ErrNotFound }
	down := lighttest.NewNode("down", chain)
	down.Down = true
	forger := lighttest.NewNode("forger", chain)
	forger.Damage = flip
	pruned := lighttest.NewNode("pruned", chain)
	pruned.Mute = true
	for name, tc := range map[string]struct {
		id    string // what the user says
		epoch uint64
		nodes []light.Provider
		says  string // nothing if it is taken
	}{
		"one node":                            {"", 1, []light.Provider{lighttest.NewNode("a", chain)}, ""},
		"the newest checkpoint":               {"", chain.Head() - 1, []light.Provider{lighttest.NewNode("a", chain)}, ""},
		"the anchor":                          {"", 0, []light.Provider{lighttest.NewNode("a", chain)}, ""},
		"another node doesn't answer":         {"", 1, []light.Provider{down, lighttest.NewNode("a", chain)}, ""},
		"a node without old certificates":     {"", 1, []light.Provider{pruned}, ""},
		"the first node lies":                 {"", 1, []light.Provider{called("evil-9", chain), lighttest.NewNode("a", chain)}, `found "evil-9" from says evil-9, "test-1" from a`},
		"the last node lies":                  {"", 1, []light.Provider{lighttest.NewNode("a", chain), called("evil-9", chain)}, `found "test-1" from a, "evil-9" from says evil-9`},
		"the only node lies":                  {"", 1, []light.Provider{called("evil-9", chain)}, `chain "evil-9"`},
		"nobody answers":                      {"", 1, []light.Provider{down}, lighttest.ErrDown.Error()},
		"nothing is final that could show it": {"", 0, []light.Provider{fresh}, light.ErrChainID.Error()},

		"named":                                       {chainID, 1, []light.Provider{lighttest.NewNode("a", chain)}, ""},
		"named, and the first node lies":              {chainID, 1, []light.Provider{called("evil-9", chain), lighttest.NewNode("a", chain)}, ""},
		"named, and all forge":                        {chainID, 1, []light.Provider{forger, forger}, "signature"},
		"named, and nothing is final":                 {chainID, 0, []light.Provider{fresh}, ""},
		"named wrongly":                               {"tset-1", 1, []light.Provider{lighttest.NewNode("a", chain)}, `expected certificates of chain "tset-1"`},
		"named, and one forges while nothing is kept": {chainID, chain.Head() - 1, []light.Provider{forger, pruned}, ""},
	} {
		folder := t.TempDir()
		from := tc.nodes[len(tc.nodes)-1].(*lighttest.Node).Chain
		settings := store.Settings{ChainID: tc.id, UnbondingTime: store.Duration(100 * 365 * 24 * time.Hour)}
		made, err := daemon.Initialize(t.Context(), folder, settings, from.Checkpoints[tc.epoch].Ref(), tc.nodes)
		if tc.says == "" {
			if err != nil || made.Settings().ChainID != chainID {
				t.Errorf("%s: expected a store of %s, found %v", name, chainID, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: expected %q, found %v", name, tc.says, err)
		}
		if _, err := store.Open(folder); !errors.Is(err, store.ErrNoTrust) {
			t.Errorf("%s: expected that nothing is kept, found %v", name, err)
		}
	}
}

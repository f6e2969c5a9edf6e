package daemon_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/core/light/lighttest"
)

func TestAProofOfSomethingElseIsNoAnswer(t *testing.T) {
	chain := rotating(1)
	for name, tc := range map[string]struct {
		change func(*cert.Proof)
		want   error
	}{
		"another block": {func(p *cert.Proof) { block := chain.Inclusion(2, 2); p.Block = &block }, light.ErrOtherSubject},
		"another chain": {func(p *cert.Proof) { p.ChainID = "other-1" }, nil},
	} {
		n := lighttest.NewNode("liar", chain)
		s := begin(t, false, chain, 2, n)
		n.ChangeProof = tc.change
		if _, _, err := s.client.Prove(t.Context(), light.BlockRequest(1)); err == nil || tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), "liar") {
			t.Errorf("%s: expected %v, found %v", name, tc.want, err)
		}
		s.nodes = append(s.nodes, lighttest.NewNode("honest", chain))
		if outcome, _, err := s.reopened().client.Prove(t.Context(), light.BlockRequest(1)); err != nil || outcome.Height != 1 {
			t.Errorf("%s: expected the other node's answer, found %+v, %v", name, outcome, err)
		}
	}
}

func TestTheLatestStateIsNoOlderThanTheTrustedCheckpoint(t *testing.T) {
	trusted := ffg.Checkpoint{Height: 10}
	for _, tc := range []struct {
		asked, found uint64
		ok           bool
	}{{0, 8, false}, {0, 9, true}, {0, 10, true}, {8, 8, true}, {8, 9, false}, {11, 10, false}} {
		outcome := cert.Outcome{Kind: cert.KindState, Height: tc.found, State: &cert.StateProof{Store: "bank", Key: []byte{1}}}
		err := light.StateRequest("bank", []byte{1}, tc.asked).Check(outcome, trusted)
		if (err == nil) != tc.ok || err != nil && !errors.Is(err, light.ErrOtherSubject) {
			t.Errorf("asked for the state after block %d (0 is the latest): expected that after block %d taken %t, found %v", tc.asked, tc.found, tc.ok, err)
		}
	}

	// The checkpoint that counts is the one that the question starts from.
	chain := rotating(1)
	s := begin(t, false, chain, 3, lighttest.NewNode("a", chain))
	height := chain.Checkpoints[3].Height
	if _, _, err := s.client.Prove(t.Context(), light.Request{Kind: cert.KindBlock, Height: height - 1, Latest: true}); err != nil {
		t.Errorf("expected what the trusted checkpoint's header commits to taken, found %v", err)
	}
	if _, _, err := s.client.Prove(t.Context(), light.Request{Kind: cert.KindBlock, Height: height - 2, Latest: true}); !errors.Is(err, light.ErrOtherSubject) || !strings.Contains(err.Error(), "or a later one") {
		t.Errorf("expected %v, found %v", light.ErrOtherSubject, err)
	}
}

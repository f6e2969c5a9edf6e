package light_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/light"
)

func TestAProofOfSomethingElseIsNoAnswer(t *testing.T) {
	chain := rotating(1)
	for name, tc := range map[string]struct {
		change func(*cert.Proof)
		want   error
	}{
		"another block": {func(p *cert.Proof) { block := chain.Inclusion(2, 2); p.Block = &block }, light.ErrOtherAnswer},
		"another chain": {func(p *cert.Proof) { p.ChainID = "other-1" }, nil},
	} {
		n := newNode("liar", chain)
		s := begin(t, false, chain, 2, n)
		n.proof = tc.change
		if _, _, err := s.client.Ask(t.Context(), light.AboutBlock(1)); err == nil || tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), "liar") {
			t.Errorf("%s: expected %v, found %v", name, tc.want, err)
		}
		s.nodes = append(s.nodes, newNode("honest", chain))
		if outcome, _, err := s.reopened().client.Ask(t.Context(), light.AboutBlock(1)); err != nil || outcome.Height != 1 {
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
		err := light.AboutState("bank", []byte{1}, tc.asked).Answers(outcome, trusted)
		if (err == nil) != tc.ok || err != nil && !errors.Is(err, light.ErrOtherAnswer) {
			t.Errorf("asked for the state after block %d (0 is the latest): expected that after block %d taken %t, found %v", tc.asked, tc.found, tc.ok, err)
		}
	}

	// The checkpoint that counts is the one that the question starts from.
	chain := rotating(1)
	s := begin(t, false, chain, 3, newNode("a", chain))
	height := chain.Checkpoints[3].Height
	if _, _, err := s.client.Ask(t.Context(), light.LatestBlock(height-1)); err != nil {
		t.Errorf("expected what the trusted checkpoint's header commits to taken, found %v", err)
	}
	if _, _, err := s.client.Ask(t.Context(), light.LatestBlock(height-2)); !errors.Is(err, light.ErrOtherAnswer) || !strings.Contains(err.Error(), "or a later one") {
		t.Errorf("expected %v, found %v", light.ErrOtherAnswer, err)
	}
}

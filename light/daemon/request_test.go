package daemon_test

import (
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/core/light/lighttest"
)

// failed returns the step that failed, or nothing.
func failed(err error) cert.Step {
	step, _ := cert.FailedStep(err)
	return step
}

func TestAProofOfSomethingElseIsNoAnswer(t *testing.T) {
	chain := rotating(1)
	for name, tc := range map[string]struct {
		change func(*cert.Proof)
		want   cert.Step
	}{
		"another block": {func(p *cert.Proof) { block := chain.Inclusion(2, 2); p.Block = &block }, cert.StepSubject},
		"another chain": {func(p *cert.Proof) { p.ChainID = "other-1" }, cert.StepChain},
	} {
		n := lighttest.NewNode("liar", chain)
		s := begin(t, false, chain, 2, n)
		n.ChangeProof = tc.change
		if _, _, err := s.client.Prove(t.Context(), light.BlockRequest(1)); failed(err) != tc.want || !strings.Contains(err.Error(), "liar") {
			t.Errorf("%s: expected step %s, found %v", name, tc.want, err)
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
	}{{0, 8, false}, {0, 9, true}, {0, 10, true}, {8, 8, true}} {
		outcome := cert.Outcome{Kind: cert.KindState, Height: tc.found, State: &cert.StateProof{Store: "bank", Key: []byte{1}}}
		err := light.StateRequest("bank", []byte{1}, tc.asked).Check(outcome, trusted)
		if (err == nil) != tc.ok || err != nil && failed(err) != cert.StepSubject {
			t.Errorf("asked for the state after block %d (0 is the latest): expected that after block %d taken %t, found %v", tc.asked, tc.found, tc.ok, err)
		}
	}

	// The checkpoint that counts is the one that the question starts from.
	chain := rotating(1)
	s := begin(t, false, chain, 3, lighttest.NewNode("a", chain))
	height := chain.Checkpoints[3].Height
	if _, _, err := s.client.Prove(t.Context(), light.Request{Subject: cert.BlockSubject(height - 1), Latest: true}); err != nil {
		t.Errorf("expected what the trusted checkpoint's header commits to taken, found %v", err)
	}
	if _, _, err := s.client.Prove(t.Context(), light.Request{Subject: cert.BlockSubject(height - 2), Latest: true}); failed(err) != cert.StepSubject || !strings.Contains(err.Error(), "or a later one") {
		t.Errorf("expected step %s, found %v", cert.StepSubject, err)
	}
}

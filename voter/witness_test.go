package voter_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/duration"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/internal/fakenode"
	"github.com/dualchain/dualchain/x/finality/types"
)

// newTrial has a voter with a node and a witness, whose first vote is confirmed.
func newTrial(t *testing.T) (f *fixture, witness *fakenode.Node) {
	t.Helper()
	f, witness = newCluster(t)
	f.config.Witnesses = configOf(witness)
	f.start().voteAt(f.node)
	return f, witness
}

func TestWithoutAWitnessThatAgreesThereIsNoVote(t *testing.T) {
	lie := func(node *fakenode.Node) { node.Misreport(func(c *ffg.Checkpoint) { c.BlockHash = ffg.Root{1} }) }
	honest := func(node *fakenode.Node) { node.Misreport(nil) }
	for name, tc := range map[string]struct {
		fault  func(node, witness *fakenode.Node)
		says   []string
		repair func(node, witness *fakenode.Node)
	}{
		"the witness is down": {
			func(_, witness *fakenode.Node) { witness.Stop() },
			[]string{event.Unconfirmed.String()},
			func(node, witness *fakenode.Node) { witness.Restart(); witness.Adopt(node) },
		},
		"the witness is on another chain": {
			func(_, witness *fakenode.Node) { witness.Fork("other-1", 1); witness.Grow() },
			[]string{event.Unconfirmed.String()},
			func(node, witness *fakenode.Node) { witness.Adopt(node) },
		},
		"the witness stays behind": {
			func(_, witness *fakenode.Node) { witness.Isolate(true) },
			[]string{event.Unconfirmed.String(), "is behind"},
			func(_, witness *fakenode.Node) { witness.Isolate(false); witness.Replay(10) },
		},
		"the witness lies about a block hash": {
			func(_, witness *fakenode.Node) { lie(witness) },
			[]string{event.Unconfirmed.String(), "block hash"},
			func(_, witness *fakenode.Node) { honest(witness) },
		},
		"the witness is on a fork": {
			func(_, witness *fakenode.Node) { witness.Isolate(true); witness.GrowAt(time.Now().Add(time.Second)) },
			[]string{event.Contradicted.String()},
			func(node, witness *fakenode.Node) { witness.Isolate(false); witness.Adopt(node) },
		},
		"the node is on a fork": {
			func(node, witness *fakenode.Node) { node.Isolate(true); witness.GrowAt(time.Now().Add(time.Second)) },
			[]string{event.Contradicted.String()},
			func(node, witness *fakenode.Node) { node.Isolate(false); node.Adopt(witness) },
		},
		"the node lies about a block hash": {
			func(node, _ *fakenode.Node) { lie(node) },
			[]string{event.Skipped.String(), "node=", "block hash"},
			func(node, _ *fakenode.Node) { honest(node) },
		},
		"both lie about a block hash": {
			func(node, witness *fakenode.Node) { lie(node); lie(witness) },
			[]string{event.Skipped.String(), "node=", "block hash"},
			func(node, witness *fakenode.Node) { honest(node); honest(witness) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, witness := newTrial(t)
			tc.fault(f.node, witness)
			f.node.Grow()
			f.said(tc.says...)
			if votes := len(f.node.Votes()); votes != 0 {
				t.Errorf("expected no vote, found %d", votes)
			}
			tc.repair(f.node, witness)
			f.node.Grow()
			f.voteAt(f.node)
			f.stop()
			f.never("code=guard_")
		})
	}
}

func TestTheAlarmSaysWhoReportsWhat(t *testing.T) {
	f, witness := newTrial(t)
	witness.Isolate(true)
	witness.GrowAt(time.Now().Add(time.Second))
	f.node.Grow()
	f.said(event.Contradicted.String(), "epoch=2",
		"node="+f.node.GRPC(), "node_reports="+f.node.Duty().String(),
		"witness="+witness.GRPC(), "witness_reports="+witness.Duty().String())
	f.stop()
}

func TestAWitnessALittleBehindIsWaitedFor(t *testing.T) {
	f, witness := newTrial(t)
	witness.Isolate(true)
	f.node.Grow()
	witness.Isolate(false)
	witness.Replay(1)
	f.voteAt(f.node)
	f.stop()
	f.never(slog.LevelError.String())
}

func TestOneWitnessOfSeveralIsEnough(t *testing.T) {
	f, witness := newCluster(t)
	other := f.node.Peer()
	f.config.Witnesses = configOf(other, witness)
	other.Stop()
	f.start().voteAt(f.node)
	f.node.Grow()
	f.voteAt(f.node)
	f.stop()
	f.never(slog.LevelError.String())
}

func TestAfterAFailoverTheWitnessIsAskedToo(t *testing.T) {
	f, witness := newCluster(t)
	second := f.node.Peer()
	f.config.Nodes, f.config.Witnesses = configOf(f.node, second), configOf(witness)
	f.following().Grow()
	f.voteAt(second)
	f.node.Stop()
	f.said(event.UsingNode.String(), second.GRPC())
	second.Grow()
	f.voteAt(second)
	second.Isolate(true)
	witness.GrowAt(time.Now().Add(time.Second))
	second.Grow()
	f.said(event.Contradicted.String(), "node="+second.GRPC())
	if votes := len(second.Votes()); votes != 0 {
		t.Errorf("expected no vote, found %d", votes)
	}
	f.stop()
}

// A node says that the key has voted for an epoch that never comes, and then tells the truth.
func TestOneFalseRecordSilencesNobody(t *testing.T) {
	for name, tc := range map[string]struct {
		witness bool
		says    []string
	}{
		"without a witness": {false, []string{event.Skipped.String(), "node=", "shows no signature"}},
		"with a witness":    {true, []string{event.Unconfirmed.String()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 2)
			f.config.PollInterval = duration.Text(100 * time.Millisecond)
			grow := func() { f.node.Grow(); f.node.Grow() }
			grow()
			if tc.witness {
				f.config.Witnesses = configOf(f.node.Peer())
			}
			f.start().voteAt(f.node)
			f.node.Misreport(func(c *ffg.Checkpoint) { c.Epoch = c.Height })
			f.node.Lie(func(r *types.QueryDutyResponse) { r.Recorded = true })
			grow()
			f.said(tc.says...)
			f.node.Misreport(nil)
			f.node.Lie(nil)
			grow()
			f.voteAt(f.node)
			f.stop()
		})
	}
}

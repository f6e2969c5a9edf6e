package voter_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/duration"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/internal/fakenode"
	"github.com/dualchain/dualchain/voter/watch"
	"github.com/dualchain/dualchain/x/finality/types"
)

// configOf is where a node is.
func configOf(nodes ...*fakenode.Node) (configs []home.NodeConfig) {
	for _, node := range nodes {
		configs = append(configs, home.NodeConfig{GRPC: node.GRPC(), RPC: node.RPC()})
	}
	return configs
}

// newCluster has a voter with a node at block 1 and a peer of that node, which isn't in its configuration yet. It polls often.
func newCluster(t *testing.T) (*fixture, *fakenode.Node) {
	t.Helper()
	f := newFixture(t, 1)
	f.config.PollInterval = duration.Text(100 * time.Millisecond)
	f.node.Grow()
	return f, f.node.Peer()
}

// following starts the voter and waits until it uses its first node and sends votes to all: they are healthy. It returns the
// first node.
func (f *fixture) following() *fakenode.Node {
	f.t.Helper()
	await := [][]string{{event.UsingNode.String(), f.config.Nodes[0].GRPC}}
	for _, node := range f.config.Nodes {
		await = append(await, []string{event.Healthy.String(), "node=" + node.GRPC})
	}
	f.start()
	var others []string
	for len(await) > 0 { // in any order
		line, before := f.said(), len(await)
		await = slices.DeleteFunc(await, func(words []string) bool {
			return strings.Contains(line, words[0]) && strings.Contains(line, words[1])
		})
		if len(await) == before {
			others = append(others, line)
		}
	}
	for _, line := range others { // for who waits for one of them
		f.log <- line
	}
	return f.node
}

// voteAt waits until a node has the vote for its head. Each vote before that must be honest too.
func (f *fixture) voteAt(node *fakenode.Node) {
	f.t.Helper()
	want := node.Duty()
	for {
		select {
		case vote := <-node.Votes():
			if honest := node.Honest(vote.Vote.Target.Epoch); vote.Vote != honest {
				f.t.Fatalf("expected %v, found %v", honest, vote.Vote)
			}
			if vote.Vote == want {
				return
			}
		case <-time.After(30 * time.Second):
			f.t.Fatalf("expected a vote for epoch %d, found none", want.Target.Epoch)
		}
	}
}

// What can be wrong with a node, what the log says of it, and what mends it.
var faults = map[string]struct {
	fault  func(node *fakenode.Node)
	says   []string
	repair func(node, peer *fakenode.Node)
}{
	"unreachable": {
		(*fakenode.Node).Stop,
		[]string{event.Unhealthy.String(), "node="}, // the connection is refused, or was lost while the node was asked
		func(node, _ *fakenode.Node) { node.Restart(); node.Replay(10) },
	},
	"without gRPC": {
		(*fakenode.Node).StopGRPC,
		[]string{event.Unhealthy.String(), "node="},
		func(node, _ *fakenode.Node) { node.StartGRPC() },
	},
	"slow": {
		func(node *fakenode.Node) { node.Hang(true) },
		[]string{event.Unhealthy.String(), "node="},
		func(node, _ *fakenode.Node) { node.Hang(false) },
	},
	"catching up": {
		func(node *fakenode.Node) { node.CatchingUp(true) },
		[]string{event.Unhealthy.String(), "node=", "catching up"},
		func(node, _ *fakenode.Node) { node.CatchingUp(false) },
	},
	"on another chain": {
		func(node *fakenode.Node) { node.Fork("other-1", 1); node.Grow() },
		[]string{event.Skipped.String(), "node=", `expected "test-1", found "other-1"`},
		(*fakenode.Node).Adopt,
	},
	"lying about a block hash": {
		func(node *fakenode.Node) { node.Misreport(func(c *ffg.Checkpoint) { c.BlockHash = ffg.Root{1} }) },
		[]string{event.Skipped.String(), "node=", "block hash"},
		func(node, _ *fakenode.Node) { node.Misreport(nil) },
	},
}

func TestWhileTheOnlyNodeIsUnhealthyThereIsNoVote(t *testing.T) {
	for name, tc := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, peer := newCluster(t)
			f.start().said(event.UsingNode.String(), f.node.GRPC())
			f.voteAt(f.node)
			tc.fault(f.node)
			f.said(tc.says...)
			f.said(event.NoHealthyNode.String())
			peer.Grow()
			if votes := len(f.node.Votes()); votes != 0 {
				t.Errorf("expected no vote, found %d", votes)
			}
			tc.repair(f.node, peer)
			f.said(event.UsingNode.String(), f.node.GRPC())
			peer.Grow()
			f.voteAt(f.node)
			f.stop()
		})
	}
}

func TestTheNextNodeIsUsedWhileThePreferredIsUnhealthy(t *testing.T) {
	for name, tc := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, second := newCluster(t)
			f.config.Nodes = configOf(f.node, second)
			f.following().Grow()
			f.voteAt(second)
			tc.fault(f.node)
			second.Grow()
			f.voteAt(second) // in this very epoch
			f.said(tc.says...)
			f.said(event.UsingNode.String(), second.GRPC())
			for range 3 {
				second.Grow()
				f.voteAt(second)
			}
			tc.repair(f.node, second)
			f.said(event.Healthy.String(), "node=", f.node.GRPC())
			f.said(event.UsingNode.String(), f.node.GRPC())
			second.Grow()
			f.voteAt(f.node)
			f.stop()
		})
	}
}

func TestANodeStuckAtAnOldHeight(t *testing.T) {
	t.Run("is left for one that is ahead", func(t *testing.T) {
		f, second := newCluster(t)
		f.config.Nodes, f.config.StallAfter = configOf(f.node, second), duration.Text(time.Second)
		f.following().Grow()
		f.voteAt(second)
		f.node.Isolate(true)
		second.GrowAt(time.Now().Add(5 * time.Second))
		f.said(event.Unhealthy.String(), "node=", f.node.GRPC(), watch.ErrStuck.Error())
		f.voteAt(second)
		f.node.Isolate(false)
		f.node.Replay(1)
		f.said(event.UsingNode.String(), f.node.GRPC())
		second.Grow()
		f.voteAt(f.node)
		f.stop()
	})
	t.Run("is an alarm if it is the only one", func(t *testing.T) {
		f, _ := newCluster(t)
		f.config.StallAfter = duration.Text(time.Second)
		f.start()
		f.voteAt(f.node)
		f.said(event.BlocksStopped.String())
		f.node.Grow()
		f.voteAt(f.node)
		f.said(event.BlocksResumed.String())
		f.stop()
	})
}

func TestANodeThatTakesNoVotesCostsNone(t *testing.T) {
	full := &tx.BroadcastTxResponse{TxResponse: &sdk.TxResponse{Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrMempoolIsFull.ABCICode()}}
	for name, tc := range map[string]struct {
		fault func(*fakenode.Node)
		says  []string
	}{
		"it refuses them": {func(node *fakenode.Node) { node.Refuse(full) }, []string{event.TakesNoVotes.String(), "rejected by the node"}},
		"it drops them":   {func(node *fakenode.Node) { node.Lose(true) }, []string{event.Recorded.String(), "attempts=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, second := newCluster(t)
			f.config.Nodes = configOf(f.node, second)
			tc.fault(f.node)
			f.following().Grow()
			f.voteAt(second)
			f.node.Grow()
			f.said(tc.says...)
			f.stop()
		})
	}
}

// A node that was down replays what it missed. Nothing of that is signed, sent or complained of.
func TestAfterAnOutageOnlyTheHeadIsVotedOn(t *testing.T) {
	f, peer := newCluster(t)
	f.start().said(event.UsingNode.String(), f.node.GRPC())
	f.voteAt(f.node)
	f.node.Stop()
	for range 100 {
		peer.Grow()
	}
	f.node.CatchingUp(true)
	f.node.Restart()
	f.said(event.Unhealthy.String(), "node=", "catching up")
	f.node.Replay(100)
	if votes := len(f.node.Votes()); votes != 0 {
		t.Errorf("catching up: expected no vote, found %d", votes)
	}
	f.node.CatchingUp(false)
	if vote := f.vote(); vote.Vote != peer.Duty() || vote.Vote.Target.Epoch != 101 {
		t.Errorf("expected the head's vote only, found %v", vote.Vote)
	}
	peer.Grow()
	f.voteAt(f.node)
	f.said(event.Recorded.String(), "epoch=101")
	f.stop()
	f.never("code=guard_", event.NotTaken.String(), event.SentAgain.String(), event.NotRecorded.String())
}

func TestThroughAFailoverEachEpochGetsOneVote(t *testing.T) {
	f, second := newCluster(t)
	f.config.Nodes = configOf(f.node, second)
	f.following()
	grow := func(blocks int) {
		for range blocks {
			second.Grow()
			f.voteAt(second)
		}
	}
	grow(5)
	f.node.Stop()
	grow(20)
	f.node.CatchingUp(true)
	f.node.Restart()
	f.node.Replay(20)
	grow(5)
	f.node.CatchingUp(false)
	f.said(event.UsingNode.String(), f.node.GRPC())
	grow(5)
	f.stop()
	f.never("code=guard_", event.SentAgain.String(), event.NotRecorded.String())
}

// The next node has fewer blocks than the one that failed. What was voted on is not voted on again, or gone back from.
func TestANodeThatIsBehindTheOneBefore(t *testing.T) {
	f, second := newCluster(t)
	f.config.Nodes = configOf(f.node, second)
	f.start().said(event.UsingNode.String(), f.node.GRPC())
	f.voteAt(f.node)
	second.Isolate(true)
	for range 2 {
		f.node.Grow()
		f.voteAt(f.node)
	}
	asked := make(chan struct{}, 1024)
	second.Lie(func(*types.QueryDutyResponse) { asked <- struct{}{} })
	f.node.Stop()
	f.said(event.UsingNode.String(), second.GRPC())
	<-asked
	second.Isolate(false)
	second.Replay(2)
	second.Grow()
	f.voteAt(second)
	f.said(event.Voted.String()) // for epoch 4
	f.stop()
	f.never(event.Voted.String(), event.NotTaken.String(), "code=guard_")
}

// rest returns the lines that the log has now and nobody has looked at.
func (f *fixture) rest() (lines []string) {
	for len(f.log) > 0 {
		lines = append(lines, <-f.log)
	}
	return lines
}

// never expects no line with any of these words in the rest of the log.
func (f *fixture) never(words ...string) {
	f.t.Helper()
	for _, line := range f.rest() {
		if slices.ContainsFunc(words, func(word string) bool { return strings.Contains(line, word) }) {
			f.t.Errorf("expected no such line, found %q", line)
		}
	}
}

func TestAWrongChainOnAllNodesFromTheStartIsAnError(t *testing.T) {
	f, second := newCluster(t)
	f.config.Nodes = configOf(f.node, second)
	for _, node := range []*fakenode.Node{f.node, second} {
		node.Fork("other-1", 1)
		node.Grow()
	}
	f.start()
	if err := f.end(); !strings.Contains(fmt.Sprint(err), `expected "test-1", found "other-1"`) {
		t.Errorf("expected %v with both chains, found %v", watch.ErrWrongChain, err)
	}
}

// The protocol forbids votes for checkpoints from the future only; a clock that is ahead is an alarm.
func TestThisMachinesClock(t *testing.T) {
	t.Run("behind", func(t *testing.T) {
		f, _ := newCluster(t)
		f.start()
		f.voteAt(f.node)
		f.node.GrowAt(time.Now().Add(time.Hour))
		f.said(event.NotVoting.String(), watch.ErrFuture.Error())
		if votes := len(f.node.Votes()); votes != 0 {
			t.Errorf("expected no vote, found %d", votes)
		}
		f.node.Grow() // as if the clock was set
		f.voteAt(f.node)
		f.said(event.VotingAgain.String())
		f.stop()
	})
	t.Run("ahead", func(t *testing.T) {
		f, _ := newCluster(t)
		f.start()
		f.voteAt(f.node)
		for range 3 {
			f.node.GrowAt(time.Now().Add(-time.Hour))
			f.voteAt(f.node)
		}
		f.said(event.BlocksOld.String(), "age=1h0m0s")
		f.node.Grow()
		f.voteAt(f.node)
		f.said(event.BlocksRecent.String())
		f.stop()
	})
}

package voter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/duration"
	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/internal/fakenode"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/watch"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

const chainID = "test-1"

// fixture is a voter's home and the node that it watches.
type fixture struct {
	t       *testing.T
	dir     home.Dir
	config  home.Config
	node    *fakenode.Node
	log     chan string
	running context.CancelFunc
	ended   chan error
}

// newFixture has a voter that polls rarely: what happens soon happens by events.
func newFixture(t *testing.T, interval uint64) *fixture {
	t.Helper()
	secret, err := bls.KeyFromSeed(make([]byte, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, dir: home.Dir(t.TempDir()), config: home.DefaultConfig(), log: make(chan string, 4096)}
	f.node = fakenode.Start(t, chainID, secret.PublicKey(), interval)
	f.config.ChainID, f.config.Nodes = chainID, []home.NodeConfig{{GRPC: f.node.GRPC(), RPC: f.node.RPC()}}
	f.config.PollInterval = duration.Text(time.Minute)
	f.config.PasswordFile, f.config.Monitor.Listen = "password", ""
	if err := os.WriteFile(filepath.Join(string(f.dir), f.config.PasswordFile), []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.addKey(home.DefaultKey, secret)
	return f
}

const password = "correct horse"

func (f *fixture) addKey(name string, secret *bls.SecretKey) {
	f.t.Helper()
	if _, err := f.dir.AddKey(context.Background(), name, secret, []byte(password), keys.SaveOptions{Cost: keys.Light}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) start() *fixture {
	ctx, cancel := context.WithCancel(context.Background())
	f.running, f.ended = cancel, make(chan error, 1)
	go func() { f.ended <- voter.Start(ctx, f.dir, f.config, voter.Options{}, slog.New(logger(f.log))) }()
	f.t.Cleanup(cancel)
	return f
}

// stop is what Ctrl-C does.
func (f *fixture) stop() {
	f.t.Helper()
	f.running()
	if err := f.end(); err != nil {
		f.t.Fatalf("expected a clean end, found %v", err)
	}
}

// end waits until the voter has ended by itself.
func (f *fixture) end() error {
	f.t.Helper()
	select {
	case err := <-f.ended:
		return err
	case <-f.t.Context().Done():
		f.t.Fatal("the voter doesn't end")
		return nil
	}
}

// said waits for a log line with these words in it, and returns it.
func (f *fixture) said(words ...string) string {
	f.t.Helper()
	deadline := time.After(30 * time.Second)
	var seen []string // what a failure shows
lines:
	for {
		select {
		case line := <-f.log:
			seen = append(seen, line)
			for _, word := range words {
				if !strings.Contains(line, word) {
					continue lines
				}
			}
			return line
		case <-deadline:
			f.t.Fatalf("expected %q in the log; seen: %s", words, strings.Join(seen, "\n"))
			return ""
		}
	}
}

// vote waits for the next vote that the node accepts.
func (f *fixture) vote() ffg.AggregateVote {
	f.t.Helper()
	select {
	case vote := <-f.node.Votes():
		return vote
	case <-time.After(30 * time.Second):
		f.t.Fatal("expected a vote, found none")
		return ffg.AggregateVote{}
	}
}

// listening starts the voter and waits until each block reaches it by an event.
func (f *fixture) listening() *fixture {
	f.t.Helper()
	f.start().said(event.Listening.String())
	return f
}

// logger sends each line, attributes included, to a channel.
type logger chan string

func (l logger) Enabled(context.Context, slog.Level) bool { return true }
func (l logger) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l logger) WithGroup(string) slog.Handler            { return l }
func (l logger) Handle(_ context.Context, r slog.Record) error {
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	l <- line
	return nil
}

func TestEachCheckpointGetsTheHonestVote(t *testing.T) {
	f := newFixture(t, 1).listening()
	for range 10 {
		f.node.Grow()
		want := f.node.Duty()
		if vote := f.vote(); vote.Vote != want || vote.VoterSetHash.IsZero() {
			t.Fatalf("expected %v, found %v", want, vote.Vote)
		}
	}
	f.said(event.Recorded.String(), "epoch=9")
	f.stop()
	if epoch := f.node.Duty().Source.Epoch; epoch != 9 {
		t.Errorf("expected the source one epoch behind, found %d", epoch)
	}
}

func TestOnlyCheckpointsAreVotedOn(t *testing.T) {
	f := newFixture(t, 5).listening()
	for range 11 {
		f.node.Grow()
	}
	// Blocks may be skipped, so the head at some block: at the latest 10, the second checkpoint.
	for vote := f.vote(); vote.Vote.Target.Epoch != 2; vote = f.vote() {
		if vote.Vote.Target.Epoch != 1 {
			t.Errorf("expected epochs 1 and 2, found %v", vote.Vote)
		}
	}
	f.stop()
	if left := len(f.node.Votes()); left != 0 {
		t.Errorf("expected no more votes, found %d", left)
	}
}

func TestTheVoterSurvivesItsNode(t *testing.T) {
	f := newFixture(t, 1).listening()
	f.node.Grow()
	f.vote()
	for range 2 {
		f.node.Stop()
		f.said(event.EventsLost.String())
		f.node.Restart()
		f.said(event.Listening.String())
		f.node.Grow()
		want := f.node.Duty()
		// The votes before may have been lost with the mempool and come again.
		for vote := f.vote(); vote.Vote != want; vote = f.vote() {
			if vote.Vote.Target.Epoch >= want.Target.Epoch {
				t.Fatalf("expected %v, found %v", want, vote.Vote)
			}
		}
	}
	f.stop()
}

func TestALostVoteIsSentAgainWithTheSameSignature(t *testing.T) {
	f := newFixture(t, 4).listening()
	f.node.Lose(true)
	for range 4 {
		f.node.Grow()
	}
	first := f.vote()
	for attempt := 2; attempt <= 3; attempt++ {
		f.node.Grow() // the vote is missing in this block
		if again := f.vote(); again.Vote != first.Vote || again.Signature != first.Signature {
			t.Errorf("expected %v again, found %v", first, again)
		}
		f.said(event.SentAgain.String(), "epoch=1", fmt.Sprintf("attempts=%d", attempt))
		if left := len(f.node.Votes()); left != 0 {
			t.Errorf("expected it sent once a block, found %d more", left)
		}
		f.node.Lose(false)
	}
	f.node.Grow()
	f.node.Grow() // the pauses double: it is looked for two blocks later
	f.said(event.Recorded.String(), "epoch=1", "attempts=3")
	f.stop()
}

func TestARestartedVoterSignsTheSameAgain(t *testing.T) {
	f := newFixture(t, 1).listening()
	f.node.Lose(true)
	f.node.Grow()
	first := f.vote()
	f.stop()
	f.start()
	if again := f.vote(); again.Vote != first.Vote || again.Signature != first.Signature {
		t.Errorf("expected %v again, found %v", first, again)
	}
	f.stop()
}

func TestARecordedVoteIsNotSignedAgain(t *testing.T) {
	f := newFixture(t, 3).listening()
	for range 3 {
		f.node.Grow()
	}
	f.vote()
	f.node.Grow()
	f.said(event.Recorded.String(), "epoch=1")
	f.stop()
	f.node.Stop()
	f.node.Restart() // its mempool has forgotten the vote; the chain has not
	asked := make(chan bool, 64)
	f.node.Lie(func(r *types.QueryDutyResponse) { asked <- r.Recorded })
	f.listening()
	f.node.Grow()
	if recorded := <-asked; !recorded {
		t.Error("expected the vote recorded, found it missing")
	}
	f.node.Grow() // epoch 2: what follows from the question before is done when its vote comes
	if vote := f.vote(); vote.Vote.Target.Epoch != 2 {
		t.Errorf("expected no vote before that for epoch 2, found %v", vote.Vote)
	}
	f.stop()
}

func TestANodeThatChangesItsMindGetsOneVote(t *testing.T) {
	for name, restart := range map[string]bool{"at once": false, "across a restart": true} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 1).listening()
			f.node.Grow()
			f.node.Grow()
			before := f.vote()
			for before.Vote.Target.Epoch < 2 {
				before = f.vote()
			}
			if restart {
				f.stop()
			}
			f.node.Fork(chainID, 1) // epochs 1 and 2 again, of other blocks
			if restart {
				f.listening()
			}
			f.node.Grow()
			f.node.Grow()
			f.said(event.NotVoting.String(), "code=guard_", "double vote", before.Vote.SigningRoot(ffg.Domain(chainID)).String())
			f.node.Grow() // epoch 3 from epoch 0 conflicts with nothing
			if next := f.vote(); next.Vote.Target.Epoch != 3 || ffg.Slashable(before.Vote, next.Vote) != nil {
				t.Errorf("expected a vote for epoch 3 beside %v, found %v", before.Vote, next.Vote)
			}
			f.stop()
		})
	}
}

func TestLiesGetNoVotes(t *testing.T) {
	for name, tc := range map[string]struct {
		lie  func(*types.QueryDutyResponse)
		says string
	}{
		"a root of other contents": {func(r *types.QueryDutyResponse) { r.Target.Root = ffg.Root{1}.String() }, "from the contents"},
		"a block that isn't there": {func(r *types.QueryDutyResponse) {
			target, err := r.Target.ToFFG()
			if err != nil {
				t.Error(err)
			}
			target.BlockHash = ffg.Root{1}
			r.Target = checkpointtypes.CheckpointFromFFG(target)
		}, "block hash"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 1).listening()
			f.node.Lie(tc.lie)
			f.node.Grow()
			f.said(event.NotVoting.String(), tc.says)
			f.node.Lie(nil)
			f.node.Grow()
			if vote := f.vote(); vote.Vote != f.node.Duty() {
				t.Errorf("expected %v, found %v", f.node.Duty(), vote.Vote)
			}
			f.said(event.VotingAgain.String())
			f.stop()
		})
	}
}

func TestACheckpointFromTheFutureGetsNoVote(t *testing.T) {
	f := newFixture(t, 1).listening()
	f.node.GrowAt(time.Now().Add(time.Hour))
	f.said(event.NotVoting.String(), watch.ErrFuture.Error())
	f.stop()
	if votes := len(f.node.Votes()); votes != 0 {
		t.Errorf("expected no vote, found %d", votes)
	}
}

func TestAVoterOutsideTheSetWaits(t *testing.T) {
	f := newFixture(t, 1).listening()
	f.node.Lie(func(r *types.QueryDutyResponse) { r.Member = false })
	f.node.Grow()
	f.said(event.NotVoting.String(), "no bit in the voter set")
	f.node.Lie(nil)
	f.node.Grow()
	if vote := f.vote(); vote.Vote.Target.Epoch != 2 {
		t.Errorf("expected a vote for epoch 2, found %v", vote.Vote)
	}
	f.stop()
}

func TestAnUnregisteredVoterWaits(t *testing.T) {
	f := newFixture(t, 1)
	other, err := bls.KeyFromSeed([]byte(strings.Repeat("o", bls.MinSeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	f.config.Keys = []string{"other"}
	f.addKey("other", other)
	f.listening()
	f.node.Grow()
	f.said(event.NotVoting.String(), "voter not found")
	f.stop()
}

func TestABlockThatIsNotExecutedYetIsWaitedFor(t *testing.T) {
	f := newFixture(t, 1).listening()
	f.node.Delay(3)
	f.node.Grow()
	if vote := f.vote(); vote.Vote.Target.Epoch != 1 {
		t.Errorf("expected a vote for epoch 1, found %v", vote.Vote)
	}
	f.stop()
}

func TestAWrongChainFromTheStartIsAnError(t *testing.T) {
	f := newFixture(t, 1)
	f.node.Fork("other-1", 1)
	f.node.Grow()
	f.start()
	err := f.end()
	if !errors.Is(err, watch.ErrWrongChain) || !strings.Contains(err.Error(), `expected "test-1", found "other-1"`) {
		t.Errorf("expected %v with both chains, found %v", watch.ErrWrongChain, err)
	}
}

func TestAWrongChainLaterIsAnAlarm(t *testing.T) {
	f := newFixture(t, 1).listening()
	f.node.Grow()
	f.vote()
	f.node.Fork("other-1", 1)
	f.node.Grow()
	f.said(event.NotVoting.String(), `expected "test-1", found "other-1"`)
	f.node.Fork(chainID, 1)
	f.node.Grow()
	f.node.Grow()
	if vote := f.vote(); vote.Vote.Target.Epoch != 2 {
		t.Errorf("expected a vote for epoch 2, found %v", vote.Vote)
	}
	f.stop()
}

func TestASecondVoterOnOneHomeIsRefused(t *testing.T) {
	f := newFixture(t, 1).listening()
	err := voter.Start(t.Context(), f.dir, f.config, voter.Options{}, slog.New(slog.DiscardHandler))
	if !errors.Is(err, guard.ErrInUse) || !strings.Contains(err.Error(), filepath.Join(string(f.dir), guard.FileName)) {
		t.Errorf("expected %v naming the file, found %v", guard.ErrInUse, err)
	}
	f.stop()
}

// onceStarted is a log that calls a function once the voter has started.
type onceStarted func()

func (do onceStarted) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte(event.Started.String())) {
		do()
	}
	return len(line), nil
}

func TestAKeyWithoutProtectionNeedsAPromise(t *testing.T) {
	guardOf := func(dir home.Dir) string { return filepath.Join(string(dir), guard.FileName) }
	for name, tc := range map[string]struct {
		lose    func(*fixture) error
		want    error
		promise error // what a start with the promise says
	}{
		"file lost": {lose: func(f *fixture) error { return os.Remove(guardOf(f.dir)) }, want: guard.ErrMissing},
		"file of other keys": {lose: func(f *fixture) error {
			return errors.Join(os.Remove(guardOf(f.dir)), guard.Create(guardOf(f.dir)))
		}, want: guard.ErrMissing},
		"file damaged": {lose: func(f *fixture) error { return os.WriteFile(guardOf(f.dir), nil, 0o600) }, want: guard.ErrDamaged, promise: guard.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 1)
			if err := tc.lose(f); err != nil {
				t.Fatal(err)
			}
			start := func(neverVoted bool) error {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				return voter.Start(ctx, f.dir, f.config, voter.Options{NeverVoted: neverVoted}, slog.New(slog.NewTextHandler(onceStarted(cancel), nil)))
			}
			err := start(false)
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), guardOf(f.dir)) {
				t.Errorf("expected %v naming the file, found %v", tc.want, err)
			}
			if told := strings.Contains(fmt.Sprint(err), home.NeverVotedFlag); told != (tc.promise == nil) {
				t.Errorf("expected the flag in the instructions %t, found %v", tc.promise == nil, err)
			}
			if err := start(true); !errors.Is(err, tc.promise) {
				t.Errorf("with the promise: expected %v, found %v", tc.promise, err)
			}
			if err := start(false); !errors.Is(err, tc.promise) {
				t.Errorf("afterwards: expected %v, found %v", tc.promise, err)
			}
		})
	}
}

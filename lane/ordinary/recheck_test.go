package ordinary

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestABlockRemovesItsTransactionsAndWhatTheyMakeInvalid(t *testing.T) {
	s := newScene(t, Config{})
	s.admits(send("a", 0, 10), send("a", 1, 10), send("b", 0, 10), send("c", 0, 10))
	foreign := send("b", 0, 7) // another than the pending one
	s.commits(send("a", 0, 10), foreign).holds(send("a", 1, 10), send("c", 0, 10))
	c := s.lane.Counters()
	require.Equal(t, []uint64{1, 1}, []uint64{c.Committed, c.Invalid})
}

func TestWhatAnAccountCanNoLongerPayGoesAtTheRecheck(t *testing.T) {
	s := newScene(t, Config{})
	drain := send("a", 0, 1)
	drain.Drain = true
	s.admits(drain, send("a", 1, 10), send("a", 2, 10), send("b", 0, 5))
	s.commits(drain).holds(send("b", 0, 5))
	require.Equal(t, uint64(2), s.lane.Counters().Invalid)
}

func TestATransactionThatFailedInABlockKeepsNothingBehindIt(t *testing.T) {
	s := newScene(t, Config{})
	s.admits(send("a", 0, 10), send("a", 1, 10))
	height, _ := s.block() // the chain has not executed it
	s.lane.Commit(height, []Committed{{Tx: send("a", 0, 10).bytes()}})
	require.NoError(t, s.lane.Settle(context.Background()))
	s.holds()
	s.admits(send("a", 0, 10))
}

func TestATransactionHasItsTTLForGettingIntoABlock(t *testing.T) {
	s := newScene(t, Config{TTL: 3})
	s.admits(send("a", 0, 10)).commits().admits(send("a", 1, 10), send("b", 0, 10)).commits()
	s.holds(send("a", 0, 10), send("a", 1, 10), send("b", 0, 10))
	require.Equal(t, int64(100), s.lane.Status().Oldest)
	s.commits().holds(send("b", 0, 10)) // the third block since; what stood behind it goes with it
	require.Equal(t, uint64(2), s.lane.Counters().Expired)
	s.commits().holds()
}

func TestTouchedAccountsAreRecheckedFirstAndTheOthersInTurn(t *testing.T) {
	s := newScene(t, Config{RecheckTxs: 2, RecheckTime: time.Hour})
	var seen []string
	for _, account := range []string{"a", "b", "c", "d", "e"} {
		s.admits(send(account, 0, 10))
	}
	s.admits(send("e", 1, 10))
	s.before = func(tx fakeTx, recheck bool) {
		if recheck {
			seen = append(seen, tx.From[0])
		}
	}
	rounds := func(txs ...fakeTx) []string {
		var raw [][]byte
		for _, tx := range txs {
			raw = append(raw, tx.bytes())
		}
		height, results := s.block(raw...)
		seen = nil
		s.lane.Commit(height, results)
		require.NoError(t, s.lane.Settle(context.Background()))
		return seen
	}
	require.Equal(t, []string{"e", "a"}, rounds(send("e", 0, 10)))
	require.Equal(t, []string{"b", "c"}, rounds())
	require.Equal(t, []string{"d", "a"}, rounds())
	require.Equal(t, []string{"e", "b"}, rounds())
	require.Equal(t, uint64(8), s.lane.Counters().Rechecked)
}

func TestTheRecheckEndsWithItsTime(t *testing.T) {
	s := newScene(t, Config{RecheckTime: 3 * time.Second})
	var now atomic.Int64
	s.lane.chain.Now = func() time.Time { return time.Unix(now.Load(), 0) }
	for i := range 10 {
		s.admits(send(fmt.Sprint(i), 0, 10))
	}
	s.before = func(fakeTx, bool) { now.Add(1) }
	height, results := s.block()
	s.lane.Commit(height, results)
	require.NoError(t, s.lane.Settle(context.Background()))
	require.Equal(t, uint64(3), s.lane.Counters().Rechecked)
}

func TestTheNextBlockCancelsTheRecheckAndNeverWaitsForIt(t *testing.T) {
	s := newScene(t, Config{})
	for i := range 10 {
		s.admits(send(fmt.Sprint(i), 0, 10))
	}
	s.admits(send("0", 1, 10), send("0", 2, 10)) // so that the first account has more to recheck
	drain := send("9", 0, 10)
	began, release := make(chan struct{}), make(chan struct{})
	var checks atomic.Int64
	var blocked atomic.Bool
	blocked.Store(true)
	s.before = func(_ fakeTx, recheck bool) {
		if recheck && checks.Add(1) == 1 && blocked.Load() {
			close(began)
			<-release
		}
	}
	s.lane.Commit(s.height+1, nil)
	<-began
	// The ante handler hangs. Everything else goes on, blocks too.
	s.lane.Commit(s.height+2, []Committed{{Tx: drain.bytes(), OK: true}})
	require.Len(t, s.lane.Select(-1, -1), 11)
	require.NoError(t, s.lane.Insert(send("other", 0, 10).bytes(), true).Err)
	blocked.Store(false)
	before := checks.Load()
	require.Equal(t, int64(1), before)
	close(release)
	require.NoError(t, s.lane.Settle(context.Background()))
	require.Equal(t, int64(13), checks.Load(), "one of the first block, which was cancelled, and all of the second")
}

func TestCloseEndsARecheckThatIsUnderWay(t *testing.T) {
	s := newScene(t, Config{})
	for i := range uint64(10) {
		s.admits(send("a", i, 10))
	}
	began, release := make(chan struct{}), make(chan struct{})
	var checks atomic.Int64
	s.before = func(fakeTx, bool) {
		if checks.Add(1) == 1 {
			close(began)
			<-release
		}
	}
	s.lane.Commit(101, nil)
	<-began
	closed := make(chan struct{})
	go func() { s.lane.Close(); close(closed) }()
	<-s.lane.stop // Close has begun, and waits for the ante handler
	close(release)
	<-closed
	require.Equal(t, int64(1), checks.Load())
}

func TestAnAdmissionThatABlockOvertakesIsCheckedAgain(t *testing.T) {
	s := newScene(t, Config{})
	tx := send("a", 0, 10)
	checks := 0
	s.before = func(fakeTx, bool) {
		checks++
		if checks == 1 { // meanwhile a block executes another transaction with this number
			height, results := s.fakeBlock(send("a", 0, 7))
			s.lane.Commit(height, results)
		}
	}
	result := s.lane.Insert(tx.bytes(), false)
	require.ErrorContains(t, result.Err, "expected 1, got 0")
	require.Equal(t, 2, checks)
	s.holds()
}

// fakeBlock executes without the hook.
func (s *scene) fakeBlock(txs ...fakeTx) (int64, []Committed) {
	hook := s.before
	s.before = nil
	defer func() { s.before = hook }()
	var raw [][]byte
	for _, tx := range txs {
		raw = append(raw, tx.bytes())
	}
	return s.block(raw...)
}

func TestAdmissionGivesUpWhenBlocksOvertakeItAgainAndAgain(t *testing.T) {
	s := newScene(t, Config{})
	s.before = func(fakeTx, bool) { s.lane.Commit(s.height, nil) }
	result := s.lane.Insert(send("a", 0, 10).bytes(), false)
	require.Equal(t, ReasonState, result.Reason)
	require.True(t, result.Retry)
	require.ErrorContains(t, result.Err, fmt.Sprintf("changed %d times", attempts))
}

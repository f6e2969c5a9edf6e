package ordinary

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/testutil/long"
)

// Everything at once, from many goroutines, while one makes blocks of what the lane proposes. `make test-long` runs it
// with the race detector.
func TestEverythingAtOnce(t *testing.T) {
	s := newScene(t, Config{MaxTxs: 60, RecheckTime: time.Hour})
	ctx, stop := context.WithCancel(context.Background())
	var workers sync.WaitGroup
	start := func(work func(r *rand.Rand)) {
		seed := rand.Uint64()
		workers.Add(1)
		go func() {
			defer workers.Done()
			for r := rand.New(rand.NewPCG(seed, 0)); ctx.Err() == nil; {
				work(r)
			}
		}()
	}
	next := func(account string) uint64 {
		state, _ := s.committed()
		return state.MultiStore().(*fakeStore).get("seq/" + account)
	}
	admitted := make(chan struct{}, 1)
	for range 6 {
		start(func(r *rand.Rand) {
			from := fmt.Sprint("account", r.IntN(20))
			tx := send(from, next(from)+r.Uint64N(4), r.Int64N(1_000))
			if r.IntN(8) == 0 {
				other := fmt.Sprint("account", r.IntN(20))
				tx.From, tx.Seq = append(tx.From, other), append(tx.Seq, next(other)+r.Uint64N(2))
			}
			if r.IntN(8) == 0 {
				tx.Unordered, tx.Seq = 1+r.Int64(), make([]uint64, len(tx.From))
			}
			if s.lane.Insert(tx.bytes(), r.IntN(2) == 0).Err == nil {
				select {
				case admitted <- struct{}{}:
				default:
				}
			}
		})
	}
	start(func(r *rand.Rand) { s.lane.Select(r.Int64N(5_000), r.Int64N(5_000)) })
	start(func(r *rand.Rand) { s.lane.Reap(r.Int64N(3_000)) })
	start(func(*rand.Rand) { s.lane.Status(); s.lane.Counters(); s.lane.Txs(0, 10) })
	for range long.Count(150) {
		<-admitted // so that blocks are not made before the others have begun
		height, results := s.block(s.lane.Select(3_000, -1)...)
		s.lane.Commit(height, results)
		if height%3 == 0 {
			require.NoError(t, s.lane.Settle(ctx))
		}
	}
	stop()
	workers.Wait()
	height, results := s.block()
	s.lane.Commit(height, results)
	require.NoError(t, s.lane.Settle(context.Background()))
	c := s.lane.Counters()
	t.Logf("%+v", c)
	require.NotZero(t, c.Committed)
	model := &model{chain: s.fakeChain, config: s.lane.config}
	for _, e := range s.lane.snapshot() {
		tx, err := decodeFake(e.bytes)
		require.NoError(t, err)
		model.held = append(model.held, modelTx{tx.(fakeTx), string(e.bytes), e.height})
	}
	model.checkLane(t, s.lane, "at the end")
	require.Len(t, model.executable(model.held), len(model.held), "all that is left can be executed")
}

// Sixteen numbers of one account that come at once in any order: each is admitted as soon as the one before it is, and two with
// one number never are.
func TestOneSendersTransactionsAtOnce(t *testing.T) {
	s := newScene(t, Config{})
	var workers sync.WaitGroup
	for range 8 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for _, n := range rand.Perm(16) {
				for {
					result := s.lane.Insert(send("a", uint64(n), 10).bytes(), false)
					if result.Err == nil || result.Reason == ReasonKnown {
						break
					}
					if !result.Retry {
						panic(result.Err)
					}
					// another number: the one before may come from here
					s.lane.Insert(send("a", uint64(s.lane.Status().Txs), 10).bytes(), false)
				}
			}
		}()
	}
	workers.Wait()
	require.Equal(t, 16, s.lane.Status().Txs)
	require.Equal(t, uint64(16), s.lane.Counters().Inserted)
	require.Len(t, s.lane.Select(-1, -1), 16)
}

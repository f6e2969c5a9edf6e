package votes

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/testutil/long"
	"github.com/dualchain/dualchain/x/finality/types"
)

// slow makes verification take time in a bubble, and returns the function that tells how much it took so far.
func (n *node) slow(cost time.Duration) func() time.Duration {
	var mu sync.Mutex
	var total time.Duration
	n.measure = func(work func()) time.Duration {
		begin := time.Now()
		time.Sleep(cost)
		work()
		mu.Lock()
		defer mu.Unlock()
		total += time.Since(begin)
		return time.Since(begin)
	}
	return func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return total
	}
}

// garbage returns a pack with signatures that can't be read, different ones for each number.
func (n *node) garbage(number uint64, votes int) gossip.Pack {
	pack := gossip.Pack{Vote: canonical(15), SetHash: n.set.Hash()}
	for i := range votes {
		pack.Parts = append(pack.Parts, gossip.Part{Position: uint32(i), Signature: ffg.Signature{0xff, byte(number >> 16), byte(number >> 8), byte(number)}})
	}
	return pack
}

// A flood of whatever garbage takes no more CPU time than the budget, from neighbours and by RPC, and what is honest still comes in.
func TestAFloodTakesNoMoreThanTheBudget(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{GossipQueue: 200, RPCQueue: 200})
		const cost = 10 * time.Millisecond
		spent := n.slow(cost)
		begin := time.Now()
		for i := range uint64(20_000) { // 20 s
			n.offer(n.garbage(i, 1))
			go func() { _ = n.submit(n.garbage(1<<20+i, 1)) }()
			time.Sleep(time.Millisecond)
		}
		passed := time.Since(begin)
		bound := passed*time.Duration(DefaultConfig().GossipCPU+DefaultConfig().RPCCPU)/1000 + 2*burst + 2*cost
		require.LessOrEqual(t, spent(), bound)
		require.Greater(t, spent(), bound/2, "the budget is used")

		status := n.Status()
		require.LessOrEqual(t, status.GossipQueue, 200)
		require.LessOrEqual(t, status.RPCQueue, 200)
		require.NotZero(t, status.Counters.Crowded)
		n.settle()
	})
}

func TestTheBudgetsAreSeparate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		n.slow(50 * time.Millisecond)
		for i := range uint64(500) {
			n.offer(n.garbage(i, 1))
		}
		time.Sleep(2 * time.Second)
		begin := time.Now()
		require.NoError(t, n.submit(n.pack(canonical(15), 3)))
		require.Equal(t, 50*time.Millisecond, time.Since(begin), "a vote by RPC doesn't wait behind a flood from neighbours")
		n.settle()
	})
}

func TestAFullQueueOfRPCRefuses(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{RPCQueue: 3})
		n.slow(time.Second)
		var wg sync.WaitGroup
		for position := range 4 {
			wg.Go(func() { require.NoError(t, n.submit(n.pack(canonical(15), position))) })
			time.Sleep(time.Millisecond)
		}
		require.ErrorIs(t, n.submit(n.pack(canonical(15), 5)), ErrBusy)
		wg.Wait()
	})
}

// One bad vote among those of others costs them nothing but the time of verifying each by itself.
func TestABadPackSpoilsNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		n.slow(time.Millisecond)
		n.offer(n.pack(canonical(14), 0)) // keeps the worker busy
		for position := range 40 {
			pack := n.pack(canonical(15), position)
			if position == 17 {
				pack = forge(pack, position)
			}
			n.offer(pack)
		}
		n.settle()
		require.Equal(t, slices.Delete(upTo(40), 17, 18), n.held(canonical(15)))
		n.offer(n.pack(canonical(15), 17))
		n.settle()
		require.Equal(t, upTo(40), n.held(canonical(15)), "what came first for a position blocks no other")
	})
}

func TestBatchesAreSmallAfterAFailureAndGrowAgain(t *testing.T) {
	in := &intake{limit: batchVotes}
	in.adapt(false, 7)
	require.Equal(t, 1, in.limit)
	in.adapt(false, 1)
	require.Equal(t, 1, in.limit)
	for range 20 {
		in.adapt(true, 1)
	}
	require.Equal(t, batchVotes, in.limit)
}

// Votes that count go first, newest target first; then early ones, then stray ones.
func TestTheMostUsefulVotesGoFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		n.slow(time.Second)
		n.offer(n.pack(canonical(10), 0)) // keeps the worker busy
		time.Sleep(time.Millisecond)
		for _, vote := range []ffg.Vote{stray(15, 0), canonical(13), canonical(16), canonical(14)} {
			n.offer(n.pack(vote, 1))
		}
		n.offer(n.pack(canonical(14), 2))
		var order []ffg.Vote
		n.measure = func(work func()) time.Duration {
			before := n.pool.Len()
			work()
			for _, vote := range []ffg.Vote{canonical(14), canonical(13), canonical(16), stray(15, 0)} {
				if len(n.held(vote)) > 0 && !slices.Contains(order, vote) {
					order = append(order, vote)
				}
			}
			require.Greater(t, n.pool.Len(), before)
			return 0
		}
		n.settle()
		require.Equal(t, []ffg.Vote{canonical(14), canonical(13), canonical(16), stray(15, 0)}, order)
	})
}

// A few votes of a large pack are verified before the others are read.
func TestALargePackOfGarbageIsDroppedEarly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		pack := n.pack(canonical(15), upTo(40)...)
		for position := range 40 {
			pack = forge(pack, position)
		}
		r, err := readPack(&job{place: must(n.look()).mustPlace(t, pack), parts: pack.Parts})
		require.ErrorIs(t, err, types.ErrInvalidSignature)
		require.Nil(t, r)
	})
}

func must(v *View, err error) *View {
	if err != nil {
		panic(err)
	}
	return v
}

func (v *View) mustPlace(t *testing.T, pack gossip.Pack) *Place {
	place, err := v.Place(pack.Vote, pack.SetHash)
	require.NoError(t, err)
	return place
}

func TestTheBucket(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBucket(500, now)
	require.Zero(t, b.wait(now))
	b.spend(now, burst+time.Second)
	require.Equal(t, 2*time.Second+time.Millisecond, b.wait(now))
	now = now.Add(2*time.Second + time.Millisecond)
	require.Zero(t, b.wait(now))
	now = now.Add(1000 * time.Hour)
	require.Zero(t, b.wait(now))
	require.Equal(t, burst, b.left, "what is saved up is bounded")
	require.Zero(t, b.wait(now.Add(-time.Hour)), "a clock that goes back changes nothing")
	require.Equal(t, burst, b.left)
}

// Whatever arrives in whatever order, duplicated, cut, and mixed with bad votes: the pool holds valid votes alone, all of those that were
// in a pack without a bad one, and in the end, when each voter has sent its vote by itself, all.
func TestThePoolHoldsExactlyTheValidWantedVotes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		rapid.Check(struct{ testing.TB }{t}, func(r *rapid.T) { // which asks a *testing.T for its deadline, against the rules of a bubble
			n := over(r, newWorld(), Config{})
			recorded := rapid.SliceOfNDistinct(rapid.IntRange(0, 39), 0, 10, rapid.ID).Draw(r, "recorded")
			n.count(15, recorded...)
			good := map[int]bool{}
			for range rapid.IntRange(1, 12).Draw(r, "arrivals") {
				positions := rapid.SliceOfNDistinct(rapid.IntRange(0, 39), 1, 40, rapid.ID).Draw(r, "positions")
				pack := n.pack(canonical(15), positions...)
				whole := true
				if rapid.IntRange(0, 2).Draw(r, "forged") == 0 {
					position := rapid.SampledFrom(positions).Draw(r, "position")
					pack, whole = forge(pack, position), false
				}
				pack.Salt = rapid.Uint32().Draw(r, "salt")
				b := encode(r, pack)
				if cut := rapid.IntRange(0, 9).Draw(r, "cut"); cut == 0 {
					n.Offer(b[:rapid.IntRange(0, len(b)-1).Draw(r, "length")])
					whole = false
				} else if rapid.Bool().Draw(r, "rpc") {
					_ = n.Submit(b)
				} else {
					n.Offer(b)
				}
				if rapid.Bool().Draw(r, "settle") {
					n.settle()
				}
				for _, position := range positions {
					good[position] = good[position] || whole
				}
			}
			n.settle()
			for position := range 40 {
				_, held := n.pool.Signature(n.set[position].Key, canonical(15))
				isRecorded := slices.Contains(recorded, position)
				if isRecorded && held {
					r.Fatalf("%d is recorded and was taken", position)
				}
				if good[position] && !isRecorded && !held {
					r.Fatalf("%d came in a good pack and is not held", position)
				}
			}
			n.held(canonical(15)) // all that is held is valid
			for position := range 40 {
				n.offer(n.pack(canonical(15), position))
			}
			n.settle()
			require.Len(r, n.held(canonical(15)), 40-len(recorded))
		})
	})
}

// What nodes send each other makes all of them hold all votes, and what is sent is bounded: the lanes of four nodes, each with the votes
// of its own voters.
func TestFourNodesHaveAllVotesInTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		nodes := make([]*node, 4)
		for i := range nodes {
			nodes[i] = newNode(t, Config{})
		}
		for position := range 40 {
			require.NoError(t, nodes[position%4].submit(nodes[0].pack(canonical(15), position)))
		}
		sent := 0
		for range 12 { // 600 ms
			for i, from := range nodes {
				for _, b := range from.Reap(0) {
					sent++
					for j, to := range nodes {
						if j != i {
							to.Offer(b)
						}
					}
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		for _, n := range nodes {
			n.settle()
			require.Equal(t, upTo(40), n.held(canonical(15)))
		}
		require.LessOrEqual(t, sent, 4+4*2, "each node's pack by itself, and at most twice by others")
	})
}

// All that CometBFT calls at once. The race detector watches.
func TestEverythingAtOnce(t *testing.T) {
	n := newNode(t, Config{})
	var packs [][]byte
	for i := range 200 {
		vote := []ffg.Vote{canonical(15), canonical(14), canonical(16), stray(15, 0)}[i%4]
		pack := n.pack(vote, i%40)
		if i%9 == 0 {
			pack = forge(pack, i%40)
		}
		packs = append(packs, encode(t, pack))
	}
	rounds := long.Count(1)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for range rounds * 100 {
				switch pack := packs[random.IntN(len(packs))]; worker {
				case 0, 1, 2:
					n.Offer(pack)
				case 3, 4:
					_ = n.Submit(pack)
				case 5:
					n.Reap(1000)
				case 6:
					n.world.mu.Lock()
					n.oldest, n.head = 9+random.Uint64N(3), 15+random.Uint64N(2)
					n.world.mu.Unlock()
					n.count(15, random.IntN(40))
					n.Renew()
				case 7:
					_ = fmt.Sprint(n.Status())
					n.pool.Missing(canonical(15), n.set, nil)
				}
			}
		})
	}
	wg.Wait()
}

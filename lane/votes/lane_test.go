package votes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/x/finality/types"
)

func TestVerdicts(t *testing.T) {
	for _, tc := range []struct {
		name string
		pack func(w *world) gossip.Pack
		err  error
	}{
		{"at the head", func(w *world) gossip.Pack { return w.pack(canonical(15), 0) }, nil},
		{"several", func(w *world) gossip.Pack { return w.pack(canonical(15), upTo(40)...) }, nil},
		{"for the oldest target", func(w *world) gossip.Pack { return w.pack(canonical(10), 0) }, nil},
		{"below it", func(w *world) gossip.Pack { return w.pack(canonical(9), 0) }, types.ErrVoteWindow},
		{"two above the head", func(w *world) gossip.Pack { return w.pack(canonical(17), 0) }, nil},
		{"three above the head", func(w *world) gossip.Pack { return w.pack(canonical(18), 0) }, types.ErrVoteWindow},
		{"above the head in the next set", func(w *world) gossip.Pack {
			pack := w.pack(canonical(16), 0)
			pack.SetHash = w.next.Hash()
			return pack
		}, nil},
		{"at the head in the next set", func(w *world) gossip.Pack {
			pack := w.pack(canonical(15), 0)
			pack.SetHash = w.next.Hash()
			return pack
		}, types.ErrUnknownSet},
		{"above the head in an unknown set", func(w *world) gossip.Pack {
			pack := w.pack(canonical(16), 0)
			pack.SetHash = ffg.Root{1}
			return pack
		}, types.ErrUnknownSet},
		{"a position beyond the set", func(w *world) gossip.Pack {
			pack := w.pack(canonical(15), 0)
			pack.Parts[0].Position = 40
			return pack
		}, types.ErrInvalidBitfield},
		{"the highest position there can be", func(w *world) gossip.Pack {
			pack := w.pack(canonical(15), 0)
			pack.Parts[0].Position = ^uint32(0)
			return pack
		}, types.ErrInvalidBitfield},
		{"recorded", func(w *world) gossip.Pack {
			w.count(15, 0)
			return w.pack(canonical(15), 0)
		}, types.ErrRedundant},
		{"recorded in part", func(w *world) gossip.Pack {
			w.count(15, 0)
			return w.pack(canonical(15), 0, 1)
		}, nil},
		{"forged", func(w *world) gossip.Pack { return forge(w.pack(canonical(15), 0), 0) }, types.ErrInvalidSignature},
		{"one of several forged", func(w *world) gossip.Pack { return forge(w.pack(canonical(15), upTo(40)...), 30) }, types.ErrInvalidSignature},
		{"no point", func(w *world) gossip.Pack {
			pack := w.pack(canonical(15), 0)
			pack.Parts[0].Signature = ffg.Signature{}
			return pack
		}, types.ErrInvalidSignature},
		{"stray", func(w *world) gossip.Pack { return w.pack(stray(15, 0), 0) }, nil},
		{"stray and forged", func(w *world) gossip.Pack { return forge(w.pack(stray(15, 0), 0), 0) }, types.ErrInvalidSignature},
		{"before the anchor", func(w *world) gossip.Pack {
			w.anchored = false
			return w.pack(canonical(15), 0)
		}, types.ErrNoEpochs},
		{"without a state", func(w *world) gossip.Pack {
			w.fail = errState
			return w.pack(canonical(15), 0)
		}, errState},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				n := newNode(t, Config{})
				pack := tc.pack(n.world)
				begin := time.Now()
				err := n.submit(pack)
				require.Zero(t, time.Since(begin), "a lone pack waits for nothing")
				if tc.err != nil {
					require.ErrorIs(t, err, tc.err)
					require.Zero(t, n.pool.Len())
					return
				}
				require.NoError(t, err)
				require.NotZero(t, n.pool.Len())
			})
		})
	}
}

func TestWhatIsNoPackIsRefused(t *testing.T) {
	n := newNode(t, Config{})
	good := encode(t, n.pack(canonical(15), 0))
	require.ErrorIs(t, n.Submit(good[:len(good)-1]), ErrMalformed)
	require.ErrorIs(t, n.Submit(nil), ErrMalformed)
	n.Offer(good[:10])
	require.EqualValues(t, 1, n.Status().Counters.Dropped)
}

func TestAVoteThatIsHeldIsFine(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		n.offer(n.pack(canonical(15), 0))
		n.settle()
		require.NoError(t, n.submit(n.pack(canonical(15), 0)))
		require.NoError(t, n.submit(n.pack(canonical(15), 0)))
		status := n.Status()
		require.EqualValues(t, 1, status.Counters.Verified)
		require.Equal(t, []Target{{Epoch: 15, Voters: 40, Held: 1, Own: 1, Unsent: 1}}, status.Targets)
	})
}

func TestAThirdVoteOfAKeyIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		require.NoError(t, n.submit(n.pack(canonical(15), 0)))
		require.NoError(t, n.submit(n.pack(stray(15, 0), 0)))
		require.ErrorIs(t, n.submit(n.pack(stray(15, 0), 0)), ErrNoted)
		require.ErrorIs(t, n.submit(n.pack(stray(15, 1), 0)), ErrPool)
		require.Len(t, n.pool.Conflicts(), 1)
	})
}

func TestStrayVotesHaveABudgetForEachBlock(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		forged := forge(n.pack(stray(15, 0), 0), 0)
		for range StraysPerTarget {
			require.ErrorIs(t, n.submit(forged), types.ErrInvalidSignature)
		}
		require.ErrorIs(t, n.submit(n.pack(stray(15, 0), 0)), ErrStrays)
		require.NoError(t, n.submit(n.pack(canonical(15), 0)), "honest votes need none")
		n.Renew()
		require.NoError(t, n.submit(n.pack(stray(15, 0), 0)))
	})
}

// What comes before its checkpoint is known is sorted when it is.
func TestEarlyVotesBecomeVotesThatCountOrStrayOnes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		n.offer(n.pack(canonical(16), 0, 1))
		n.offer(n.pack(stray(16, 0), 2))
		n.settle()
		require.Equal(t, []int{0, 1}, n.held(canonical(16)))
		require.Equal(t, []int{2}, n.held(stray(16, 0)))
		require.Len(t, n.Status().Targets, 2)

		n.head = 16
		n.Renew()
		n.offer(n.pack(canonical(16), 2, 3))
		n.settle()
		require.Equal(t, upTo(4), n.held(canonical(16)))
		require.Len(t, n.Status().Targets, 1, "the stray one is known to the pool alone")
		require.Len(t, n.pool.Conflicts(), 1)
	})
}

func TestTheStateIsReadOnceABlock(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		for position := range 20 {
			n.offer(n.pack(canonical(15), position))
		}
		n.settle()
		require.Equal(t, 1, n.reads)
		n.Renew()
		n.offer(n.pack(canonical(15), 21))
		n.settle()
		require.Equal(t, 2, n.reads)
	})
}

func TestTheWindowMovesOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		require.NoError(t, n.submit(n.pack(canonical(10), 0)))
		require.NoError(t, n.submit(n.pack(canonical(11), 0)))
		n.oldest = 11
		n.Renew()
		require.ErrorIs(t, n.submit(n.pack(canonical(10), 1)), types.ErrVoteWindow)
		require.Equal(t, 1, n.pool.Len())
		require.Len(t, n.Status().Targets, 1)
	})
}

func TestAPanicOfTheStateEndsNoNode(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		n.keys = nil // the set has keys that nobody can look up
		require.Error(t, n.submit(n.pack(canonical(15), 0)))
		require.ErrorIs(t, n.submit(n.pack(canonical(15), upTo(40)...)), types.ErrInvalidSignature)
		n.Lane.measure = func(work func()) time.Duration { work(); return 0 }
		n.pool = nil
		require.ErrorIs(t, n.submit(n.pack(stray(15, 0), 0)), ErrPanic)
	})
}

func TestBoundsAreNotNegative(t *testing.T) {
	_, err := New(nil, nil, nil, Config{RPCCPU: -1})
	require.ErrorContains(t, err, "RPCCPU: expected 1 or more, found -1")
}

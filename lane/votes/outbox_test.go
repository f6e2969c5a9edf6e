package votes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/gossip"
)

func TestOwnVotesAreSentAtOnceInOnePack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		for _, position := range []int{3, 1, 2} {
			require.NoError(t, n.submit(n.pack(canonical(15), position)))
		}
		require.NoError(t, n.submit(n.pack(canonical(14), 1)))
		packs := n.reap(0)
		require.Len(t, packs, 2)
		require.Equal(t, n.pack(canonical(15), 1, 2, 3), packs[0], "newest target first")
		require.Equal(t, n.pack(canonical(14), 1), packs[1])
		require.Empty(t, n.reap(0), "each is sent once")
	})
}

func TestVotesOfNeighboursAreSentAfterAMoment(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		n.offer(n.pack(canonical(15), 1, 2))
		n.settle()
		require.Empty(t, n.reap(0))
		time.Sleep(spread)
		require.Equal(t, []gossip.Pack{n.pack(canonical(15), 1, 2)}, n.reap(0))
	})
}

func TestVotesThatNeighboursHaveSentEnoughAreNotSentOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		n.offer(n.pack(canonical(15), 1, 2))
		n.settle()
		for range enough {
			n.offer(n.pack(canonical(15), 1))
		}
		time.Sleep(spread)
		require.Equal(t, []gossip.Pack{n.pack(canonical(15), 2)}, n.reap(0))

		require.NoError(t, n.submit(n.pack(canonical(15), 3)))
		for range enough {
			n.offer(n.pack(canonical(15), 3))
		}
		require.Equal(t, []gossip.Pack{n.pack(canonical(15), 3)}, n.reap(0), "own ones are")
	})
}

func TestVotesThatABlockHasAreNotSentOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		require.NoError(t, n.submit(n.pack(canonical(15), 1, 2)))
		n.count(15, 1)
		n.Renew()
		require.Equal(t, []gossip.Pack{n.pack(canonical(15), 2)}, n.reap(0))
	})
}

func TestAReapKeepsToItsBytes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		require.NoError(t, n.submit(n.pack(canonical(15), upTo(40)...)))
		require.Empty(t, n.reap(gossip.SingleSize-1))
		require.Equal(t, []gossip.Pack{n.pack(canonical(15), 0)}, n.reap(gossip.SingleSize))
		require.Equal(t, []gossip.Pack{n.pack(canonical(15), 1, 2)}, n.reap(gossip.SingleSize+150))
		require.Equal(t, upTo(40)[3:], positionsOf(n.reap(0)[0]))
	})
}

// What a tally still lacks two blocks later is sent again, in other bytes: own votes always, others now and then.
func TestVotesThatATallyLacksAreSentAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		require.NoError(t, n.submit(n.pack(canonical(15), 0, 1, 2)))
		n.offer(n.pack(canonical(15), upTo(40)[10:]...))
		n.settle()
		time.Sleep(spread)
		require.Len(t, n.reap(0), 1)
		n.Renew()
		require.Empty(t, n.reap(0), "the first block may have come too early for them")
		n.count(15, 1)

		others := map[int]bool{}
		for range 200 {
			n.Renew()
			packs := n.reap(0)
			require.NotEmpty(t, packs)
			require.Equal(t, []int{0, 2}, positionsOf(packs[0]), "those that the tally lacks")
			require.NotZero(t, packs[0].Salt)
			for _, pack := range packs[1:] {
				require.Less(t, len(pack.Parts), 20, "a tenth")
				for _, position := range positionsOf(pack) {
					others[position] = true
				}
			}
		}
		require.Len(t, others, 30, "each of them in the end")
	})
}

// Stray votes travel singly and once, with the vote that counts of the same key beside them: both halves of the proof.
func TestBothHalvesOfAProofTravel(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := newNode(t, Config{})
		require.NoError(t, n.submit(n.pack(canonical(15), 0, 1)))
		n.reap(0)
		require.NoError(t, n.submit(n.pack(stray(15, 0), 0, 5)))
		packs := n.reap(0)
		require.Len(t, packs, 3)
		require.Equal(t, n.pack(stray(15, 0), 0), packs[0])
		require.NotZero(t, packs[1].Salt)
		packs[1].Salt = 0
		require.Equal(t, n.pack(canonical(15), 0), packs[1])
		require.Equal(t, n.pack(stray(15, 0), 5), packs[2])
		for range 5 {
			n.Renew()
			for _, pack := range n.reap(0) {
				require.Equal(t, canonical(15), pack.Vote)
			}
		}
	})
}

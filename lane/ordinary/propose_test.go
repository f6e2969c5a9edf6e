package ordinary

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAProposalTakesTheBestHeadsFirst(t *testing.T) {
	s := newScene(t, Config{})
	s.admits(send("a", 0, 10), send("a", 1, 90), send("b", 0, 50), send("b", 1, 5), send("c", 0, 50))
	half := send("d", 0, 30)
	half.Gas = 50 // 60 for 100 gas
	s.admits(half)
	expected := texts([][]byte{
		half.bytes(), send("b", 0, 50).bytes(), send("c", 0, 50).bytes(), send("a", 0, 10).bytes(), send("a", 1, 90).bytes(), send("b", 1, 5).bytes(),
	})
	require.Equal(t, expected, texts(s.lane.Select(-1, -1)))
}

func TestWhatDoesNotFitIsPassedOverWithWhatStandsBehindIt(t *testing.T) {
	s := newScene(t, Config{})
	large := send("a", 0, 90)
	large.Note = strings.Repeat("x", 500)
	s.admits(large, send("a", 1, 80), send("b", 0, 10), send("c", 0, 5))
	n := blockSize(int64(len(send("b", 0, 10).bytes())))
	small := texts([][]byte{send("b", 0, 10).bytes(), send("c", 0, 5).bytes()})
	require.Len(t, s.lane.Select(-1, -1), 4)
	require.Equal(t, small, texts(s.lane.Select(3*n, -1)))
	require.Equal(t, small[:1], texts(s.lane.Select(2*n-2, -1)), "the second is one digit shorter")
	require.Equal(t, small, texts(s.lane.Select(2*n-1, -1)))
	require.Empty(t, s.lane.Select(0, -1))
	require.Empty(t, s.lane.Select(-1, 99))
	require.Len(t, s.lane.Select(-1, 100), 1)
	require.Len(t, s.lane.Select(-1, 399), 3)
	require.Len(t, s.lane.Select(-1, 400), 4)
}

func TestSizesInABlock(t *testing.T) {
	for n, expected := range map[int64]int64{0: 2, 1: 3, 127: 129, 128: 131, 16_383: 16_386, 16_384: 16_388} {
		require.Equal(t, expected, blockSize(n), "%d bytes", n)
	}
}

func TestEachTransactionGoesOutOnceOwnOnesFirst(t *testing.T) {
	s := newScene(t, Config{RefillBlocks: 1 << 40})
	s.admits(send("a", 0, 10), send("b", 0, 10))
	own := send("a", 1, 10)
	require.NoError(t, s.lane.Insert(own.bytes(), true).Err)
	require.NoError(t, s.lane.Insert(send("c", 0, 10).bytes(), true).Err)
	require.Equal(t, 4, s.lane.Status().Unreaped)
	n := blockSize(int64(len(own.bytes())))
	require.Equal(t, texts([][]byte{send("c", 0, 10).bytes(), send("a", 0, 10).bytes()}), texts(s.lane.Reap(2*n)), "a's own one needs the other")
	require.Equal(t, texts([][]byte{own.bytes(), send("b", 0, 10).bytes()}), texts(s.lane.Reap(0)))
	require.Empty(t, s.lane.Reap(0))
	require.Zero(t, s.lane.Status().Unreaped)
	s.admits(send("b", 1, 10))
	require.Equal(t, texts([][]byte{send("b", 1, 10).bytes()}), texts(s.lane.Reap(0)))
}

func TestATransactionThatIsTooLargeToSendHoldsNothingUp(t *testing.T) {
	s := newScene(t, Config{})
	large := send("a", 0, 90)
	large.Note = strings.Repeat("x", 500)
	s.admits(large, send("a", 1, 10), send("b", 0, 10))
	require.Equal(t, texts([][]byte{send("b", 0, 10).bytes()}), texts(s.lane.Reap(400)))
	require.Empty(t, s.lane.Reap(400))
	require.Len(t, s.lane.Reap(0), 2)
}

func TestNeighboursThatWereRestartedAreRefilledAtRandom(t *testing.T) {
	n := blockSize(int64(len(send("a", 0, 10).bytes())))
	s := newScene(t, Config{RefillBlocks: 2, RefillBytes: 3 * n})
	for _, account := range []string{"a", "b", "c", "d"} {
		s.admits(send(account, 0, 10), send(account, 1, 10))
	}
	require.Len(t, s.lane.Reap(0), 8)
	seen := map[string]bool{}
	for range 40 {
		s.commits() // 101, 103, …: not yet
		require.Empty(t, s.lane.Reap(0))
		s.lane.Commit(s.block())
		peer := newScene(t, Config{})
		again := s.lane.Reap(0)
		require.Len(t, again, 3)
		for _, tx := range again {
			seen[string(tx)] = true
			require.NoError(t, peer.lane.Insert(tx, false).Err, "a neighbour without anything admits them in this order")
		}
		require.Empty(t, s.lane.Reap(0))
		if s.height > 150 {
			break
		}
	}
	require.Len(t, seen, 8)
	require.NotZero(t, s.lane.Counters().Refilled)
}

func TestARefillRespectsTheBoundOfTheReap(t *testing.T) {
	n := blockSize(int64(len(send("a", 0, 10).bytes())))
	s := newScene(t, Config{RefillBlocks: 1, RefillBytes: 10 * n})
	s.admits(send("a", 0, 10), send("b", 0, 10), send("c", 0, 10))
	s.lane.Reap(0)
	s.admits(send("d", 0, 10)).commits()
	txs := s.lane.Reap(2 * n)
	require.Len(t, txs, 2)
	require.Equal(t, string(send("d", 0, 10).bytes()), string(txs[0]))
}

func TestPagesOfTransactions(t *testing.T) {
	s := newScene(t, Config{})
	s.admits(send("a", 0, 10), send("b", 0, 30), send("c", 0, 20))
	page, total := s.lane.Txs(1, 1)
	require.Equal(t, 3, total)
	require.Len(t, page, 1)
	require.Equal(t, send("c", 0, 20).bytes(), page[0].Bytes)
	require.Equal(t, []uint64{0}, page[0].Sequences)
	require.Equal(t, "c", string(page[0].Signers[0]))
	all, _ := s.lane.Txs(-5, 1_000)
	require.Len(t, all, 3)
	none, _ := s.lane.Txs(3, -1)
	require.Empty(t, none)
	found, ok := s.lane.Find(all[0].Hash)
	require.True(t, ok)
	require.Equal(t, all[0], found)
	_, ok = s.lane.Find([32]byte{})
	require.False(t, ok)
	status := s.lane.Status()
	require.Equal(t, []int{3, 3, 3}, []int{status.Txs, status.Senders, status.Unreaped})
}

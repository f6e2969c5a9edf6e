package ordinary

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/testutil/long"
)

// story is one random sequence of insertions, proposals and blocks, on the lane and on the model.
type story struct {
	*scene
	model  *model
	random *rand.Rand
}

func newStory(t *testing.T, seed uint64) *story {
	config := Config{MaxTxs: 12, MaxBytes: 1_600, MaxTxBytes: 400, MaxPerSender: 5, TTL: 6, RecheckTime: time.Hour, RecheckTxs: 1 << 30}
	s := newScene(t, config)
	config, err := config.withDefaults()
	require.NoError(t, err)
	return &story{s, &model{chain: s.fakeChain, config: config}, rand.New(rand.NewPCG(seed, 0))}
}

var accounts = []string{"a", "b", "c", "d", "e"}

// tx makes a transaction that is often one that fits.
func (s *story) tx() fakeTx {
	r := s.random
	t := fakeTx{Fee: r.Int64N(12), Gas: 1 + r.Uint64N(3)}
	if r.IntN(30) == 0 {
		t.Gas = 0
	}
	for i, n := range r.Perm(len(accounts)) {
		if i > 0 && r.IntN(4) > 0 {
			break
		}
		t.From = append(t.From, accounts[n])
		t.Seq = append(t.Seq, s.next(accounts[n]))
	}
	switch r.IntN(12) {
	case 0:
		t.Unordered, t.Seq = 1+r.Int64N(3), make([]uint64, len(t.From))
	case 1:
		t.Bad = true
	case 2:
		t.Note = strings.Repeat("x", r.IntN(400))
	case 3:
		t.Timeout = uint64(s.height + r.Int64N(4))
	}
	return t
}

// next returns the number behind what an account has pending, or one near it.
func (s *story) next(account string) uint64 {
	next := s.sequence(account)
	for _, x := range s.model.held {
		if i := slices.Index(x.From, account); i >= 0 && x.Unordered == 0 {
			next = max(next, x.Seq[i]+1)
		}
	}
	switch s.random.IntN(8) {
	case 0:
		return next + 1
	case 1, 2, 3:
		return next - min(next, s.random.Uint64N(4))
	}
	return next
}

// block takes what the lane proposes, and what others might have put there instead.
func (s *story) block() [][]byte {
	txs := s.lane.Select(s.random.Int64N(500), s.random.Int64N(12))
	for range s.random.IntN(3) {
		txs = append(txs, s.tx().bytes())
	}
	if s.random.IntN(5) == 0 {
		s.random.Shuffle(len(txs), func(i, j int) { txs[i], txs[j] = txs[j], txs[i] })
	}
	return append(txs, []byte("not a transaction"))
}

func TestTheLaneDoesWhatTheModelDoes(t *testing.T) {
	var admitted, refused, blocks int
	var total Counters
	for seed := range uint64(long.Count(20)) {
		s := newStory(t, seed)
		for step := range 120 {
			where := fmt.Sprintf("seed %d, step %d", seed, step)
			switch s.random.IntN(12) {
			case 0:
				height, results := s.fakeChain.block(s.block()...)
				s.lane.Commit(height, results)
				require.NoError(t, s.lane.Settle(context.Background()))
				s.model.commit(height, results)
				blocks++
			case 1:
				bytes, gas := s.random.Int64N(1_500), s.random.Int64N(30)
				require.Equal(t, s.model.proposal(bytes, gas), orNil(texts(s.lane.Select(bytes, gas))), where)
			case 2:
				s.lane.Reap(s.random.Int64N(600))
			default:
				tx := s.tx()
				expected := s.model.insert(tx)
				result := s.lane.Insert(tx.bytes(), s.random.IntN(2) == 0)
				require.Equal(t, expected, result.Err == nil, "%s: %s: %v", where, tx.bytes(), result.Err)
				if expected {
					admitted++
				} else {
					refused++
				}
			}
			s.model.checkLane(t, s.lane, where)
			s.executesAll(where)
		}
		c := s.lane.Counters()
		total.Committed, total.Replaced, total.Evicted = total.Committed+c.Committed, total.Replaced+c.Replaced, total.Evicted+c.Evicted
		total.Expired, total.Invalid = total.Expired+c.Expired, total.Invalid+c.Invalid
	}
	t.Logf("%d admitted, %d refused, %d blocks, %+v", admitted, refused, blocks, total)
	for _, n := range []uint64{total.Committed, total.Replaced, total.Evicted, total.Expired, total.Invalid, uint64(refused)} {
		require.Greater(t, n, uint64(20), "the sequences reach too little")
	}
}

// executesAll requires that a block of all that is held has no hole: the chain accepts each in this order.
func (s *story) executesAll(where string) {
	ctx, _ := s.committed()
	state := &fakeStore{parent: s.state}
	for _, bytes := range s.lane.Select(-1, -1) {
		tx, err := decodeFake(bytes)
		require.NoError(s, err)
		_, err = s.ante(ctx.WithMultiStore(state), tx, false)
		require.NoError(s, err, "%s: %s", where, bytes)
	}
}

func orNil(s []string) []string {
	if len(s) == 0 {
		return nil
	}
	return s
}

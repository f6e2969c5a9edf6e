package votepool

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/ffg"
)

func TestConflictsOfEveryKind(t *testing.T) {
	for _, tc := range []struct {
		name          string
		votes         []ffg.Vote
		first, second ffg.Vote // zero: none
	}{
		{name: "none for one vote", votes: []ffg.Vote{vote(1, 2, 0)}},
		{name: "none for votes that follow each other", votes: []ffg.Vote{vote(1, 2, 0), vote(2, 3, 0), vote(2, 4, 0)}},
		{
			name:  "two targets",
			votes: []ffg.Vote{vote(1, 2, 0), vote(1, 2, 1)},
			first: vote(1, 2, 0), second: vote(1, 2, 1),
		},
		{
			name:  "two sources for one target",
			votes: []ffg.Vote{vote(2, 5, 0), vote(3, 5, 0)},
			first: vote(2, 5, 0), second: vote(3, 5, 0),
		},
		{
			name:  "surrounding",
			votes: []ffg.Vote{vote(3, 4, 0), vote(1, 6, 0)},
			first: vote(1, 6, 0), second: vote(3, 4, 0),
		},
		{
			name:  "surrounded",
			votes: []ffg.Vote{vote(1, 6, 0), vote(3, 4, 0)},
			first: vote(1, 6, 0), second: vote(3, 4, 0),
		},
		{
			name:  "the first of many",
			votes: []ffg.Vote{vote(3, 4, 0), vote(4, 5, 0), vote(1, 6, 0), vote(1, 6, 1)},
			first: vote(1, 6, 0), second: vote(3, 4, 0),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pool(1, 10)
			for _, v := range tc.votes {
				mustAdd(t, p, signed(alice, v))
			}
			if tc.first == (ffg.Vote{}) {
				require.Empty(t, p.Conflicts())
				return
			}
			require.Equal(t, []Conflict{{First: signed(alice, tc.first), Second: signed(alice, tc.second)}}, p.Conflicts())
		})
	}
}

func TestDifferentVotersDoNotConflict(t *testing.T) {
	p := pool(1, 10)
	mustAdd(t, p, signed(alice, vote(1, 2, 0)), signed(bob, vote(1, 2, 1)))
	require.Empty(t, p.Conflicts())
}

func TestConflictsAreAscendingByKey(t *testing.T) {
	p := pool(1, 10)
	for _, key := range []ffg.PublicKey{carol, alice, bob} {
		mustAdd(t, p, signed(key, vote(1, 2, 0)), signed(key, vote(1, 2, 1)))
	}
	require.Equal(t, []ffg.PublicKey{alice, bob, carol}, keysOf(p.Conflicts()))
}

func TestConflictsLastUntilTheyAreForgotten(t *testing.T) {
	p := pool(1, 10)
	mustAdd(t, p, signed(alice, vote(1, 2, 0)), signed(alice, vote(1, 2, 1)))
	p.Prune(8, 20)
	require.Zero(t, p.Len())
	require.Len(t, p.Conflicts(), 1)
	p.Forget(bob)
	require.Len(t, p.Conflicts(), 1)
	p.Forget(alice)
	require.Empty(t, p.Conflicts())
}

func TestConflictsAreBounded(t *testing.T) {
	p := New(3 * maxConflicts * voteBytes)
	p.Prune(1, 10)
	for i := range maxConflicts + 1 {
		var key ffg.PublicKey
		binary.BigEndian.PutUint32(key[:], uint32(i))
		mustAdd(t, p, signed(key, vote(1, 2, 0)), signed(key, vote(1, 2, 1)))
	}
	require.Len(t, p.Conflicts(), maxConflicts)
}

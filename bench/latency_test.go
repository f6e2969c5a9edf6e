package main

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/voter/event"
)

func TestPercentiles(t *testing.T) {
	var hundred []int64
	for i := range int64(100) {
		hundred = append(hundred, 100-i)
	}
	for name, test := range map[string]struct {
		values   []int64
		p        int
		expected int64
	}{
		"one value":             {[]int64{7}, 99, 7},
		"median of an odd few":  {[]int64{9, 1, 5}, 50, 5},
		"median of an even few": {[]int64{4, 1, 3, 2}, 50, 2},
		"99th of a hundred":     {hundred, 99, 99},
		"99th of fewer":         {hundred[:99], 99, 100},
		"lowest":                {hundred, 0, 1},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.expected, percentile(test.values, test.p)) })
	}
}

func TestAVoteIsAcceptedWhenTheVoterSaysSo(t *testing.T) {
	accepted := newTimes()
	log := slog.New(votedLog{found: accepted.put}).With("key", "k")
	log.Info("waiting", "height", 6)
	log.With("epoch", uint64(7), "height", uint64(7)).Info("voted", event.Voted, "took", time.Second)
	before := time.Now()
	log.With("height", uint64(7)).Info("voted", event.Voted)

	require.Equal(t, uint64(7), <-accepted.heights)
	require.Empty(t, accepted.heights, "heights beside the first time")
	when, known := accepted.at(7)
	require.True(t, known)
	require.False(t, when.After(before), "the second time counts")
	_, known = accepted.at(6)
	require.False(t, known, "another line")
}

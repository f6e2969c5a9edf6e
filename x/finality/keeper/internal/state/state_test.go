package state

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNanosSortLikeTimes(t *testing.T) {
	last := time.Unix(0, math.MaxInt64)
	times := []time.Time{{}, time.Unix(0, math.MinInt64), time.Unix(-1, 0), time.Unix(0, 0), time.Unix(0, 1), last.Add(-1), last, last.Add(1), last.AddDate(7000, 0, 0)}
	for i := 1; i < len(times); i++ {
		require.LessOrEqual(t, Nanos(times[i-1]), Nanos(times[i]), "%s and %s", times[i-1], times[i])
	}
	require.Equal(t, int64(1), Nanos(times[4]))
	require.Equal(t, int64(math.MaxInt64-1), Nanos(times[5]))
	require.Equal(t, int64(math.MaxInt64), Nanos(times[8]))
	require.Equal(t, int64(math.MinInt64), Nanos(times[0]))
}

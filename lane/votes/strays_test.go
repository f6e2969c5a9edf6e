package votes

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheBudgetOfStrayVotesCoversAllTargets(t *testing.T) {
	var s Strays
	for i := range StraysPerBlock {
		require.NoError(t, s.Take(uint64(i%(StraysPerBlock/StraysPerTarget))))
	}
	require.ErrorIs(t, s.Take(99), ErrStrays)
	s.Renew()
	require.NoError(t, s.Take(99))
}

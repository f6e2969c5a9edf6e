package types

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

func TestPowerIsTheWholeMultiplesOfTheReductionAndFits63Bits(t *testing.T) {
	const largest = 1<<63 - 1
	for _, reduction := range []uint64{1, DefaultPowerReduction, 1_000_000_000_000_000_000, ^uint64(0)} {
		p := Params{PowerReduction: reduction}
		unit := math.NewIntFromUint64(reduction)
		limit := unit.Mul(math.NewIntFromUint64(1 << 63))
		for _, tc := range []struct {
			stake math.Int
			power uint64
		}{
			{math.ZeroInt(), 0},
			{unit.SubRaw(1), 0},
			{unit, 1},
			{unit.MulRaw(2).SubRaw(1), 1},
			{limit.Sub(unit), largest},
			{limit.SubRaw(1), largest},
		} {
			power, err := p.Power(tc.stake)
			require.NoError(t, err, "reduction %d, stake %s", reduction, tc.stake)
			require.Equal(t, tc.power, power, "reduction %d, stake %s", reduction, tc.stake)
		}
		require.Equal(t, limit, p.PowerLimit())
		for _, stake := range []math.Int{limit, limit.AddRaw(1), limit.MulRaw(2), limit.Mul(limit)} {
			_, err := p.Power(stake)
			require.ErrorIs(t, err, ErrPowerTooLarge, "reduction %d, stake %s", reduction, stake)
		}
	}
}

// The largest stake of the largest reduction is within what a pool holds.
func TestAPoolHoldsAllStakeThatHasAPower(t *testing.T) {
	largest := Params{PowerReduction: ^uint64(0)}.PowerLimit().SubRaw(1)
	p := NewPool(0)
	shares, err := p.Join(largest, false)
	require.NoError(t, err)
	require.Equal(t, largest, p.Worth(shares))
	require.True(t, p.Take(shares, largest, false).IsZero())
	require.NoError(t, p.Validate())
	require.True(t, p.Shares.IsZero())
}

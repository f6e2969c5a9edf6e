package ordinary

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

// Fees have up to 256 bits and gas 64: the comparison is exact everywhere.
func TestPricesCompareAsFractionsDo(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	fee := func() *big.Int {
		f := new(big.Int)
		for range 4 {
			f.Lsh(f, 64).Or(f, new(big.Int).SetUint64(random.Uint64()))
		}
		return f.Rsh(f, uint(random.IntN(256)))
	}
	equal := 0
	for range 20_000 {
		a, b := fee(), fee()
		gasA, gasB := random.Uint64()>>random.IntN(64)|1, random.Uint64()>>random.IntN(64)|1
		switch random.IntN(4) {
		case 0:
			b, gasB = a, gasA
		case 1: // around the bound of a replacement
			gasA = gasB
			b = new(big.Int).Rsh(b, 8)
			a = new(big.Int).Mul(b, big.NewInt(110))
			a.Add(a, big.NewInt(random.Int64N(3)+98)).Quo(a, big.NewInt(100))
		}
		p, q := newPrice(math.NewIntFromBigInt(a), gasA), newPrice(math.NewIntFromBigInt(b), gasB)
		left, right := fraction(a, gasA), fraction(b, gasB)
		require.Equal(t, left.Cmp(right), p.compare(q), "%s/%d, %s/%d", a, gasA, b, gasB)
		if p.compare(q) == 0 {
			equal++
		}
		bound := new(big.Rat).Mul(right, big.NewRat(11, 10))
		require.Equal(t, left.Cmp(bound) >= 0 && left.Cmp(right) > 0, p.replaces(q), "%s/%d, %s/%d", a, gasA, b, gasB)

		least := q.feeToReplace(gasA)
		require.True(t, replacesWith(least, gasA, q), "%s", least)
		require.False(t, replacesWith(new(big.Int).Sub(least, big.NewInt(1)), gasA, q), "%s", least)
		above := q.feeAbove(gasA)
		require.Positive(t, fraction(above, gasA).Cmp(right))
		require.LessOrEqual(t, fraction(new(big.Int).Sub(above, big.NewInt(1)), gasA).Cmp(right), 0)
	}
	require.Greater(t, equal, 1_000)
}

func fraction(fee *big.Int, gas uint64) *big.Rat {
	return new(big.Rat).SetFrac(fee, new(big.Int).SetUint64(gas))
}

func replacesWith(fee *big.Int, gas uint64, old price) bool {
	before := fraction(old.bigFee(), old.gas)
	after := fraction(fee, gas)
	return after.Cmp(new(big.Rat).Mul(before, big.NewRat(11, 10))) >= 0 && after.Cmp(before) > 0
}

func TestWithoutGasOrFeeThePriceIsTheLowest(t *testing.T) {
	for _, p := range []price{newPrice(math.NewInt(5), 0), newPrice(math.ZeroInt(), 7), newPrice(math.Int{}, 7), newPrice(math.NewInt(-3), 7)} {
		require.Zero(t, p.compare(newPrice(math.ZeroInt(), 1)))
	}
	require.Equal(t, "0", Price{}.String())
	require.Equal(t, "5/7", newPrice(math.NewInt(5), 7).public().String())
}

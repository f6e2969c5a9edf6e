package types

import (
	"math/big"

	"cosmossdk.io/math"
)

// Earned returns what a voter's bonded pool earned in an era: for each epoch that the voter signed, the era's rate on its weight, but not
// on more stake than the pool has, rounded down. The rate is the same for all stake: the reward ÷ the expected weights of all voters, in
// base units. What stake would have earned that has left, or that had power in a part of the era only, stays in the finality pool.
func Earned(s Settlement, score Score, bonded math.Int, powerReduction uint64) math.Int {
	if !s.Total.IsPositive() {
		return math.ZeroInt()
	}
	unit, sum := new(big.Int).SetUint64(powerReduction), new(big.Int)
	for _, w := range score.Signed {
		stake := new(big.Int).Mul(new(big.Int).SetUint64(w.Weight), unit)
		if counted := bonded.BigInt(); counted.Cmp(stake) < 0 {
			stake = counted
		}
		sum.Add(sum, stake.Mul(stake, new(big.Int).SetUint64(w.Epochs)))
	}
	sum.Mul(sum, s.Reward.BigInt())
	return math.NewIntFromBigInt(sum.Quo(sum, unit.Mul(unit, s.Total.BigInt())))
}

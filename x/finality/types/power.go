package types

import "cosmossdk.io/math"

// DefaultPowerReduction suits a token of six decimals: one token makes one unit of power.
const DefaultPowerReduction = 1_000_000

// powerBits is the number of bits that hold the power of any stake, and that of the whole supply.
const powerBits = 63

// Power returns the power of stake: the whole multiples of power_reduction in it. It returns ErrPowerTooLarge if the power
// does not fit 63 bits.
func (p Params) Power(stake math.Int) (uint64, error) {
	if limit := p.PowerLimit(); stake.GTE(limit) {
		return 0, ErrPowerTooLarge.Wrapf("expected less than %s%s, found %s", limit, p.BondDenom, stake)
	}
	return stake.Quo(math.NewIntFromUint64(p.PowerReduction)).Uint64(), nil
}

// PowerLimit returns the least stake whose power does not fit 63 bits.
func (p Params) PowerLimit() math.Int { return p.Stake(math.NewIntFromUint64(1 << powerBits)) }

// Stake returns the least stake that has a power.
func (p Params) Stake(power math.Int) math.Int {
	return power.Mul(math.NewIntFromUint64(p.PowerReduction))
}

package types

import (
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// DefaultParams returns the parameters of a new chain; bond_denom is the SDK's default bond denom.
func DefaultParams() Params {
	return Params{
		BondDenom:                    sdk.DefaultBondDenom,
		MinStake:                     math.NewInt(DefaultPowerReduction),
		MaxVoters:                    1000,
		SetPeriod:                    10,
		VoteWindow:                   32,
		MaxVoteTxs:                   8,
		UnbondingTime:                21 * 24 * time.Hour,
		SlashFractionEquivocationPpm: 50_000,
		ReporterFractionPpm:          50_000,
		EraLength:                    100,
		MinParticipationPpm:          500_000,
		SlashFractionDowntimePpm:     0,
		JailDuration:                 10 * time.Minute,
		RewardFractionPpm:            250_000,
		MaxUnbondings:                7,
		PowerReduction:               DefaultPowerReduction,
		MinSelfStakePpm:              10_000,
	}
}

// MaxEraLength bounds era_length: the records of an era's epochs are read in one block.
const MaxEraLength = 10_000

// MaxLinks bounds the links of a certificate that this chain makes or serves; an encoding has room for 65,535. It bounds
// vote_window, too: a late link spans no more than a window.
const MaxLinks = 10_000

// Bounds of the parameters.
const (
	maxVoters     = 100_000
	maxSetPeriod  = 1_000_000
	maxVoteWindow = MaxLinks
	maxVoteTxs    = 1_000
	maxUnbondings = 1_000
	maxDuration   = 10 * 365 * 24 * time.Hour
)

// Validate checks the parameters' bounds.
func (p Params) Validate() error {
	if err := sdk.ValidateDenom(p.BondDenom); err != nil {
		return ErrInvalidParams.Wrapf("bond_denom: %s", err)
	}
	if p.PowerReduction == 0 {
		return ErrInvalidParams.Wrap("power_reduction: expected at least 1, found 0")
	}
	if p.MinStake.IsNil() || p.MinStake.LT(math.NewIntFromUint64(p.PowerReduction)) {
		return ErrInvalidParams.Wrapf("min_stake: expected at least power_reduction, %d; found %s", p.PowerReduction, p.MinStake)
	}
	for _, f := range []struct {
		name            string
		value, min, max uint64
	}{
		{"max_voters", uint64(p.MaxVoters), 1, maxVoters},
		{"set_period", p.SetPeriod, 1, maxSetPeriod},
		{"vote_window", p.VoteWindow, 2, maxVoteWindow},
		{"max_vote_txs", uint64(p.MaxVoteTxs), 1, maxVoteTxs},
		{"slash_fraction_equivocation_ppm", uint64(p.SlashFractionEquivocationPpm), 1, Million},
		{"reporter_fraction_ppm", uint64(p.ReporterFractionPpm), 0, Million - 1},
		{"era_length", p.EraLength, 1, MaxEraLength},
		{"min_participation_ppm", uint64(p.MinParticipationPpm), 0, Million},
		{"slash_fraction_downtime_ppm", uint64(p.SlashFractionDowntimePpm), 0, Million},
		{"reward_fraction_ppm", uint64(p.RewardFractionPpm), 0, Million},
		{"max_unbondings", uint64(p.MaxUnbondings), 1, maxUnbondings},
		{"min_self_stake_ppm", uint64(p.MinSelfStakePpm), 0, Million},
	} {
		if f.value < f.min || f.value > f.max {
			return ErrInvalidParams.Wrapf("%s: expected %d to %d, found %d", f.name, f.min, f.max, f.value)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
		min   time.Duration
	}{{"unbonding_time", p.UnbondingTime, time.Second}, {"jail_duration", p.JailDuration, 0}} {
		if d.value < d.min || d.value > maxDuration {
			return ErrInvalidParams.Wrapf("%s: expected %s to %s, found %s", d.name, d.min, maxDuration, d.value)
		}
	}
	return nil
}

// Fraction returns the part of amount that ppm parts per million make, rounded down.
func Fraction(amount math.Int, ppm uint32) math.Int {
	return amount.MulRaw(int64(ppm)).QuoRaw(Million)
}

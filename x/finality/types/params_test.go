package types

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

func TestDefaultsAreValid(t *testing.T) {
	require.NoError(t, DefaultParams().Validate())
	require.NoError(t, DefaultGenesis().Validate())
}

func TestParamsAreBoundedOnBothSides(t *testing.T) {
	type edit = func(p *Params, v uint64)
	for _, tc := range []struct {
		name     string
		set      edit
		min, max uint64
	}{
		{"max_voters", func(p *Params, v uint64) { p.MaxVoters = uint32(v) }, 1, maxVoters},
		{"set_period", func(p *Params, v uint64) { p.SetPeriod = v }, 1, maxSetPeriod},
		{"vote_window", func(p *Params, v uint64) { p.VoteWindow = v }, 2, maxVoteWindow},
		{"max_vote_txs", func(p *Params, v uint64) { p.MaxVoteTxs = uint32(v) }, 1, maxVoteTxs},
		{"slash_fraction_equivocation_ppm", func(p *Params, v uint64) { p.SlashFractionEquivocationPpm = uint32(v) }, 1, Million},
		{"reporter_fraction_ppm", func(p *Params, v uint64) { p.ReporterFractionPpm = uint32(v) }, 0, Million - 1},
		{"era_length", func(p *Params, v uint64) { p.EraLength = v }, 1, MaxEraLength},
		{"min_participation_ppm", func(p *Params, v uint64) { p.MinParticipationPpm = uint32(v) }, 0, Million},
		{"slash_fraction_downtime_ppm", func(p *Params, v uint64) { p.SlashFractionDowntimePpm = uint32(v) }, 0, Million},
		{"reward_fraction_ppm", func(p *Params, v uint64) { p.RewardFractionPpm = uint32(v) }, 0, Million},
		{"max_unbondings", func(p *Params, v uint64) { p.MaxUnbondings = uint32(v) }, 1, maxUnbondings},
		{"min_self_stake_ppm", func(p *Params, v uint64) { p.MinSelfStakePpm = uint32(v) }, 0, Million},
		{"unbonding_time", func(p *Params, v uint64) { p.UnbondingTime = time.Duration(v) }, uint64(time.Second), uint64(maxDuration)},
		{"jail_duration", func(p *Params, v uint64) { p.JailDuration = time.Duration(v) }, 0, uint64(maxDuration)},
		{"min_stake", func(p *Params, v uint64) { p.MinStake = math.NewIntFromUint64(v) }, DefaultPowerReduction, ^uint64(0)},
		{"power_reduction", func(p *Params, v uint64) { p.PowerReduction = v }, 1, DefaultPowerReduction},
		{"power_reduction, up to min_stake", func(p *Params, v uint64) {
			p.PowerReduction, p.MinStake = v, math.NewInt(1_000_000_000_000_000_000)
		}, 1, 1_000_000_000_000_000_000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			check := func(v uint64) error {
				p := DefaultParams()
				tc.set(&p, v)
				return p.Validate()
			}
			require.NoError(t, check(tc.min))
			require.NoError(t, check(tc.max))
			if tc.min > 0 {
				require.ErrorIs(t, check(tc.min-1), ErrInvalidParams)
			}
			if tc.max < ^uint64(0) {
				require.ErrorIs(t, check(tc.max+1), ErrInvalidParams)
			}
		})
	}
}

func TestParamsThatAreNoNumbers(t *testing.T) {
	for name, change := range map[string]func(p *Params){
		"no min_stake":   func(p *Params) { p.MinStake = math.Int{} },
		"no bond_denom":  func(p *Params) { p.BondDenom = "" },
		"bad bond_denom": func(p *Params) { p.BondDenom = "not a denom" },
		"negative time":  func(p *Params) { p.UnbondingTime = -time.Second },
		"negative jail":  func(p *Params) { p.JailDuration = -1 },
	} {
		p := DefaultParams()
		change(&p)
		require.ErrorIs(t, p.Validate(), ErrInvalidParams, name)
	}
}

package localnet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// Bounds of a network on one machine. A node takes about 165 MB.
const (
	MaxValidators = 32
	MaxVoters     = 64
)

// ErrSpec is wrapped by Spec.Validate.
var ErrSpec = errors.New("no such network")

// Spec is the shape of a network, fixed at its creation.
type Spec struct {
	// ChainID names the chain. A chain that starts again from epoch 0 needs another one (protocol §2).
	ChainID    string `json:"chain_id"`
	Validators int    `json:"validators"`
	Voters     int    `json:"voters"`
	// BlockTime is CometBFT's timeout_commit, in nanoseconds in JSON like every duration here.
	BlockTime time.Duration `json:"block_time_ns"`
	// Interval is the number of blocks between checkpoints.
	Interval uint64 `json:"interval"`
	// SetPeriod is the least number of epochs between installations of voter sets.
	SetPeriod uint64 `json:"set_period"`
	// EraLength is the number of epochs in an era, for which rewards and absence are settled.
	EraLength uint64 `json:"era_length"`
	// UnbondingTime is the unbonding time of both layers.
	UnbondingTime time.Duration `json:"unbonding_time_ns"`
	// JailDuration is how long a voter is jailed for absence.
	JailDuration time.Duration `json:"jail_duration_ns"`
	// VoterPower is the power of each voter, repeated from the start when there are more voters than entries.
	VoterPower []uint64 `json:"voter_power"`
	// RandomPorts leaves the usual ports (26657, 1317, 9090) to others.
	RandomPorts bool `json:"random_ports"`
}

// DefaultSpec is a network whose periods are short: a newcomer sees every event within minutes.
func DefaultSpec() Spec {
	return Spec{
		ChainID:       "",
		Validators:    4,
		Voters:        4,
		BlockTime:     time.Second,
		Interval:      5,
		SetPeriod:     2,
		EraLength:     10,
		UnbondingTime: 2 * time.Minute,
		JailDuration:  time.Minute,
		VoterPower:    []uint64{100},
	}
}

// TestnetSpec is a network on machines of its own, with the periods of a chain that is to last.
func TestnetSpec() Spec {
	s := DefaultSpec()
	finality := finalitytypes.DefaultParams()
	s.ChainID = "dualchain-testnet-1"
	s.Interval = checkpointtypes.DefaultParams().Interval
	s.SetPeriod, s.EraLength = finality.SetPeriod, finality.EraLength
	s.UnbondingTime, s.JailDuration = finality.UnbondingTime, finality.JailDuration
	return s
}

// Validate returns an error wrapping ErrSpec that says which value is out of its bounds.
func (s Spec) Validate() error {
	checks := []struct {
		ok   bool
		want string
		got  any
	}{
		{len(s.ChainID) >= 1 && len(s.ChainID) <= 50, "a chain id of 1 to 50 characters", s.ChainID},
		{s.Validators >= 1 && s.Validators <= MaxValidators, fmt.Sprintf("1 to %d validators", MaxValidators), s.Validators},
		{s.Voters >= 0 && s.Voters <= MaxVoters, fmt.Sprintf("0 to %d voters", MaxVoters), s.Voters},
		{s.BlockTime >= 100*time.Millisecond && s.BlockTime <= time.Minute, "a block time of 100ms to 1m", s.BlockTime},
		{s.Interval >= 1 && s.Interval <= 1_000_000, "an interval of 1 to 1000000 blocks", s.Interval},
		{s.SetPeriod >= 1 && s.SetPeriod <= 1_000_000, "a set period of 1 to 1000000 epochs", s.SetPeriod},
		{s.EraLength >= 1 && s.EraLength <= finalitytypes.MaxEraLength, fmt.Sprintf("an era of 1 to %d epochs", finalitytypes.MaxEraLength), s.EraLength},
		{s.UnbondingTime >= time.Second, "an unbonding time of at least 1s", s.UnbondingTime},
		{s.JailDuration >= time.Second, "a jail duration of at least 1s", s.JailDuration},
		{len(s.VoterPower) >= 1 && !slices.Contains(s.VoterPower, 0), "voter powers of at least 1", s.VoterPower},
		{len(s.VoterPower) == 0 || slices.Max(s.VoterPower) <= 1_000_000, "voter powers of at most 1000000", s.VoterPower},
	}
	for _, c := range checks {
		if !c.ok {
			return fmt.Errorf("%w: expected %s, found %v", ErrSpec, c.want, c.got)
		}
	}
	return nil
}

// Power returns the power of voter i.
func (s Spec) Power(i int) uint64 { return s.VoterPower[i%len(s.VoterPower)] }

// Diff lists, in words, where s differs from the shape found in a home; empty if it does not.
func (s Spec) Diff(found Spec) string {
	rows := []struct {
		name      string
		want, got any
	}{
		{"chain-id", s.ChainID, found.ChainID},
		{"validators", s.Validators, found.Validators},
		{"voters", s.Voters, found.Voters},
		{"block-time", s.BlockTime, found.BlockTime},
		{"interval", s.Interval, found.Interval},
		{"set-period", s.SetPeriod, found.SetPeriod},
		{"era-length", s.EraLength, found.EraLength},
		{"unbonding-time", s.UnbondingTime, found.UnbondingTime},
		{"jail-duration", s.JailDuration, found.JailDuration},
		{"voter-power", s.VoterPower, found.VoterPower},
		{"random-ports", s.RandomPorts, found.RandomPorts},
	}
	var diffs []string
	for _, r := range rows {
		if want, got := fmt.Sprint(r.want), fmt.Sprint(r.got); want != got {
			diffs = append(diffs, fmt.Sprintf("%s: asked for %s, found %s", r.name, want, got))
		}
	}
	return strings.Join(diffs, "; ")
}

package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
)

const (
	days     = 365
	yearReps = 3
)

// measureYear measures catching up over a year in which the set changed every day, from trust to the newest hand-over, with
// no key parsed before. Each day one voter's power changes; every tenth day one voter leaves and one joins.
func measureYear(n int) (row, error) {
	chain, hops := year(n)
	size := 0
	for _, hop := range hops {
		raw, err := hop.Encode()
		if err != nil {
			return row{}, err
		}
		size += len(raw)
	}
	trust := chain.Trust(0)
	now := time.UnixMilli(int64(chain.Trust(chain.Head()).Checkpoint.Time))
	o := cert.Options{Now: now, UnbondingTime: now.Sub(time.UnixMilli(int64(trust.Checkpoint.Time)))}
	var samples []sample
	for range yearReps {
		s, err := measure(func() error {
			_, verified, err := cert.VerifyChain(chain.Domain(), trust, hops, o)
			if err == nil && verified != days {
				err = fmt.Errorf("expected %d hand-overs, found %d", days, verified)
			}
			return err
		})
		if err != nil {
			return row{}, err
		}
		samples = append(samples, s)
	}
	return table{voters: n}.row("hand_overs_year", median(samples)).sized(size), nil
}

// year returns a chain with one installation a day, and its hand-overs.
func year(n int) (*certtest.Chain, []cert.HandOver) {
	voters := certtest.NewVoters(n + days)
	powers := slices.Concat(slices.Repeat([]uint64{1_000_000}, n), make([]uint64, days))
	chain := certtest.New("bench", voters, voters.Side(powers...))
	var hops []cert.HandOver
	trusted := uint64(0)
	for day := range days {
		powers[day%n]++
		if day%10 == 0 {
			powers[(day+n/2)%n], powers[n+day] = 0, 1_000_000
		}
		chain.Install(voters.Side(powers...))
		chain.Extend(2)
		first := chain.Head() - 1
		hops = append(hops, chain.HandOver(trusted, first, first+1))
		trusted = first
	}
	return chain, hops
}

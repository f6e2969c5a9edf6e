package main

import (
	"fmt"

	"github.com/dualchain/dualchain/x/finality/types"
)

const (
	eraLength  = 100 // epochs, the default
	settleReps = 5
)

// measureSettlement measures the settlement of an era in which all voters signed everything, so that all are paid. It
// reports the sum over the settlement's blocks and the worst block. Every block of this chain carries votes and proposes a
// checkpoint; the cost of a settlement is the time of its blocks minus that of the era's other blocks. As on a validator,
// ProcessProposal has seen the votes before, which excludes the noise of verifying them.
func measureSettlement(voters []voter, bare int64) ([]row, error) {
	c, err := start(voters, settings{interval: 1, setPeriod: never, eraLength: eraLength})
	if err != nil {
		return nil, err
	}
	all, err := groupOf(voters, 1)
	if err != nil {
		return nil, err
	}
	if _, err := c.settlement(all, len(voters)); err != nil { // the first one makes the operators' accounts
		return nil, err
	}
	var whole, worstBlock []sample
	for range settleReps {
		blocks, err := c.settlement(all, len(voters))
		if err != nil {
			return nil, err
		}
		whole, worstBlock = append(whole, sum(blocks)), append(worstBlock, worst(blocks))
	}
	if err := c.countWrites(); err != nil {
		return nil, err
	}
	counted, err := c.settlement(all, len(voters))
	if err != nil {
		return nil, err
	}
	most := counted[0]
	for _, b := range counted {
		if b.writes > most.writes {
			most = b
		}
	}
	t := table{voters: len(voters), bare: bare}
	return []row{
		t.row("settle_era", median(whole).withWrites(sum(counted))),
		t.row("settle_era_worst_block", median(worstBlock).withWrites(most)),
	}, nil
}

// settlement makes blocks until an era is settled, and requires that each voter was paid. It returns the cost of each
// block of the settlement minus that of the blocks around it: first the block that computes the scores, then those that pay.
func (c *chain) settlement(g group, voters int) ([]sample, error) {
	var ordinary, settling []sample
	for paid := 0; ; {
		votes, err := c.vote(g)
		if err != nil {
			return nil, err
		}
		if _, err := c.process(votes.tx); err != nil {
			return nil, err
		}
		s, result, err := c.block(votes.tx)
		if err != nil {
			return nil, err
		}
		payments := count(result, &types.EventRewardPaid{})
		paid += payments
		switch {
		case payments == 0:
			ordinary = append(ordinary, s)
		case len(settling) == 0 && len(ordinary) > 0:
			last := len(ordinary) - 1
			ordinary, settling = ordinary[:last], append(settling, ordinary[last], s)
		default:
			settling = append(settling, s)
		}
		if count(result, &types.EventEraSettled{}) == 0 {
			continue
		}
		if paid != voters || len(ordinary) == 0 {
			return nil, fmt.Errorf("height %d: era settled: expected %d voters paid, found %d", c.height, voters, paid)
		}
		control := median(ordinary)
		for i := range settling {
			settling[i] = settling[i].minus(control)
		}
		return settling, nil
	}
}

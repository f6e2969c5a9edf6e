package main

import (
	"fmt"

	"github.com/dualchain/dualchain/x/finality/types"
)

// proposalReps is how often each kind of proposal is measured.
const proposalReps = 30

// proposals are measurements of checkpoints, alternately with and without an installation.
type proposals struct {
	plain, installing []sample // the block that proposes, minus one that does nothing
	votes             []sample // the block with the votes for the new pair, minus one that does nothing
}

// measureProposals measures proposing a checkpoint in three cases: under the pair in force; with an installation that
// changes nothing; with one that changes the sets, because a voter's stake changed. With a set_period of 1, every other
// checkpoint installs a pair, the chain's first one included.
func measureProposals(voters []voter, bare int64) ([]row, error) {
	c, err := start(voters, settings{interval: 3, setPeriod: 1, eraLength: never})
	if err != nil {
		return nil, err
	}
	all, err := groupOf(voters, 1)
	if err != nil {
		return nil, err
	}
	nothing := func() ([][]byte, error) { return nil, nil }
	delegate := func() ([][]byte, error) {
		tx, err := c.delegate(voters[0])
		return [][]byte{tx}, err
	}
	same, err := c.proposals(all, proposalReps, nothing)
	if err != nil {
		return nil, err
	}
	changed, err := c.proposals(all, proposalReps, delegate)
	if err != nil {
		return nil, err
	}
	if err := c.countWrites(); err != nil {
		return nil, err
	}
	const last = 3 // a change passes through next, current and rear in three installations
	changedWrites, err := c.proposals(all, last+1, delegate)
	if err != nil {
		return nil, err
	}
	sameWrites, err := c.proposals(all, last+1, nothing)
	if err != nil {
		return nil, err
	}
	t := table{voters: len(voters), bare: bare}
	return []row{
		t.row("propose_checkpoint", median(same.plain).withWrites(sameWrites.plain[last])),
		t.row("propose_checkpoint_installed", median(same.installing).withWrites(sameWrites.installing[last])),
		t.row("propose_checkpoint_changed", median(changed.installing).withWrites(changedWrites.installing[last])),
		t.row("finalize_block_new_set", median(changed.votes).withWrites(changedWrites.votes[last])),
	}, nil
}

// proposals measures n plain checkpoints and n that install a pair, alternately. The transactions of prepare are in an
// unmeasured block before the latter.
func (c *chain) proposals(g group, n int, prepare func() ([][]byte, error)) (proposals, error) {
	var out proposals
	for range n {
		votes, plain, err := c.proposal(g, false)
		if err != nil {
			return out, err
		}
		txs, err := prepare()
		if err != nil {
			return out, err
		}
		_, installing, err := c.proposal(g, true, txs...)
		if err != nil {
			return out, err
		}
		out.votes, out.plain, out.installing = append(out.votes, votes), append(out.plain, plain), append(out.installing, installing)
	}
	return out, nil
}

// proposal makes three blocks: votes for the head and txs, nothing, a new checkpoint, which must or must not install a
// pair. It returns the cost of the first and of the last, minus that of the second.
func (c *chain) proposal(g group, installs bool, txs ...[]byte) (votes, propose sample, err error) {
	agg, err := c.vote(g)
	if err != nil {
		return votes, propose, err
	}
	if votes, _, err = c.block(append([][]byte{agg.tx}, txs...)...); err != nil {
		return votes, propose, err
	}
	empty, _, err := c.block()
	if err != nil {
		return votes, propose, err
	}
	propose, result, err := c.block()
	if err != nil {
		return votes, propose, err
	}
	if installed := count(result, &types.EventPairInstalled{}) == 1; installed != installs {
		return votes, propose, fmt.Errorf("height %d: pair installed: expected %t, found %t", c.height, installs, installed)
	}
	return votes.minus(empty), propose.minus(empty), nil
}

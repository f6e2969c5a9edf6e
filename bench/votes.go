package main

// voteReps is how often each kind of block with votes is measured; warmUp is the number of rounds before that.
const (
	voteReps = 200
	warmUp   = 6
)

// voteSamples are measurements of the votes of many checkpoints.
type voteSamples struct {
	bare    []sample // the baseline on the same keys and signature
	process []sample // ProcessProposal of a block with votes that are new to this node
	cold    []sample // FinalizeBlock with votes that are new to this node, minus FinalizeBlock without votes
	warm    []sample // the same, after ProcessProposal of the same block
	empty   []sample // FinalizeBlock without votes
}

// measureVotes measures checking and applying one aggregate in a block, by all voters and by every other one. Every third
// block proposes a checkpoint, so blocks with votes and the empty ones that they are compared with propose nothing.
// It also returns the baseline's time for all voters.
func measureVotes(voters []voter) (rows []row, bare int64, err error) {
	c, err := start(voters, settings{interval: 3, setPeriod: never, eraLength: never})
	if err != nil {
		return nil, 0, err
	}
	parts := []struct {
		suffix  string
		stride  int
		group   group
		samples voteSamples
	}{{suffix: "", stride: 1}, {suffix: "_half", stride: 2}}
	for i := range parts {
		p := &parts[i]
		if p.group, err = groupOf(voters, p.stride); err != nil {
			return nil, 0, err
		}
		if p.samples, err = c.voteRounds(p.group); err != nil {
			return nil, 0, err
		}
	}
	bare = median(parts[0].samples.bare).ns
	if err := c.countWrites(); err != nil {
		return nil, 0, err
	}
	for _, p := range parts {
		written, err := c.voteWrites(p.group)
		if err != nil {
			return nil, 0, err
		}
		t := table{voters: len(voters), bare: median(p.samples.bare).ns}
		rows = append(rows,
			t.row("bare_verification"+p.suffix, median(p.samples.bare)),
			t.row("finalize_block"+p.suffix, median(p.samples.cold).withWrites(written)),
			t.row("process_proposal"+p.suffix, median(p.samples.process)),
			t.row("finalize_block_warm"+p.suffix, median(p.samples.warm).withWrites(written)),
		)
	}
	empty := table{voters: len(voters), bare: bare}.row("empty_block", median(parts[0].samples.empty))
	return append(rows, empty), bare, nil
}

// voteRounds measures the votes of many checkpoints.
func (c *chain) voteRounds(g group) (s voteSamples, err error) {
	for i := range warmUp + 2*voteReps {
		if i == warmUp {
			s = voteSamples{}
		}
		if err := c.voteRound(g, i%2 == 0, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// voteRound makes three blocks: votes for the head, nothing, a new checkpoint. If ask is set, ProcessProposal sees the
// votes first. The baseline runs in between, so that other load on the machine slows all of them alike.
func (c *chain) voteRound(g group, ask bool, s *voteSamples) error {
	votes, err := c.vote(g)
	if err != nil {
		return err
	}
	bare, err := measure(func() error { return g.verify(votes.root, votes.signature) })
	if err != nil {
		return err
	}
	s.bare = append(s.bare, bare)
	if ask {
		process, err := c.process(votes.tx)
		if err != nil {
			return err
		}
		s.process = append(s.process, process)
	}
	with, _, err := c.block(votes.tx)
	if err != nil {
		return err
	}
	empty, _, err := c.block()
	if err != nil {
		return err
	}
	if ask {
		s.warm = append(s.warm, with.minus(empty))
	} else {
		s.cold = append(s.cold, with.minus(empty))
	}
	s.empty = append(s.empty, empty)
	_, _, err = c.block()
	return err
}

// voteWrites returns the writes of a block with the group's votes minus those of an empty one, on a chain that counts. It
// measures the third round. From the second on, each aggregate that reaches quorum justifies its epoch and finalizes the one
// before. The second also archives the anchor with its members, once.
func (c *chain) voteWrites(g group) (sample, error) {
	var s voteSamples
	for range 3 {
		if err := c.voteRound(g, false, &s); err != nil {
			return sample{}, err
		}
	}
	return s.cold[2], nil
}

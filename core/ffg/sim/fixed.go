package sim

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// maxHonest bounds the honest voters of Fixed.
const maxHonest = 4

// Fixed is a world with one voter set for ever (the TLA+ model KFinality): two forks that part at the anchor, up to some
// last epoch. Honest voters, of power 1 each, sign any links from justified checkpoints that are not slashable, on both
// forks and in any order. Hostile power has signed everything.
//
// Its states must be safe (no conflicting finalized checkpoints) and alive: all honest voters may sign the link from a
// highest justified checkpoint to an epoch above all others, and the next link, which finalizes it.
type Fixed struct {
	*board
	honest  int
	quorums []uint // the least sets of honest voters that make a quorum, as masks
}

// Ballots are masks of the links that each honest voter has signed, ascending: equal voters are interchangeable.
type Ballots [maxHonest]uint32

// NewFixed returns the world with these numbers of honest voters, hostile power and epochs.
func NewFixed(rules Rules, honest int, hostile uint64, last int) (*Fixed, error) {
	b, err := newBoard(rules, 0, last)
	if err != nil {
		return nil, err
	}
	if honest < 1 || honest > maxHonest || len(b.links) > 32 {
		return nil, fmt.Errorf("set up fixed voters: expected 1 to %d honest voters and at most 32 links, found %d and %d", maxHonest, honest, len(b.links))
	}
	f := &Fixed{board: b, honest: honest}
	return f, f.askQuorum(hostile)
}

// askQuorum computes by the rules which sets of honest voters make a quorum together with the hostile power.
func (f *Fixed) askQuorum(hostile uint64) error {
	var side ffg.Side
	for v := range f.honest {
		side = append(side, ffg.Member{Key: voterKey(v), Power: 1})
	}
	if hostile > 0 {
		side = append(side, ffg.Member{Key: voterKey(f.honest), Power: hostile})
	}
	voters := f.rules.Stitch(side, side)
	signers := func(honest uint, hostile bool) ffg.Bitfield {
		b := ffg.NewBitfield(len(voters))
		for v := range f.honest {
			if honest>>v&1 == 1 {
				b.Set(v)
			}
		}
		if hostile {
			b.Set(f.honest)
		}
		return b
	}
	everybody := uint(1)<<f.honest - 1
	if !f.rules.Quorum(voters, signers(everybody, false)) {
		return fmt.Errorf("set up fixed voters: expected %d honest voters to make a quorum against power %d", f.honest, hostile)
	}
	for honest := range everybody + 1 {
		larger := slices.ContainsFunc(f.quorums, func(q uint) bool { return honest&q == q })
		if !larger && f.rules.Quorum(voters, signers(honest, hostile > 0)) {
			f.quorums = append(f.quorums, honest)
		}
	}
	return nil
}

// Start returns the state in which no honest voter has voted.
func (f *Fixed) Start() Ballots { return Ballots{} }

// Next lets each honest voter sign each link that starts at a justified checkpoint and is not slashable.
func (f *Fixed) Next(s Ballots, yield func(Ballots)) {
	justified, _ := f.heads(f.quorum(s))
	for v := range f.honest {
		if v > 0 && s[v] == s[v-1] {
			continue
		}
		refused := uint64(s[v])
		for m := s[v]; m != 0; m &= m - 1 {
			refused |= f.forbidden[bits.TrailingZeros32(m)]
		}
		for l := range f.links {
			if refused>>l&1 == 0 && justified>>f.links[l].source&1 == 1 {
				next := s
				next[v] |= 1 << l
				slices.Sort(next[:f.honest])
				yield(next)
			}
		}
	}
}

// Check returns an error wrapping ErrConflict or ErrStuck.
func (f *Fixed) Check(s Ballots) error {
	justified, finalized := f.heads(f.quorum(s))
	if err := f.conflict(finalized); err != nil {
		return err
	}
	var signed uint64
	for _, ballot := range s {
		signed |= uint64(ballot)
	}
	return f.alive(justified, func(int) uint64 { return signed })
}

// Step names the link that a voter signed.
func (f *Fixed) Step(from, to Ballots) string {
	// Sorting reorders ballots, so compare how often each link is signed.
	for l := range f.links {
		count := func(s Ballots) (n uint32) {
			for _, ballot := range s {
				n += ballot >> l & 1
			}
			return n
		}
		if count(to) > count(from) {
			return fmt.Sprintf("sign %s (%d of %d)", f.linkName(l), count(to), f.honest)
		}
	}
	return "nothing"
}

// quorum returns the links that a quorum has signed.
func (f *Fixed) quorum(s Ballots) (links uint64) {
	for _, q := range f.quorums {
		all := ^uint32(0)
		for m := q; m != 0; m &= m - 1 {
			all &= s[bits.TrailingZeros(m)]
		}
		links |= uint64(all)
	}
	return links & (1<<len(f.links) - 1)
}

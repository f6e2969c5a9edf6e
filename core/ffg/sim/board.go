package sim

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// board is the world of the exhaustive models: checkpoints 0..common on one chain, then two forks up to epoch last, and
// all links from an ancestor to a descendant. Checkpoints and links are small integers; sets of them are bit masks.
type board struct {
	rules       Rules
	checkpoints []place
	links       []link // ascending by target epoch
	forks       [2]uint32
	forbidden   []uint64 // by link: the links that its signers must not sign
	finalizes   [][]bool // by link, then by mask of justified checkpoints: whether it finalizes its source
	ahead       []uint64 // by checkpoint: the links whose signers must not vote from it to an epoch above the board
}

type place struct {
	epoch  uint64
	parent int
	fork   byte // 'A' or 'B', 0 on the common chain
}

type link struct{ source, target int }

func newBoard(rules Rules, common, last int) (*board, error) {
	b := &board{rules: rules, checkpoints: []place{{parent: -1}}}
	for e := 1; e <= common; e++ {
		b.checkpoints = append(b.checkpoints, place{epoch: uint64(e), parent: e - 1})
	}
	for i, fork := range []byte{'A', 'B'} {
		parent := common
		for e := common + 1; e <= last; e++ {
			b.forks[i] |= 1 << len(b.checkpoints)
			b.checkpoints = append(b.checkpoints, place{epoch: uint64(e), parent: parent, fork: fork})
			parent = len(b.checkpoints) - 1
		}
	}
	for e := 1; e <= last; e++ {
		for t, target := range b.checkpoints {
			if target.epoch != uint64(e) {
				continue
			}
			for s := target.parent; s >= 0; s = b.checkpoints[s].parent {
				b.links = append(b.links, link{source: s, target: t})
			}
		}
	}
	if len(b.links) > 64 || len(b.checkpoints) > 16 {
		return nil, fmt.Errorf("lay out the board: expected at most 16 checkpoints and 64 links, found %d and %d", len(b.checkpoints), len(b.links))
	}
	return b, errors.Join(b.askSlashable(), b.askFinalizes(), b.askAhead(uint64(last)))
}

// askSlashable evaluates the slashing conditions for every pair of links.
func (b *board) askSlashable() error {
	b.forbidden = make([]uint64, len(b.links))
	for i, x := range b.links {
		for j, y := range b.links {
			offence, err := offends(b.rules, b.vote(x), b.vote(y))
			if err != nil {
				return err
			}
			if offence {
				b.forbidden[i] |= 1 << j
			}
		}
	}
	return nil
}

// askFinalizes evaluates the finality rule for every link and every combination of justified checkpoints.
func (b *board) askFinalizes() error {
	b.finalizes = make([][]bool, len(b.links))
	for i, l := range b.links {
		b.finalizes[i] = make([]bool, 1<<len(b.checkpoints))
		for justified := range b.finalizes[i] {
			if justified&1 == 0 || justified>>l.source&1 == 0 || justified>>l.target&1 == 0 {
				continue
			}
			final, err := finalizes(b.rules, boardChain{b, l, uint32(justified)}, b.checkpoints[l.source].epoch, b.checkpoints[l.target].epoch)
			if err != nil {
				return err
			}
			b.finalizes[i][justified] = final
		}
	}
	return nil
}

// askAhead evaluates the slashing conditions for the two votes that would finalize each checkpoint's next descendant.
func (b *board) askAhead(last uint64) error {
	fresh := func(n uint64) ffg.Ref { return ffg.Ref{Epoch: last + n, Root: ffg.Domain(fmt.Sprint("fresh", n))} }
	second := ffg.Vote{Source: fresh(1), Target: fresh(2)}
	b.ahead = make([]uint64, len(b.checkpoints))
	for at := range b.checkpoints {
		first := ffg.Vote{Source: b.ref(at), Target: fresh(1)}
		for l := range b.links {
			signed := b.vote(b.links[l])
			for _, pair := range [][2]ffg.Vote{{first, signed}, {second, signed}, {first, second}} {
				offence, err := offends(b.rules, pair[0], pair[1])
				if err != nil {
					return err
				}
				if offence {
					b.ahead[at] |= 1 << l
				}
			}
		}
	}
	return nil
}

// boardChain presents the chain below one link's target to the finality rule.
type boardChain struct {
	*board
	link
	justified uint32
}

// Source answers only for the link's target: the rule needs no other.
func (c boardChain) Source(uint64) (uint64, error) { return c.checkpoints[c.source].epoch, nil }

func (c boardChain) Justified(epoch uint64) (bool, error) {
	at := c.target
	for c.checkpoints[at].epoch > epoch {
		at = c.checkpoints[at].parent
	}
	return c.justified>>at&1 == 1, nil
}

// finalizes reports whether one link finalizes its source by the rule. The anchor is final anyway.
func finalizes(rules Rules, c ffg.Chain, source, target uint64) (bool, error) {
	if source == 0 {
		return true, nil
	}
	epoch, ok, err := rules.Finalizes(c, target, target, 0)
	return ok && epoch == source, err
}

// offends reports whether the rules call two votes an offence.
func offends(rules Rules, a, b ffg.Vote) (bool, error) {
	err := rules.Slashable(a, b)
	if offence := (*ffg.Offence)(nil); errors.As(err, &offence) {
		return true, nil
	}
	return false, err
}

// vote returns the vote for a link. It makes up the roots from the positions.
func (b *board) vote(l link) ffg.Vote {
	return ffg.Vote{Source: b.ref(l.source), Target: b.ref(l.target)}
}

func (b *board) ref(at int) ffg.Ref {
	return ffg.Ref{Epoch: b.checkpoints[at].epoch, Root: ffg.Domain(b.name(at))}
}

func (b *board) name(at int) string {
	c := b.checkpoints[at]
	if c.fork == 0 {
		return fmt.Sprint(c.epoch)
	}
	return fmt.Sprintf("%c%d", c.fork, c.epoch)
}

func (b *board) linkName(l int) string {
	return b.name(b.links[l].source) + "→" + b.name(b.links[l].target)
}

// heads evaluates supermajority links. It returns the masks of justified and of finalized checkpoints.
func (b *board) heads(quorum uint64) (justified, finalized uint32) {
	justified = 1
	for q, l := quorum, 0; q != 0; q, l = q>>1, l+1 {
		if q&1 == 1 && justified>>b.links[l].source&1 == 1 {
			justified |= 1 << b.links[l].target
		}
	}
	finalized = 1
	for q, l := quorum, 0; q != 0; q, l = q>>1, l+1 {
		if q&1 == 1 && b.finalizes[l][justified] {
			finalized |= 1 << b.links[l].source
		}
	}
	return justified, finalized
}

// conflict returns an error if each fork has finalized a checkpoint of its own.
func (b *board) conflict(finalized uint32) error {
	if finalized&b.forks[0] == 0 || finalized&b.forks[1] == 0 {
		return nil
	}
	var names []string
	for at := range b.checkpoints {
		if finalized>>at&1 == 1 {
			names = append(names, b.name(at))
		}
	}
	return fmt.Errorf("%w with nobody slashable: final are %v", ErrConflict, names)
}

// alive returns an error wrapping ErrStuck unless the voters ahead may all sign the link from a highest justified
// checkpoint to an epoch above the board, and the next link, which finalizes it. signed returns the links signed by the
// voters who would vote on a child of a checkpoint's chain.
func (b *board) alive(justified uint32, signed func(at int) uint64) error {
	highest, alive := uint64(0), false
	for at, c := range b.checkpoints {
		if justified>>at&1 == 0 || c.epoch < highest {
			continue
		}
		alive = signed(at)&b.ahead[at] == 0 || alive && c.epoch == highest
		highest = c.epoch
	}
	if !alive {
		return fmt.Errorf("%w beyond justified epoch %d", ErrStuck, highest)
	}
	return nil
}

// voterKey returns a made-up key that sorts by n.
func voterKey(n int) (k ffg.PublicKey) {
	binary.BigEndian.PutUint64(k[:], uint64(n))
	return k
}

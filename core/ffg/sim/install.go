package sim

import (
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// Installing is a world with the worst rotation of voter sets (the TLA+ model Installation). Two forks share epochs up to
// common and part after it, up to epoch last. Every checkpoint that installs a pair elects a next set of one voter whom
// no other checkpoint elects. A chain learns what is final as late as it likes. It never installs before the rules
// allow, but as late as it likes (set_period is a parameter). Voters sign any links from justified checkpoints that are
// not slashable.
type Installing struct {
	*board
	quorums [][]pairQuorum // by rear and current voter
}

// pairQuorum holds the voters of a pair of one-voter sides and which of them make a quorum.
type pairQuorum struct {
	voters  []int   // by position; voters are named by the checkpoint that elected them
	reaches [4]bool // by mask of positions
}

// Installs is a state of Installing.
type Installs struct {
	Proposed  uint16    // checkpoints that exist
	Installed uint16    // those of them that installed a pair
	Signed    [2]uint64 // by position in the pair of a link's target: the links signed
}

// pair is the pair in force at a checkpoint: voters by name, and the epoch at which it was installed.
type pair struct {
	rear, current, next int
	first               uint64
}

// NewInstalling returns the world with this number of common epochs, up to epoch last.
func NewInstalling(rules Rules, common, last int) (*Installing, error) {
	b, err := newBoard(rules, common, last)
	if err != nil {
		return nil, err
	}
	w := &Installing{board: b, quorums: make([][]pairQuorum, len(b.checkpoints))}
	for rear := range w.quorums {
		w.quorums[rear] = make([]pairQuorum, len(b.checkpoints))
		for current := range w.quorums[rear] {
			if w.quorums[rear][current], err = askPair(rules, rear, current); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

func askPair(rules Rules, rear, current int) (pairQuorum, error) {
	side := func(voter int) ffg.Side { return ffg.Side{{Key: voterKey(voter), Power: 1}} }
	set := rules.Stitch(side(rear), side(current))
	if len(set) > 2 {
		return pairQuorum{}, fmt.Errorf("stitch two voters: expected at most 2, found %d", len(set))
	}
	q := pairQuorum{voters: make([]int, len(set))}
	for _, voter := range []int{rear, current} {
		if at, ok := set.Position(voterKey(voter)); ok {
			q.voters[at] = voter
		}
	}
	for mask := range q.reaches {
		q.reaches[mask] = rules.Quorum(set, ffg.Bitfield{byte(mask)})
	}
	return q, nil
}

// view holds values derived from a state.
type view struct {
	pairs     [16]pair
	quorum    uint64
	justified uint32
	finalized uint32
	signed    [16]uint64 // by voter
}

func (w *Installing) view(s Installs) (v view) {
	for at := 1; at < len(w.checkpoints); at++ {
		if s.Proposed>>at&1 == 0 {
			continue
		}
		p := v.pairs[w.checkpoints[at].parent]
		if s.Installed>>at&1 == 1 {
			p = pair{rear: p.current, current: p.next, next: at, first: w.checkpoints[at].epoch}
		}
		v.pairs[at] = p
	}
	for l, x := range w.links {
		mask := s.Signed[0]>>l&1 | s.Signed[1]>>l&1<<1
		if mask == 0 {
			continue
		}
		q := w.at(v, x.target)
		for position, voter := range q.voters {
			if mask>>position&1 == 1 {
				v.signed[voter] |= 1 << l
			}
		}
		if q.reaches[mask] {
			v.quorum |= 1 << l
		}
	}
	v.justified, v.finalized = w.heads(v.quorum)
	return v
}

func (w *Installing) at(v view, checkpoint int) pairQuorum {
	p := v.pairs[checkpoint]
	return w.quorums[p.rear][p.current]
}

// Start returns the state in which only the anchor exists.
func (w *Installing) Start() Installs { return Installs{Proposed: 1} }

// Next proposes a checkpoint, with or without an installation, or has a voter sign a link.
func (w *Installing) Next(s Installs, yield func(Installs)) {
	v := w.view(s)
	for at := 1; at < len(w.checkpoints); at++ {
		if s.Proposed>>at&1 == 1 || s.Proposed>>w.checkpoints[at].parent&1 == 0 {
			continue
		}
		next := s
		next.Proposed |= 1 << at
		yield(next)
		if w.mayInstall(v, at) {
			next.Installed |= 1 << at
			yield(next)
		}
	}
	for l, x := range w.links {
		if s.Proposed>>x.target&1 == 0 || v.justified>>x.source&1 == 0 {
			continue
		}
		for position, voter := range w.at(v, x.target).voters {
			if s.Signed[position]>>l&1 == 0 && v.signed[voter]&w.forbidden[l] == 0 {
				next := s
				next.Signed[position] |= 1 << l
				yield(next)
			}
		}
	}
}

// mayInstall evaluates the rules for everything that the chain below a checkpoint can know to be final.
func (w *Installing) mayInstall(v view, at int) bool {
	parent := w.checkpoints[at].parent
	allows := func(finalized uint64) bool {
		return w.rules.Installs(w.checkpoints[at].epoch, finalized, v.pairs[parent].first, 1)
	}
	if allows(0) {
		return true
	}
	for l, x := range w.links {
		if v.quorum>>l&1 == 1 && w.finalizes[l][v.justified] && w.below(x.target, at) && allows(w.checkpoints[x.source].epoch) {
			return true
		}
	}
	return false
}

// below reports whether a is a proper ancestor of b.
func (w *Installing) below(a, b int) bool {
	for b = w.checkpoints[b].parent; b > a; b = w.checkpoints[b].parent {
	}
	return a == b
}

// Check returns an error wrapping ErrConflict or ErrStuck.
func (w *Installing) Check(s Installs) error {
	v := w.view(s)
	if err := w.conflict(v.finalized); err != nil {
		return err
	}
	return w.alive(v.justified, func(at int) (signed uint64) {
		// A descendant that installs nothing keeps the pair of the last checkpoint above this one.
		for child := at + 1; child < len(w.checkpoints); child++ {
			if s.Proposed>>child&1 == 1 && w.below(at, child) {
				at = child
			}
		}
		for _, voter := range w.at(v, at).voters {
			signed |= v.signed[voter]
		}
		return signed
	})
}

// Step names the checkpoint that was proposed, or the link that was signed and its signer.
func (w *Installing) Step(from, to Installs) string {
	v := w.view(to)
	for at := range w.checkpoints {
		if (to.Proposed&^from.Proposed)>>at&1 == 1 {
			p := v.pairs[at]
			verb := "propose"
			if to.Installed>>at&1 == 1 {
				verb = "install at"
			}
			return fmt.Sprintf("%s %s: rear %s, current %s, next %s", verb, w.name(at), w.name(p.rear), w.name(p.current), w.name(p.next))
		}
	}
	for l, x := range w.links {
		for position, voter := range w.at(v, x.target).voters {
			if (to.Signed[position]&^from.Signed[position])>>l&1 == 1 {
				return fmt.Sprintf("voter of %s signs %s", w.name(voter), w.linkName(l))
			}
		}
	}
	return "nothing"
}

package votepool

import (
	"bytes"
	"cmp"
	"errors"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// Conflict is two votes by one key that prove an offence (protocol §8). In a surround vote, First surrounds Second. In a
// double vote, First is the vote that the pool held first.
type Conflict struct{ First, Second Signed }

// Key returns the key that signed both votes.
func (c Conflict) Key() ffg.PublicKey { return c.First.Key }

// Conflicts returns one conflict for each key that has one, ascending by key.
func (p *Pool) Conflicts() []Conflict {
	p.mu.Lock()
	defer p.mu.Unlock()
	conflicts := make([]Conflict, 0, len(p.conflicts))
	for _, conflict := range p.conflicts {
		conflicts = append(conflicts, conflict)
	}
	slices.SortFunc(conflicts, func(a, b Conflict) int {
		x, y := a.Key(), b.Key()
		return bytes.Compare(x[:], y[:])
	})
	return conflicts
}

// Forget drops the conflict of a key that was slashed or can no longer be slashed.
func (p *Pool) Forget(key ffg.PublicKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conflicts, key)
}

// notice records the first conflict between v and the held votes of its key, lowest target first. One is enough, because
// a key is slashed for equivocation once.
func (p *Pool) notice(v Signed) {
	if _, known := p.conflicts[v.Key]; known || len(p.conflicts) >= maxConflicts {
		return
	}
	for _, held := range p.heldBy(v.Key) {
		var offence *ffg.Offence
		if !errors.As(ffg.Slashable(held.Vote, v.Vote), &offence) {
			continue
		}
		conflict := Conflict{First: held, Second: v}
		if offence.First == v.Vote {
			conflict = Conflict{First: v, Second: held}
		}
		p.conflicts[v.Key] = conflict
		return
	}
}

// heldBy returns a key's votes, ascending by target.
func (p *Pool) heldBy(key ffg.PublicKey) []Signed {
	var votes []Signed
	for _, target := range p.targets {
		for _, h := range target[key] {
			votes = append(votes, h.Signed)
		}
	}
	slices.SortStableFunc(votes, func(a, b Signed) int {
		return cmp.Compare(a.Vote.Target.Epoch, b.Vote.Target.Epoch)
	})
	return votes
}

package votepool

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// Part is one voter's signature at its position in a voter set.
type Part struct {
	Position  int
	Signature *bls.Signature
}

// Targets returns the target epochs of the held votes, ascending.
func (p *Pool) Targets() []uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	targets := make([]uint64, 0, len(p.targets))
	for target := range p.targets {
		targets = append(targets, target)
	}
	slices.Sort(targets)
	return targets
}

// Missing returns the held signatures under vote by voters of set whose bits are not in recorded, ascending by position.
func (p *Pool) Missing(vote ffg.Vote, set ffg.VoterSet, recorded ffg.Bitfield) []Part {
	p.mu.Lock()
	defer p.mu.Unlock()
	var parts []Part
	for key, votes := range p.targets[vote.Target.Epoch] {
		position, member := set.Position(key)
		if !member || recorded.Get(position) {
			continue
		}
		for _, held := range votes {
			if held.Vote == vote {
				parts = append(parts, Part{Position: position, Signature: held.point})
			}
		}
	}
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Compare(a.Position, b.Position) })
	return parts
}

// Aggregate adds up the parts over a set of n voters. It does not verify the sum. Errors: those of [bls.Sum].
func Aggregate(parts []Part, n int) (ffg.Bitfield, ffg.Signature, error) {
	signers, signatures := ffg.NewBitfield(n), make([]*bls.Signature, len(parts))
	for i, part := range parts {
		signers.Set(part.Position)
		signatures[i] = part.Signature
	}
	sum, err := bls.Sum(signatures)
	if err != nil {
		return nil, ffg.Signature{}, fmt.Errorf("aggregate %d votes: %w", len(parts), err)
	}
	return signers, sum, nil
}

package votes

import (
	"slices"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
)

// id names the votes that can be in one pack.
type id struct {
	vote ffg.Vote
	set  ffg.Root
}

// group is what the lane knows of one vote over one voter set, which is not stray.
type group struct {
	place *Place
	have  ffg.Bitfield // positions whose votes were verified and are in the pool
	own   ffg.Bitfield // those among them that came by this node's RPC
	// settled are the positions that were verified two blocks ago, and recent one block ago.
	settled, recent ffg.Bitfield
	unsent          map[int]piece // verified and not sent on yet, by position
}

// piece is a vote that was not sent on yet.
type piece struct {
	signature ffg.Signature
	due       time.Time
	heard     int // how often neighbours have sent it
}

func newGroup(p *Place) *group {
	n := len(p.Set)
	return &group{
		place: p, have: ffg.NewBitfield(n), own: ffg.NewBitfield(n), settled: ffg.NewBitfield(n), recent: ffg.NewBitfield(n),
		unsent: map[int]piece{},
	}
}

// overhear notes that a neighbour has sent a vote that is held. If enough have, it is not sent on.
func (g *group) overhear(position int) {
	p, unsent := g.unsent[position]
	if !unsent || g.own.Get(position) {
		return
	}
	if p.heard++; p.heard >= enough {
		delete(g.unsent, position)
		return
	}
	g.unsent[position] = p
}

// age is called after each block.
func (g *group) age() { g.settled, g.recent = g.recent, slices.Clone(g.have) }

// due returns the positions of the votes to send on, ascending.
func (g *group) due(now time.Time) []int {
	var positions []int
	for position, p := range g.unsent {
		if !p.due.After(now) {
			positions = append(positions, position)
		}
	}
	slices.Sort(positions)
	return positions
}

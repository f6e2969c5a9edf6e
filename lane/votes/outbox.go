package votes

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
)

// loose is a vote that travels in a pack of its own.
type loose struct {
	pack gossip.Pack
	due  time.Time
}

// due returns when a vote is sent on: own ones at once, others at a random moment, so that not all nodes send the same ones.
func (l *Lane) due(own bool, now time.Time) time.Time {
	if own {
		return now
	}
	return now.Add(rand.N(spread))
}

// keepStray sends a stray vote on, once. If the pool has the vote of the same key that counts, it is sent again beside it, so that all
// nodes have both halves of the proof.
func (l *Lane) keepStray(j *job, part gossip.Part) {
	due := l.due(j.own, time.Now())
	other := j.place.Target.Vote
	counted, held := l.pool.Signature(j.place.Set[part.Position].Key, other)

	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Strays++
	l.sendLoose(loose{gossip.Pack{Vote: j.place.Vote, SetHash: j.place.SetHash, Parts: []gossip.Part{part}}, due})
	if held {
		l.sendLoose(loose{gossip.Pack{
			Salt: salt(), Vote: other, SetHash: j.place.SetHash, Parts: []gossip.Part{{Position: part.Position, Signature: counted}},
		}, due})
	}
}

func (l *Lane) sendLoose(v loose) {
	if len(l.loose) < maxLoose {
		l.loose = append(l.loose, v)
	}
}

// salt returns a salt other than that of a first sending.
func salt() uint32 { return rand.Uint32() | 1 }

// Reap returns the packs to send to all neighbours now, at most maxBytes in all; 0 means no bound.
func (l *Lane) Reap(maxBytes int64) [][]byte {
	_, _ = l.look() // without a state, what is due is sent all the same
	if maxBytes <= 0 {
		maxBytes = 1 << 30
	}
	now := time.Now()
	out := outbox{room: maxBytes}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.newestFirst() {
		positions := g.due(now)
		sent := out.addParts(g.place.Vote, g.place.SetHash, 0, len(positions), func(i int) gossip.Part {
			return gossip.Part{Position: uint32(positions[i]), Signature: g.unsent[positions[i]].signature}
		})
		for _, position := range positions[:sent] {
			delete(g.unsent, position)
		}
	}
	l.loose = slices.DeleteFunc(l.loose, func(v loose) bool {
		return !v.due.After(now) && out.add(v.pack)
	})
	for len(l.again) > 0 && out.addBytes(l.again[0]) {
		l.again = l.again[1:]
	}
	l.counts.Sent += uint64(out.votes)
	return out.packs
}

// newestFirst returns the groups, newest target first.
func (l *Lane) newestFirst() []*group {
	groups := make([]*group, 0, len(l.groups))
	for _, g := range l.groups {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b *group) int { return cmp.Compare(b.place.Vote.Target.Epoch, a.place.Vote.Target.Epoch) })
	return groups
}

// repeat returns packs of the votes that tallies still lack two blocks after this node has got them: its own, and some of the others.
func (l *Lane) repeat() [][]byte {
	out := outbox{room: againBytes}
	for _, own := range []bool{true, false} {
		for _, g := range l.newestFirst() {
			if g.place.Target == nil {
				continue
			}
			var parts []gossip.Part
			for position := range g.settled.AndNot(g.place.Target.Signers).Indices() {
				if g.own.Get(position) != own || !own && rand.IntN(againPart) > 0 {
					continue
				}
				signature, held := l.pool.Signature(g.place.Set[position].Key, g.place.Vote)
				if held {
					parts = append(parts, gossip.Part{Position: uint32(position), Signature: signature})
				}
			}
			out.addParts(g.place.Vote, g.place.SetHash, salt(), len(parts), func(i int) gossip.Part { return parts[i] })
		}
	}
	l.counts.Repeated += uint64(out.votes)
	return out.packs
}

// outbox fills packs into a number of bytes.
type outbox struct {
	room  int64
	packs [][]byte
	votes int
}

// addParts adds packs with the first of n votes, and returns how many of them there was room for.
func (o *outbox) addParts(vote ffg.Vote, set ffg.Root, salt uint32, n int, part func(int) gossip.Part) (added int) {
	for added < n {
		fits := int(min(int64(n-added), gossip.MaxVotes, gossip.Fits(o.room)))
		if fits < 1 {
			return added
		}
		pack := gossip.Pack{Salt: salt, Vote: vote, SetHash: set, Parts: make([]gossip.Part, fits)}
		for i := range pack.Parts {
			pack.Parts[i] = part(added + i)
		}
		if !o.add(pack) {
			return added
		}
		added += fits
	}
	return added
}

func (o *outbox) add(pack gossip.Pack) bool {
	b, err := pack.Encode()
	if err != nil || !o.addBytes(b) {
		return false
	}
	o.votes += len(pack.Parts)
	return true
}

func (o *outbox) addBytes(b []byte) bool {
	if int64(len(b)) > o.room {
		return false
	}
	o.room -= int64(len(b))
	o.packs = append(o.packs, b)
	return true
}

package votes

import "slices"

// Counters count votes since the start, unless they say otherwise.
type Counters struct {
	Verified uint64 // valid and new
	Strays   uint64 // valid, and not the votes that count for their targets
	Invalid  uint64 // in packs that were dropped for a signature
	Known    uint64 // arrived again, or recorded already
	Dropped  uint64 // packs from neighbours that can't be read or placed
	Crowded  uint64 // packs from neighbours that made room in a full queue
	Sent     uint64 // for the first time; stray ones too
	Repeated uint64 // prepared to be sent again
}

// Target is what the lane holds for one vote.
type Target struct {
	Epoch    uint64
	Voters   int // of the voter set
	Held     int // verified votes
	Own      int // of them, by this node's RPC
	Recorded int // signers in the tally
	Unsent   int
}

// Status is what a lane holds.
type Status struct {
	Config      Config
	Votes       int // in the pool, stray ones too
	RPCQueue    int // votes that wait for verification
	GossipQueue int
	LooseUnsent int // stray votes that were not sent on yet
	Targets     []Target
	Counters    Counters
}

// Status returns what the lane holds now, targets ascending.
func (l *Lane) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Status{
		Config: l.config, Votes: l.pool.Len(), RPCQueue: l.rpc.votes, GossipQueue: l.gossip.votes,
		LooseUnsent: len(l.loose), Counters: l.counts,
	}
	for _, g := range l.newestFirst() {
		t := Target{Epoch: g.place.Vote.Target.Epoch, Voters: len(g.place.Set), Held: g.have.Count(), Own: g.own.Count(), Unsent: len(g.unsent)}
		if g.place.Target != nil {
			t.Recorded = g.place.Target.Signers.Count()
		}
		s.Targets = append(s.Targets, t)
	}
	slices.Reverse(s.Targets)
	return s
}

package guard

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// Comparison compares what an interchange file says about a key with what the guard has recorded.
type Comparison struct {
	Named    bool // the file has an entry for the key
	Votes    int  // in the file
	Known    bool // the key was admitted for the domain
	Recorded bool // the guard has recorded votes of it
	Retired  bool
	Newest   uint64 // the highest recorded target epoch
	Newer    bool   // a vote in the file has a target above Newest
}

// Stale reports whether the file isn't enough to let a retired key vote here again: it has no newer vote, so it is old or was
// made here, and the key may have voted elsewhere since.
func (a Comparison) Stale() bool { return a.Retired && !a.Newer }

// Named returns the keys for which an interchange file has entries, in its order. Errors for a file that can't be imported:
// ErrInterchange, ErrDomain.
func Named(domain ffg.Root, content []byte) ([]ffg.PublicKey, error) {
	all, err := parseInterchange(domain, content)
	keys := make([]ffg.PublicKey, len(all))
	for i, h := range all {
		keys[i] = h.key
	}
	return keys, err
}

// Compare returns a Comparison for each of these keys, and changes nothing. Errors: ErrInterchange, ErrDomain, fs.ErrClosed.
func (g *Guard) Compare(domain ffg.Root, content []byte, keys []ffg.PublicKey) ([]Comparison, error) {
	all, err := parseInterchange(domain, content)
	if err != nil {
		return nil, fmt.Errorf("compare with slashing protection: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state == nil {
		return nil, fmt.Errorf("compare with slashing protection: %w", fs.ErrClosed)
	}
	votes := make(map[ffg.PublicKey][]Record)
	for _, h := range all {
		votes[h.key] = append(votes[h.key], h.votes...)
	}
	out := make([]Comparison, len(keys))
	for i, key := range keys {
		in, named := votes[key]
		out[i] = Comparison{Named: named, Votes: len(in)}
		if a := g.state[key]; a != nil {
			latest, signed := a.in(domain).latest()
			out[i].Known, out[i].Recorded, out[i].Retired = a.covers(domain), signed, a.retired
			out[i].Newest = latest.Target
		}
		for _, r := range in {
			out[i].Newer = out[i].Newer || r.Target > out[i].Newest
		}
	}
	return out, nil
}

// Receive is Import for keys that arrive from another machine. Each of these keys may vote here afterwards, even if it was
// retired, and even if neither the file nor the guard has a vote of it: then it has never voted in the domain. Receive takes
// nothing about other keys: a keystore that a crash left behind must not begin to vote because some file names its key, and the
// file stays news until its key arrives. Receive changes everything or nothing, even in a crash. So an interrupted operation
// can be repeated, and Compare returns the same again. Errors: those of Import.
func (g *Guard) Receive(domain ffg.Root, content []byte, keys []ffg.PublicKey) (Report, error) {
	left := func(h history) bool { return !slices.Contains(keys, h.key) }
	return g.take(domain, content, left, func(next state) {
		for _, key := range keys {
			a := next[key]
			if a == nil {
				a = &account{ledgers: make(map[ffg.Root]*ledger)}
				next[key] = a
			}
			if !a.covers(domain) {
				a.ledgers[domain] = new(ledger)
			}
			a.retired = false
		}
	})
}

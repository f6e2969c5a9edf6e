package guard

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// Comparison is what an interchange file says of a key, beside what is recorded of it.
type Comparison struct {
	Named    bool // the file has an entry of the key
	Votes    int  // in the file
	Known    bool // the key was admitted for the domain
	Recorded bool // there are votes of it
	Retired  bool
	Newest   uint64 // target epoch of all that is recorded
	Newer    bool   // a vote in the file has a target above it
}

// Stale reports whether a key that was retired must not vote here on the strength of the file: the file has no newer vote,
// so it is an old one or was made here, and the key may have voted elsewhere since.
func (a Comparison) Stale() bool { return a.Retired && !a.Newer }

// Named returns the keys that an interchange file has entries of, in its order. Errors, for one that can't be imported:
// ErrInterchange, ErrDomain.
func Named(domain ffg.Root, content []byte) ([]ffg.PublicKey, error) {
	all, err := parseInterchange(domain, content)
	keys := make([]ffg.PublicKey, len(all))
	for i, h := range all {
		keys[i] = h.key
	}
	return keys, err
}

// Compare returns an Comparison for each of these keys, and changes nothing. Errors: ErrInterchange, ErrDomain, fs.ErrClosed.
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

// Receive is Import for keys that come from another machine: they may vote here from then on, also those that were retired,
// and those that neither the file nor the record has votes of: these have never voted in the domain. All of it is done, or
// nothing, also in a crash. Of a retired key that isn't one of these nothing is taken: the file stays news for the day when
// the key comes. So what was interrupted can be repeated, and Compare says the same again. Errors: as for Import.
func (g *Guard) Receive(domain ffg.Root, content []byte, keys []ffg.PublicKey) (Report, error) {
	left := func(h history) bool {
		a := g.state[h.key]
		return a != nil && a.retired && !slices.Contains(keys, h.key)
	}
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

package guard

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// Report says what an import did, key by key, ascending.
type Report struct{ Keys []KeyReport }

// KeyReport says what an import did for a key.
type KeyReport struct {
	Key      ffg.PublicKey
	Admitted bool    // the key is protected in the domain now, and wasn't before
	Unknown  bool    // the key isn't protected: the file has no vote of it, which doesn't prove that it never voted
	Votes    int     // in the file
	Clashes  []Clash // slashable pairs in the file, or between it and the journal; none of these votes is signed again
	Floor    Floor   // after the import
}

// Export returns an interchange file (EIP-3076) with what these keys, or all keys if none is named, may have signed in a domain.
// A complete file has every remembered vote, and a minimal one has one vote for each key. Export writes a floor as a vote
// without a signing root. It refuses to export all keys if all records are of other domains. To move keys, Export first, then
// Retire them: a key that signs here afterwards makes the file out of date.
// Errors: ErrMissing, fs.ErrClosed.
func (g *Guard) Export(domain ffg.Root, keys []ffg.PublicKey, minimal bool) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state == nil {
		return nil, fmt.Errorf("export slashing protection: %w", fs.ErrClosed)
	}
	if len(keys) == 0 {
		if others := g.state.strangers(domain); len(others) > 0 {
			return nil, fmt.Errorf("export slashing protection: %w: expected a record of the chain with domain %s, found those of %s only: is the chain id right?",
				ErrMissing, domain, others)
		}
		keys = slices.DeleteFunc(g.state.keys(), func(key ffg.PublicKey) bool { return !g.state[key].covers(domain) })
	}
	var all []history
	for _, key := range keys {
		a, err := g.accountIn(domain, key)
		if err != nil {
			return nil, fmt.Errorf("export slashing protection: %w", err)
		}
		all = append(all, history{key: key, votes: a.in(domain).export(minimal)})
	}
	content, err := formatInterchange(domain, all)
	if err != nil {
		return nil, fmt.Errorf("export slashing protection: %w", err)
	}
	return content, nil
}

// strangers returns the domains of all votes, ascending, or nil if this domain is among them.
func (s state) strangers(domain ffg.Root) []ffg.Root {
	found := make(map[ffg.Root]bool)
	for _, a := range s {
		for d := range a.ledgers {
			found[d] = true
		}
	}
	if found[domain] {
		return nil
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b ffg.Root) int { return bytes.Compare(a[:], b[:]) })
}

// export returns records from which merge rebuilds this ledger, or a stricter one if minimal.
func (l *ledger) export(minimal bool) []Record {
	out := ledger{floor: l.floor, records: slices.Clone(l.records)}
	if minimal {
		out.forget(Minimal)
	}
	if out.floor == (Floor{}) {
		return out.records
	}
	least := Record{Source: out.floor.Source, Target: out.floor.Target}
	if at, taken := out.find(least.Target); taken {
		if r := out.records[at]; r.Source == least.Source {
			least = r
		}
		out.records = out.records[at+1:]
	}
	return slices.Insert(out.records, 0, least)
}

// Import adds the votes of an interchange file (EIP-3076) and admits their keys, for this domain only. Import changes everything
// or nothing. It never loosens protection: afterwards the guard refuses every vote that is slashable together with one in the
// journal or in the file. After an error nothing has changed. Errors: ErrInterchange, ErrDomain, ErrStorage, fs.ErrClosed.
func (g *Guard) Import(domain ffg.Root, content []byte) (Report, error) {
	return g.take(domain, content, func(history) bool { return false }, func(state) {})
}

// take merges a file, without the histories for which left is true, and calls then on the result. Both are one durable change.
func (g *Guard) take(domain ffg.Root, content []byte, left func(history) bool, then func(state)) (Report, error) {
	all, err := parseInterchange(domain, content)
	if err != nil {
		return Report{}, fmt.Errorf("import slashing protection: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state == nil {
		return Report{}, fmt.Errorf("import slashing protection: %w", fs.ErrClosed)
	}
	next := g.state.clone()
	report := next.merge(domain, slices.DeleteFunc(all, left), g.keep)
	then(next)
	if slices.Equal(next.entries(), g.state.entries()) {
		err = g.settle()
	} else {
		err = g.become(next)
	}
	if err != nil {
		return Report{}, fmt.Errorf("import slashing protection: %w", err)
	}
	return report, nil
}

// merge adds the histories of a file. A key may occur in several of them.
func (s state) merge(domain ffg.Root, all []history, keep int) Report {
	votes := make(map[ffg.PublicKey][]Record)
	for _, h := range all {
		votes[h.key] = append(votes[h.key], h.votes...)
	}
	reports := make(map[ffg.PublicKey]KeyReport)
	for key, records := range votes {
		report := KeyReport{Key: key, Votes: len(records)}
		if s[key] == nil || !s[key].covers(domain) {
			report.Admitted, report.Unknown = len(records) > 0, len(records) == 0
		}
		if report.Unknown {
			reports[key] = report
			continue
		}
		if s[key] == nil {
			s[key] = &account{ledgers: make(map[ffg.Root]*ledger)}
		}
		merged, clashes := s[key].in(domain).merge(records)
		merged.forget(keep)
		if len(records) > 0 {
			s[key].ledgers[domain] = merged
		}
		report.Clashes, report.Floor = clashes, merged.floor
		reports[key] = report
	}
	var out Report
	for _, key := range slices.SortedFunc(maps.Keys(reports), func(a, b ffg.PublicKey) int { return bytes.Compare(a[:], b[:]) }) {
		out.Keys = append(out.Keys, reports[key])
	}
	return out
}

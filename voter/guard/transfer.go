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
	Admitted bool    // it wasn't protected in the domain before
	Unknown  bool    // it wasn't and isn't: the file has no vote of it, which doesn't say that there is none
	Votes    int     // in the file
	Clashes  []Clash // slashable pairs, in the file or between it and the journal; none of their votes is signed again
	Floor    Floor   // now
}

// Export returns an interchange file (EIP-3076) of what these keys may have signed in a domain; of all keys if none is
// named. A complete file has a vote for each that is remembered, and a minimal one has one vote for each key. A floor is
// written as a vote without a signing root. Without names there is an error if all records are of other domains. Export first,
// and sign nothing with the keys here afterwards: Retire them.
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

// strangers returns the domains of all votes, ascending, unless this domain is among them.
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

// export returns records from which merge makes this ledger, or a tighter one if minimal.
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

// Import adds what an interchange file (EIP-3076) says that keys have signed in a domain, and admits the keys of
// which it has votes, for this domain only. It is done whole or not at all, and never loosens protection: whatever would be slashable together
// with anything in the journal or the file is refused afterwards. Errors: ErrInterchange, ErrDomain, ErrStorage, fs.ErrClosed;
// nothing is changed then.
func (g *Guard) Import(domain ffg.Root, content []byte) (Report, error) {
	return g.take(domain, content, func(history) bool { return false }, func(state) {})
}

// take makes one change of what a file says, but for what is left aside, and of what is done then.
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

// merge adds what a file says, in which a key may come more than once.
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

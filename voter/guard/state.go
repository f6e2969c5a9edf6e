package guard

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// kind says what an entry of the journal does. The values are part of the file format. They are letters, since a free slot
// begins with zero and no flip of one bit turns a letter into zero.
type kind byte

const (
	kindAdmit   kind = 'a' // begin to protect a key, in every domain
	kindImport  kind = 'i' // begin to protect a key, in one domain
	kindRetire  kind = 't' // the key signs elsewhere from now on
	kindRestore kind = 'r' // and here again
	kindFloor   kind = 'f' // raise the floor to Source, Target
	kindVote    kind = 'v' // remember a vote
)

// entry is one change of the state. The fields that its kind doesn't use are zero.
type entry struct {
	kind   kind
	key    ffg.PublicKey
	domain ffg.Root
	record Record
}

// account is the state of one key.
type account struct {
	everywhere bool // admitted for every domain
	retired    bool
	ledgers    map[ffg.Root]*ledger // by domain; admitted for these in any case
}

// covers reports whether the key was admitted for a domain.
func (a *account) covers(domain ffg.Root) bool { return a.everywhere || a.ledgers[domain] != nil }

// in returns the ledger of a domain, or an empty one if the key has signed nothing there.
func (a *account) in(domain ffg.Root) *ledger {
	if l := a.ledgers[domain]; l != nil {
		return l
	}
	return new(ledger)
}

// state holds every admitted key. Replaying a journal from its beginning builds it.
type state map[ffg.PublicKey]*account

// apply makes a change. It returns an error for a change that no guard writes.
func (s state) apply(e entry) error {
	a := s[e.key]
	if e.kind == kindAdmit || e.kind == kindImport {
		if a == nil {
			a = &account{ledgers: make(map[ffg.Root]*ledger)}
			s[e.key] = a
		}
		if a.everywhere || e.kind == kindImport && a.covers(e.domain) {
			return fmt.Errorf("expected key %s to be admitted once, found it again", e.key)
		}
		if e.kind == kindAdmit {
			a.everywhere = true
		} else {
			a.ledgers[e.domain] = new(ledger)
		}
		return nil
	}
	if a == nil {
		return fmt.Errorf("expected key %s to be admitted first, found it unknown", e.key)
	}
	if (e.kind == kindFloor || e.kind == kindVote) && !a.covers(e.domain) {
		return fmt.Errorf("expected key %s to be admitted first for domain %s, found it admitted for others", e.key, e.domain)
	}
	switch e.kind {
	case kindRetire, kindRestore:
		a.retired = e.kind == kindRetire
		return nil
	case kindFloor:
		l := a.in(e.domain)
		if len(l.records) > 0 {
			return fmt.Errorf("expected the floor of key %s before its votes, found it after %d", e.key, len(l.records))
		}
		l.floor = l.floor.raise(e.record)
		a.ledgers[e.domain] = l
		return nil
	case kindVote:
		l := a.in(e.domain)
		if old, kind := l.conflict(e.record); kind != 0 || e.record.Target < l.floor.Target {
			return fmt.Errorf("expected votes of key %s that may stand together, found %+v, %+v and floor %+v", e.key, old, e.record, l.floor)
		}
		l.insert(e.record)
		a.ledgers[e.domain] = l
		return nil
	default:
		return fmt.Errorf("expected an entry of kind a, i, t, r, f or v, found %q", e.kind)
	}
}

// complete returns an error unless each floor has a record at its target, as in every ledger that a guard writes.
func (s state) complete() error {
	for key, a := range s {
		for _, l := range a.ledgers {
			if _, taken := l.find(l.floor.Target); !taken && l.floor != (Floor{}) {
				return fmt.Errorf("expected a vote of key %s at its floor %+v, found none", key, l.floor)
			}
		}
	}
	return nil
}

// entries returns the changes that build this state from an empty one. Equal states have equal entries.
func (s state) entries() []entry {
	var all []entry
	for _, key := range s.keys() {
		a := s[key]
		if a.everywhere {
			all = append(all, entry{kind: kindAdmit, key: key})
		} else {
			for _, domain := range a.domains() {
				all = append(all, entry{kind: kindImport, key: key, domain: domain})
			}
		}
		if a.retired {
			all = append(all, entry{kind: kindRetire, key: key})
		}
		for _, domain := range a.domains() {
			l := a.ledgers[domain]
			if l.floor != (Floor{}) {
				all = append(all, entry{kind: kindFloor, key: key, domain: domain, record: Record{Source: l.floor.Source, Target: l.floor.Target}})
			}
			for _, r := range l.records {
				all = append(all, entry{kind: kindVote, key: key, domain: domain, record: r})
			}
		}
	}
	return all
}

// keys returns the keys, ascending.
func (s state) keys() []ffg.PublicKey {
	return slices.SortedFunc(maps.Keys(s), func(a, b ffg.PublicKey) int { return bytes.Compare(a[:], b[:]) })
}

// domains returns the domains of the ledgers, ascending.
func (a *account) domains() []ffg.Root {
	return slices.SortedFunc(maps.Keys(a.ledgers), func(a, b ffg.Root) int { return bytes.Compare(a[:], b[:]) })
}

// forget drops all but the newest keep votes of each ledger.
func (s state) forget(keep int) {
	for _, a := range s {
		for _, l := range a.ledgers {
			l.forget(keep)
		}
	}
}

// clone returns a deep copy.
func (s state) clone() state {
	out := make(state, len(s))
	for key, a := range s {
		b := &account{everywhere: a.everywhere, retired: a.retired, ledgers: make(map[ffg.Root]*ledger, len(a.ledgers))}
		for domain, l := range a.ledgers {
			b.ledgers[domain] = &ledger{floor: l.floor, records: slices.Clone(l.records)}
		}
		out[key] = b
	}
	return out
}

package guard

import (
	"fmt"
	"io/fs"

	"github.com/dualchain/dualchain/core/ffg"
)

// Admit begins to protect a key in every domain, so that it may vote. The key must not have signed a vote that isn't recorded
// here. Its records stay, and a retired key stays retired.
// Errors: ErrStorage, fs.ErrClosed.
func (g *Guard) Admit(key ffg.PublicKey) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	known, err := g.knows(func(a *account) bool { return a.everywhere }, key)
	if err == nil && !known {
		err = g.change(entry{kind: kindAdmit, key: key})
	} else if err == nil {
		err = g.settle()
	}
	if err != nil {
		return fmt.Errorf("admit key %s to slashing protection: %w", key, err)
	}
	return nil
}

// Retire marks a key as moved to another machine: the guard approves none of its votes from then on. It forgets nothing.
// Errors: ErrMissing, ErrStorage, fs.ErrClosed.
func (g *Guard) Retire(key ffg.PublicKey) error {
	if err := g.setRetired(key, entry{kind: kindRetire, key: key}); err != nil {
		return fmt.Errorf("retire key %s: %w", key, err)
	}
	return nil
}

// Restore undoes Retire. Import first what the key has signed elsewhere. Errors: those of Retire.
func (g *Guard) Restore(key ffg.PublicKey) error {
	if err := g.setRetired(key, entry{kind: kindRestore, key: key}); err != nil {
		return fmt.Errorf("restore key %s: %w", key, err)
	}
	return nil
}

func (g *Guard) setRetired(key ffg.PublicKey, change entry) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.account(key)
	if err != nil {
		return err
	}
	if a.retired == (change.kind == kindRetire) {
		return g.settle()
	}
	return g.change(change)
}

// change makes a change durable, then in memory. If the disk fails, memory stays as it was, and the next successful write
// replaces the whole journal with it. This also undoes a change that had reached the disk.
func (g *Guard) change(e entry) error {
	if err := g.store(e); err != nil {
		return err
	}
	return g.state.apply(e)
}

// Knows reports whether the key was admitted for a domain. Error: fs.ErrClosed.
func (g *Guard) Knows(domain ffg.Root, key ffg.PublicKey) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.knows(func(a *account) bool { return a.covers(domain) }, key)
}

func (g *Guard) knows(admitted func(*account) bool, key ffg.PublicKey) (bool, error) {
	if g.state == nil {
		return false, fmt.Errorf("look key %s up in slashing protection: %w", key, fs.ErrClosed)
	}
	a := g.state[key]
	return a != nil && admitted(a), nil
}

// Retired reports whether the key is retired and was not restored since.
func (g *Guard) Retired(key ffg.PublicKey) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.account(key)
	return err == nil && a.retired
}

// Lookup returns the record of a target epoch, if it is still remembered. Errors: ErrMissing, fs.ErrClosed.
func (g *Guard) Lookup(domain ffg.Root, key ffg.PublicKey, target uint64) (Record, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.accountIn(domain, key)
	if err != nil {
		return Record{}, false, err
	}
	l := a.in(domain)
	at, taken := l.find(target)
	if !taken {
		return Record{}, false, nil
	}
	return l.records[at], true, nil
}

// Latest returns the record with the highest target epoch, if there is any. Errors: ErrMissing, fs.ErrClosed.
func (g *Guard) Latest(domain ffg.Root, key ffg.PublicKey) (Record, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.accountIn(domain, key)
	if err != nil {
		return Record{}, false, err
	}
	r, found := a.in(domain).latest()
	return r, found, nil
}

// FloorOf returns the floor that a vote must be above. Errors: ErrMissing, fs.ErrClosed.
func (g *Guard) FloorOf(domain ffg.Root, key ffg.PublicKey) (Floor, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.accountIn(domain, key)
	if err != nil {
		return Floor{}, err
	}
	return a.in(domain).floor, nil
}

// Summary summarizes the records of a key in one domain.
type Summary struct {
	Key     ffg.PublicKey
	Retired bool
	Domain  ffg.Root
	Votes   int // remembered one by one
	Latest  Record
	Floor   Floor
}

// List returns a summary for each key and domain, ascending. A key that has signed nothing has one with a zero domain. Error:
// fs.ErrClosed.
func (g *Guard) List() ([]Summary, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state == nil {
		return nil, fmt.Errorf("list slashing protection: %w", fs.ErrClosed)
	}
	var all []Summary
	for _, key := range g.state.keys() {
		a := g.state[key]
		if len(a.ledgers) == 0 {
			all = append(all, Summary{Key: key, Retired: a.retired})
		}
		for _, domain := range a.domains() {
			l := a.in(domain)
			latest, _ := l.latest()
			all = append(all, Summary{Key: key, Retired: a.retired, Domain: domain, Votes: len(l.records), Latest: latest, Floor: l.floor})
		}
	}
	return all, nil
}

// Prune permanently forgets all but the newest keep votes of each key and domain, and compacts the journal. It raises keep to
// Minimal. Errors: ErrStorage, fs.ErrClosed.
func (g *Guard) Prune(keep int) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state == nil {
		return fmt.Errorf("prune slashing protection: %w", fs.ErrClosed)
	}
	next := g.state.clone()
	next.forget(max(keep, Minimal))
	if err := g.become(next); err != nil {
		return fmt.Errorf("prune slashing protection: %w", err)
	}
	return nil
}

// become replaces the guard's state atomically, on disk and then in memory.
func (g *Guard) become(next state) error {
	if err := g.replace(next.entries()); err != nil {
		return err
	}
	g.state = next
	return nil
}

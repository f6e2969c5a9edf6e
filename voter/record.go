package voter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// NeverVotedFlag is the flag that lets a key vote without a record of its votes.
const NeverVotedFlag = "i-know-this-key-has-never-voted"

// lostJournal is what to do without a record. To restore a copy is the wrong thing nearly always.
const lostJournal = "a copy is no good unless nothing was signed since it was made: see 'A lost journal' in docs/operations.md"

// openGuard opens the guard. Without one it refuses to start and says why: what a key has signed is forgotten then, unless
// its owner says that there is nothing to forget.
func (h Home) openGuard(public []ffg.PublicKey, keep int, neverVoted bool) (*guard.Guard, error) {
	if neverVoted {
		if _, err := h.beginRecords(public, nil); err != nil {
			return nil, err
		}
	}
	g, err := guard.Open(h.guardPath(), guard.Keep(keep))
	if errors.Is(err, guard.ErrMissing) {
		return nil, fmt.Errorf("%w; %s; if its keys have never signed a vote, anywhere, start once with --%s", err, lostJournal, NeverVotedFlag)
	}
	if errors.Is(err, guard.ErrDamaged) {
		return nil, fmt.Errorf("%w; %s", err, lostJournal)
	}
	return g, err
}

// mayVote returns an error unless the guard protects a key: ErrMissing, ErrRetired, fs.ErrClosed.
func (h Home) mayVote(g *guard.Guard, domain ffg.Root, key ffg.PublicKey) error {
	known, err := g.Knows(domain, key)
	if err != nil {
		return err
	}
	if !known {
		return h.noRecord(g, domain, key)
	}
	if g.Retired(key) {
		return fmt.Errorf("%w: key %s votes on another machine: bring it back with 'dualchaind voter move --from', or remove it here", guard.ErrRetired, key)
	}
	return nil
}

// noRecord says what may be the matter with a key that isn't known in a domain. A wrong chain id is, if it is known in others.
func (h Home) noRecord(g *guard.Guard, domain ffg.Root, key ffg.PublicKey) error {
	others, err := domainsOf(g, key)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return fmt.Errorf("%w: check chain_id first: expected a record of key %s in its domain %s, found in %s: %s; if chain_id is right, import what the key has signed there",
			guard.ErrMissing, key, domain, h.guardPath(), strings.Join(others, ", "))
	}
	return fmt.Errorf("%w: %s has no record of key %s: import what it has signed; %s; if it has never signed a vote, anywhere, start once with --%s",
		guard.ErrMissing, h.guardPath(), key, lostJournal, NeverVotedFlag)
}

// domainsOf returns the domains in which a key is known.
func domainsOf(g *guard.Guard, key ffg.PublicKey) (domains []string, err error) {
	all, err := g.List()
	for _, s := range all {
		if s.Key == key {
			domains = append(domains, s.Domain.String())
		}
	}
	return domains, err
}

// BeginRecords begins a record of votes for keys that have none, since their owner says that they have never signed a vote:
// for those in claimed, or, if none is named, for the only key there is. names are those of the configuration. It returns the
// keys that got a record. Errors: ErrConfig if it isn't clear of which key that is said, those of keys.Show and package guard.
func (h Home) BeginRecords(names, claimed []string) ([]string, error) {
	infos, err := keys.List(h.Keys())
	if err != nil {
		return nil, err
	}
	var public []ffg.PublicKey
	for _, info := range infos {
		if len(names) > 0 && !slices.Contains(names, info.Name) {
			continue
		}
		var key ffg.PublicKey
		if err := key.UnmarshalText([]byte(info.PubKey)); err != nil {
			return nil, fmt.Errorf("key %s: %w", info.Name, err)
		}
		public = append(public, key)
	}
	return h.beginRecords(public, claimed)
}

func (h Home) beginRecords(public []ffg.PublicKey, claimed []string) ([]string, error) {
	for _, name := range claimed {
		if !slices.ContainsFunc(public, func(key ffg.PublicKey) bool { return key.String() == name }) {
			return nil, fmt.Errorf("%w: --%s: expected public keys of this voter, found %q", ErrConfig, NeverVotedFlag, name)
		}
	}
	if len(claimed) == 0 && len(public) > 1 {
		return nil, fmt.Errorf("%w: expected --%s=PUBLIC_KEY,… with those of the %d keys of which it is true, found none",
			ErrConfig, NeverVotedFlag, len(public))
	}
	g, err := h.createGuard()
	if err != nil {
		return nil, err
	}
	var begun []string
	for _, key := range public {
		if len(claimed) > 0 && !slices.Contains(claimed, key.String()) {
			continue
		}
		others, err := domainsOf(g, key)
		if err == nil && len(others) == 0 {
			err = g.Admit(key)
			begun = append(begun, key.String())
		}
		if err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	return begun, g.Close()
}

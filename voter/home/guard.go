package home

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// NeverVotedFlag is the flag that lets a key vote without a record of its votes.
const NeverVotedFlag = "i-know-this-key-has-never-voted"

// lostJournal tells what to do without a record. Restoring a copy is almost always wrong.
const lostJournal = "a copy is no good unless nothing was signed since it was made: see 'A lost journal' in docs/operations.md"

// OpenGuard opens the home's slashing protection. Errors: those of guard.Open.
func (d Dir) OpenGuard(options ...guard.Option) (*guard.Guard, error) {
	return guard.Open(d.guardPath(), options...)
}

// CreateGuard opens the home's slashing protection, and creates it first if it is missing.
func (d Dir) CreateGuard() (*guard.Guard, error) {
	if err := guard.Create(d.guardPath()); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return d.OpenGuard()
}

// Prepare creates slashing protection in a home without keys, ready for keys to arrive, and reports whether the home has none. A
// home that has keys but no slashing protection has lost it, and Prepare leaves it as it is.
func (d Dir) Prepare() (empty bool, err error) {
	infos, odd, err := keys.Survey(d.Keys())
	if err != nil || len(infos) > 0 {
		return false, err
	}
	if len(odd) > 0 { // they may be keys
		return true, nil
	}
	if err := guard.Create(d.guardPath()); err != nil && !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	return true, nil
}

// OpenGuardToVote opens slashing protection for a process that signs. If the journal is missing or damaged, the error tells the
// operator what to do: nobody knows then what the keys have signed.
func (d Dir) OpenGuardToVote(keep int) (*guard.Guard, error) {
	g, err := d.OpenGuard(guard.Keep(keep), guard.ToVote())
	if errors.Is(err, guard.ErrMissing) {
		return nil, fmt.Errorf("%w; %s; if its keys have never signed a vote, anywhere, start once with --%s", err, lostJournal, NeverVotedFlag)
	}
	if errors.Is(err, guard.ErrDamaged) {
		return nil, fmt.Errorf("%w; %s", err, lostJournal)
	}
	return g, err
}

// MayVote returns an error unless slashing protection covers a key: guard.ErrMissing, guard.ErrRetired, fs.ErrClosed.
func (d Dir) MayVote(g *guard.Guard, domain ffg.Root, key ffg.PublicKey) error {
	known, err := g.Knows(domain, key)
	if err != nil {
		return err
	}
	if !known {
		return d.noRecord(g, domain, key)
	}
	if g.Retired(key) {
		return fmt.Errorf("%w: key %s votes on another machine: bring it back with 'voter move --from', or remove it here", guard.ErrRetired, key)
	}
	return nil
}

// noRecord explains why a key has no record in a domain. If it has one in another domain, the chain id is probably wrong.
func (d Dir) noRecord(g *guard.Guard, domain ffg.Root, key ffg.PublicKey) error {
	others, err := domainsOf(g, key)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return fmt.Errorf("%w: check chain_id first: expected a record of key %s in its domain %s, found in %s: %s; if chain_id is right, import what the key has signed there",
			guard.ErrMissing, key, domain, d.guardPath(), strings.Join(others, ", "))
	}
	return fmt.Errorf("%w: %s has no record of key %s: import what it has signed; %s; if it has never signed a vote, anywhere, start once with --%s",
		guard.ErrMissing, d.guardPath(), key, lostJournal, NeverVotedFlag)
}

// domainsOf returns the domains in which slashing protection knows a key.
func domainsOf(g *guard.Guard, key ffg.PublicKey) (domains []string, err error) {
	all, err := g.List()
	for _, s := range all {
		if s.Key == key {
			domains = append(domains, s.Domain.String())
		}
	}
	return domains, err
}

// BeginRecords begins a record of votes for keys that have none, because their owner says that they have never signed a vote.
// claimed are the public keys of which the owner says so; it may be empty if there is only one key. names are the names in the
// configuration, empty for all keys. It returns the keys whose record begins. Errors: ErrConfig unless the claim is about keys of
// this home, those of package keys and package guard.
func (d Dir) BeginRecords(names, claimed []string) ([]string, error) {
	_, public, err := d.PublicKeys(names)
	if err != nil {
		return nil, err
	}
	for _, name := range claimed {
		if !slices.ContainsFunc(public, func(key ffg.PublicKey) bool { return key.String() == name }) {
			return nil, fmt.Errorf("%w: --%s: expected public keys of this voter, found %q", ErrConfig, NeverVotedFlag, name)
		}
	}
	if len(claimed) == 0 && len(public) > 1 {
		return nil, fmt.Errorf("%w: expected --%s=PUBLIC_KEY,… with those of the %d keys of which it is true, found none",
			ErrConfig, NeverVotedFlag, len(public))
	}
	g, err := d.CreateGuard()
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

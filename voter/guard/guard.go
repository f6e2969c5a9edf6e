// Package guard is slashing protection. It remembers every vote that a key may have signed, and approves a vote only if it is
// slashable together with none of them (protocol §8). The record is on disk before Approve returns, so a process that signs only
// approved votes can crash at any moment and start again.
//
// Votes are kept by public key and domain, never by height. A chain that restarts under another chain id is another domain, and
// a chain that rolls back stays in its own. docs/adr/014 explains the file format.
package guard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/durable"
)

// FileName is the name of the journal in a voter's home. Its lock file is beside it.
const FileName = "guard.journal"

// How many votes of a key in a domain the guard remembers one by one. Complete is many times any vote window: every vote that
// may still count can be signed again, and votes for older targets stay possible where they are safe. Minimal remembers one
// vote, and refuses every other with a target up to it or a source before it, as in EIP-3076.
const (
	Complete = 1024
	Minimal  = 1
)

// ErrEpoch: the vote is for an epoch that no chain reaches.
var ErrEpoch = errors.New("vote for an epoch that no chain reaches")

// Guard approves votes. Many goroutines may use it.
type Guard struct {
	keep   int
	voting bool // the place is recorded
	adopt  bool // the place is not checked

	mu      sync.Mutex
	lock    *os.File
	journal journal
	state   state // nil when closed
}

// Option changes how a journal is opened.
type Option func(*Guard)

// Keep sets how many of the newest votes of each key and domain the guard remembers. The Floor stands for older ones. The
// default is Complete, and Keep raises votes to Minimal. Votes that were forgotten under a smaller number stay forgotten.
func Keep(votes int) Option { return func(g *Guard) { g.keep = max(votes, Minimal) } }

// ToVote makes Open record where the journal is, because its keys may vote from now on: a copy of the home is found afterwards.
func ToVote() Option { return func(g *Guard) { g.voting = true } }

// Adopt makes Open take a copied journal for the original, because its owner says that the original can't vote any more, and that it
// has signed nothing since the copy was made.
func Adopt() Option { return func(g *Guard) { g.voting, g.adopt = true, true } }

// Create creates a journal without keys. If the file exists, it changes nothing and wraps fs.ErrExist.
func Create(path string) error {
	content, _, _ := encode(0, nil, spareSlots)
	if err := durable.Write(path, content); err != nil {
		return fmt.Errorf("create slashing protection: %w", err)
	}
	return nil
}

// Open opens an existing journal and locks it until Close. It writes nothing but where the journal is, with ToVote or Adopt. Errors:
// ErrMissing, ErrInUse, ErrCopied, ErrDamaged, ErrStorage.
func Open(path string, options ...Option) (*Guard, error) {
	resolved, err := filepath.EvalSymlinks(path) // so that a journal has one lock, and no link is replaced by a second journal
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open slashing protection: %w: %w", ErrStorage, err)
	}
	path = resolved
	locked, err := lock(path)
	if err != nil {
		return nil, fmt.Errorf("open slashing protection: %w", err)
	}
	g, err := open(folder{path: filepath.Dir(path), lock: locked}, path, options...)
	if err != nil {
		return nil, errors.Join(err, locked.Close())
	}
	g.lock = locked
	if err := g.settleIn(); err != nil {
		return nil, errors.Join(fmt.Errorf("open slashing protection: %w", err), g.Close())
	}
	return g, nil
}

// settleIn checks the place of the lock file, and records it.
func (g *Guard) settleIn() error {
	if !g.adopt {
		if err := checkPlace(g.lock); errors.Is(err, ErrCopied) {
			return err
		} else if err != nil {
			return fmt.Errorf("%w: %w", ErrStorage, err)
		}
	}
	if !g.voting {
		return nil
	}
	if err := recordPlace(g.lock); err != nil && g.adopt { // a disk that is full or read-only keeps nobody from reading; the next start records it
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return nil
}

// open reads the journal from a disk that nobody else writes to.
func open(d disk, path string, options ...Option) (*Guard, error) {
	content, held, err := d.read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open slashing protection: %w: %w", ErrStorage, err)
	}
	generation, s, err := decode(content)
	if err != nil {
		err = fmt.Errorf("open slashing protection: %w: %s: %w: restore the file; a copy is good only if nothing was signed after it was made",
			ErrDamaged, path, err)
		return nil, errors.Join(err, held.close())
	}
	g := &Guard{keep: Complete, journal: journal{disk: d, name: path, file: held, spare: spareSlots, generation: generation}, state: s}
	for _, option := range options {
		option(g)
	}
	s.forget(g.keep)
	return g, nil
}

func missing(path string) error {
	hint := "stop using keys that may have voted"
	old := filepath.Join(filepath.Dir(path), "guard.db")
	if _, err := os.Stat(old); err == nil {
		hint = fmt.Sprintf("%s is of an unreleased version, which this one doesn't read: its keys may have voted", old)
	}
	return fmt.Errorf("open slashing protection: %w: expected the file %s, found none: %s", ErrMissing, path, hint)
}

// Close unlocks the journal. Afterwards every call returns fs.ErrClosed.
func (g *Guard) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state = nil
	err := g.journal.close()
	if g.lock != nil {
		err = errors.Join(err, g.lock.Close())
		g.lock = nil
	}
	if err != nil {
		return fmt.Errorf("close slashing protection: %w", err)
	}
	return nil
}

// Approve records a vote that conflicts with none that it has approved for the key in the domain, and returns nil once the
// record is durable. It approves the same vote again. After any error the vote must not be signed. A refusal is a *Conflict with
// the recorded vote, or a *BelowFloor. Other errors: ErrMissing for a key that was never admitted, ErrRetired, ffg.ErrVoteOrder,
// ErrEpoch for a vote that no import would take, ErrStorage. After ErrStorage the vote counts as signed, since it may be on disk;
// Approve returns nil for it once the disk takes it. After ErrLost Approve refuses everything until the next Open.
func (g *Guard) Approve(domain ffg.Root, key ffg.PublicKey, vote ffg.Vote) error {
	if err := g.approve(domain, key, vote, vote.SigningRoot(domain)); err != nil {
		return fmt.Errorf("approve vote: %w", err)
	}
	return nil
}

// approve is Approve for a vote with this signing root.
func (g *Guard) approve(domain ffg.Root, key ffg.PublicKey, vote ffg.Vote, root ffg.Root) error {
	if err := vote.Validate(); err != nil {
		return err
	}
	if vote.Target.Epoch > maxEpoch { // the source is below it
		return fmt.Errorf("%w: expected target epoch %d at most, found %d", ErrEpoch, uint64(maxEpoch), vote.Target.Epoch)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.accountIn(domain, key)
	if err != nil {
		return err
	}
	if a.retired {
		return fmt.Errorf("%w: %s moved to another machine, which may have voted since", ErrRetired, key)
	}
	l := a.in(domain)
	record := Record{Source: vote.Source.Epoch, Target: vote.Target.Epoch, Root: root}
	if l.knows(record) {
		return g.settle()
	}
	if old, kind := l.conflict(record); kind != 0 {
		return &Conflict{Recorded: old, Vote: vote, Kind: kind}
	}
	if !l.floor.above(record) {
		return &BelowFloor{Vote: vote, Floor: l.floor}
	}
	change := entry{kind: kindVote, key: key, domain: domain, record: record}
	err = errors.Join(g.store(change), g.state.apply(change)) // even if the disk failed, the entry may be on it
	a.in(domain).forget(g.keep)
	return err
}

// account returns the account of a key. Errors: fs.ErrClosed, ErrMissing.
func (g *Guard) account(key ffg.PublicKey) (*account, error) {
	if g.state == nil {
		return nil, fmt.Errorf("slashing protection: %w", fs.ErrClosed)
	}
	a := g.state[key]
	if a == nil {
		return nil, fmt.Errorf("%w: %s was never admitted", ErrMissing, key)
	}
	return a, nil
}

// accountIn returns the account of a key that was admitted for a domain. Errors: fs.ErrClosed, ErrMissing.
func (g *Guard) accountIn(domain ffg.Root, key ffg.PublicKey) (*account, error) {
	a, err := g.account(key)
	if err == nil && !a.covers(domain) {
		err = fmt.Errorf("%w: expected a record of key %s in domain %s, found one of another chain: import what it has signed on this one", ErrMissing, key, domain)
	}
	return a, err
}

// store makes a change durable. It doesn't change memory.
func (g *Guard) store(change entry) error {
	if g.journal.full() {
		return g.replace(append(g.state.entries(), change))
	}
	if err := g.journal.append(change); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return nil
}

// settle writes the state in memory to disk, unless the journal has it already.
func (g *Guard) settle() error {
	if g.journal.sound {
		return nil
	}
	return g.replace(g.state.entries())
}

func (g *Guard) replace(entries []entry) error {
	if err := g.journal.replace(entries); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return nil
}

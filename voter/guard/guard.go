// Package guard is slashing protection: it remembers every vote that a key may have signed, and approves a vote only
// if no pair of them is slashable (protocol §8). The record is on disk before Approve returns: whoever signs only what was
// approved can crash at any moment and start again.
//
// Votes are kept by public key and domain, never by height: a chain that starts again under another chain id is
// another domain, and a chain that rolls back is the same one. Why the file is one of our own: docs/adr/014.
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

// FileName is what a journal is called in a voter's home. Its lock is beside it.
const FileName = "guard.journal"

// How many votes of a key in a domain are remembered one by one. Complete is many times any vote window, so that a vote
// that can still be of use can be signed again, and older targets can still be voted for where that is safe. Minimal
// remembers one, and refuses everything with a target up to it or a source before it, as in EIP-3076.
const (
	Complete = 1024
	Minimal  = 1
)

// ErrEpoch: the vote is for an epoch that no chain reaches.
var ErrEpoch = errors.New("vote for an epoch that no chain reaches")

// Guard approves votes. It may be called from many goroutines.
type Guard struct {
	keep int

	mu      sync.Mutex
	lock    *os.File
	journal journal
	state   state // nil when closed
}

// Option changes how a journal is opened.
type Option func(*Guard)

// Keep says how many votes of each key and domain are remembered, the newest ones; of older ones the Floor remains.
// The default is Complete; less than Minimal is Minimal. What was forgotten under a smaller number stays forgotten.
func Keep(votes int) Option { return func(g *Guard) { g.keep = max(votes, Minimal) } }

// Create makes a journal that knows no keys. It never replaces a file: the error then wraps fs.ErrExist.
func Create(path string) error {
	content, _, _ := encode(0, nil, spareSlots)
	if err := durable.Write(path, content); err != nil {
		return fmt.Errorf("create slashing protection: %w", err)
	}
	return nil
}

// Open opens an existing journal and locks it until Close. It writes nothing yet. Errors wrap ErrMissing, ErrInUse,
// ErrDamaged or ErrStorage.
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
	return g, nil
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

// Close unlocks the journal. Everything is refused afterwards, with fs.ErrClosed.
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

// Approve records the vote and returns nil once that is durable, if it conflicts with no vote that was approved for
// the key in the domain. The same vote again is approved. Any error means: don't sign. A refusal is a *Conflict with the
// recorded vote, or a *BelowFloor; errors also wrap ErrMissing for a key that was never admitted, ErrRetired,
// ffg.ErrVoteOrder, ErrEpoch for a vote that no import would take, and ErrStorage. After ErrStorage the vote counts as signed,
// though it wasn't, since it may be on disk: asked for again, it is approved as soon as the disk takes it. After ErrLost
// nothing is approved until the next Open.
func (g *Guard) Approve(domain ffg.Root, key ffg.PublicKey, vote ffg.Vote) error {
	if err := g.approve(domain, key, vote, vote.SigningRoot(domain)); err != nil {
		return fmt.Errorf("approve vote: %w", err)
	}
	return nil
}

// approve does it for a vote with this signing root.
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
	err = errors.Join(g.store(change), g.state.apply(change)) // in memory also if the disk failed: the entry may be there
	a.in(domain).forget(g.keep)
	return err
}

// account finds what is known of a key. Errors: fs.ErrClosed, ErrMissing.
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

// accountIn finds what is known of a key that was admitted for a domain. Errors: fs.ErrClosed, ErrMissing.
func (g *Guard) accountIn(domain ffg.Root, key ffg.PublicKey) (*account, error) {
	a, err := g.account(key)
	if err == nil && !a.covers(domain) {
		err = fmt.Errorf("%w: expected a record of key %s in domain %s, found one of another chain: import what it has signed on this one", ErrMissing, key, domain)
	}
	return a, err
}

// store makes a change durable, before or after it is made in memory.
func (g *Guard) store(change entry) error {
	if g.journal.full() {
		return g.replace(append(g.state.entries(), change))
	}
	if err := g.journal.append(change); err != nil {
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return nil
}

// settle makes durable what is in memory.
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

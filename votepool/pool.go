// Package votepool holds the votes that a node has verified and that no block carries yet (protocol §12). It keeps each
// vote by itself, because aggregates that overlap cannot be merged. It also notices when one key signs two conflicting
// votes. The pool is local to a node: no state transition may read it.
package votepool

import (
	"errors"
	"fmt"
	"sync"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// Ahead is the number of epochs above the head for which votes are held: a voter's node may be ahead of this one.
const Ahead = 2

// Memory bounds. A vote takes about voteBytes, including its place in the maps.
const (
	voteBytes    = 600
	votesAVoter  = 2    // per target; two that differ are evidence, and a third adds nothing
	maxConflicts = 1024 // at most one per key
)

// Errors of [Pool.Add].
var (
	// ErrWindow means that the target is too old or too far ahead.
	ErrWindow = errors.New("target outside the window of the pool")
	// ErrConflicting means that two other votes of this voter are held for this target, which is evidence enough.
	ErrConflicting = errors.New("two conflicting votes of this voter are held for this target")
	// ErrSignature means that the same vote is held with another signature. Only one of them can be valid.
	ErrSignature = errors.New("another signature than that of the held vote")
	// ErrFull means that there is no room left and no older target to evict.
	ErrFull = errors.New("vote pool is full")
)

// Signed is one voter's vote. The key identifies the voter, because positions differ from set to set.
type Signed struct {
	Key       ffg.PublicKey
	Vote      ffg.Vote
	Signature ffg.Signature
}

// held is a vote in the pool. Its signature stays as it was read for verification, since reading it again costs most of what
// verifying it does.
type held struct {
	Signed
	point *bls.Signature
}

// Pool is a bounded set of verified votes. All methods may be called concurrently.
type Pool struct {
	maxVotes int

	mu             sync.Mutex
	oldest, newest uint64 // targets that are held
	targets        map[uint64]map[ffg.PublicKey][]held
	votes          int // in all targets
	conflicts      map[ffg.PublicKey]Conflict
}

// New returns an empty pool that holds about maxBytes of votes. It accepts none until [Pool.Prune] sets a window.
func New(maxBytes int) *Pool {
	return &Pool{
		maxVotes:  maxBytes / voteBytes,
		targets:   map[uint64]map[ffg.PublicKey][]held{},
		conflicts: map[ffg.PublicKey]Conflict{},
	}
}

// Add adds a vote and reports whether it was new. It calls verify last, only for a vote that it would accept, and
// without holding a lock. verify returns the vote's signature as it was read, or an error, which Add returns unchanged.
// Errors: those of [ffg.Vote.Validate], [ErrWindow], [ErrConflicting], [ErrSignature], [ErrFull].
func (p *Pool) Add(v Signed, verify func() (*bls.Signature, error)) (added bool, err error) {
	if err := v.Vote.Validate(); err != nil {
		return false, err
	}
	if held, err := p.check(v); err != nil || held {
		return false, err
	}
	point, err := verify()
	if err != nil {
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if held, err := p.admit(v); err != nil || held { // the pool may have changed during verify
		return false, err
	}
	p.insert(held{v, point})
	return true, nil
}

func (p *Pool) check(v Signed) (held bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.admit(v)
}

// admit reports whether v is held already, and returns an error if v may not be inserted.
func (p *Pool) admit(v Signed) (held bool, err error) {
	target := v.Vote.Target.Epoch
	if target < p.oldest || target > p.newest {
		return false, fmt.Errorf("%w: expected epoch %d to %d, found %d", ErrWindow, p.oldest, p.newest, target)
	}
	others := p.targets[target][v.Key]
	for _, other := range others {
		if other.Vote != v.Vote {
			continue
		}
		if other.Signature != v.Signature {
			return false, fmt.Errorf("%w: epoch %d, key %s", ErrSignature, target, v.Key)
		}
		return true, nil
	}
	if len(others) == votesAVoter {
		return false, fmt.Errorf("%w: epoch %d, key %s", ErrConflicting, target, v.Key)
	}
	if p.votes >= p.maxVotes && p.oldestHeld() >= target {
		return false, fmt.Errorf("%w: expected fewer than %d votes, or a target above epoch %d, found epoch %d",
			ErrFull, p.maxVotes, p.oldestHeld(), target)
	}
	return false, nil
}

// insert adds a vote that admit accepted. It evicts the oldest target if there is no room, since finality needs the
// newest most.
func (p *Pool) insert(v held) {
	if p.votes >= p.maxVotes {
		p.drop(p.oldestHeld())
	}
	p.notice(v.Signed)
	target := v.Vote.Target.Epoch
	if p.targets[target] == nil {
		p.targets[target] = map[ffg.PublicKey][]held{}
	}
	p.targets[target][v.Key] = append(p.targets[target][v.Key], v)
	p.votes++
}

// Prune sets the window of the pool to the targets from oldest to head + [Ahead] and drops the votes outside.
// Conflicts stay when their votes are dropped.
func (p *Pool) Prune(oldest, head uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.oldest, p.newest = oldest, head+Ahead
	if p.newest < head { // the sum overflowed
		p.newest = head
	}
	for target := range p.targets {
		if target < p.oldest || target > p.newest {
			p.drop(target)
		}
	}
}

// Remove drops one voter's votes for a target, such as a signature that turned out to be bad.
func (p *Pool) Remove(target uint64, key ffg.PublicKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.votes -= len(p.targets[target][key])
	delete(p.targets[target], key)
	if len(p.targets[target]) == 0 {
		delete(p.targets, target)
	}
}

// Len returns the number of votes held.
func (p *Pool) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.votes
}

func (p *Pool) drop(target uint64) {
	for _, votes := range p.targets[target] {
		p.votes -= len(votes)
	}
	delete(p.targets, target)
}

// oldestHeld returns the lowest target with votes. For an empty pool it returns a target beyond every window, so that a
// pool without room refuses all votes.
func (p *Pool) oldestHeld() uint64 {
	oldest := ^uint64(0)
	for target := range p.targets {
		oldest = min(oldest, target)
	}
	return oldest
}

// Signature returns the signature of a key under a vote, if the pool holds it.
func (p *Pool) Signature(key ffg.PublicKey, vote ffg.Vote) (ffg.Signature, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, held := range p.targets[vote.Target.Epoch][key] {
		if held.Vote == vote {
			return held.Signed.Signature, true
		}
	}
	return ffg.Signature{}, false
}

package cert

import (
	"fmt"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// Pair is what verifies the certificates of one pair: its voters, hashed and with their keys parsed once, and the set that
// follows. It is immutable.
type Pair struct {
	voters ffg.VoterSet
	hash   ffg.Root
	keys   *bls.KeySet
	next   hashedSide // empty if it is not known
}

// hashedSide is a set with its hash.
type hashedSide struct {
	side ffg.Side
	hash ffg.Root
}

func hashed(side ffg.Side) hashedSide { return hashedSide{side: side, hash: side.Hash()} }

// NewPair prepares the voters of a pair. If next is nil, it refuses a certificate in which the next pair is installed. keys
// remembers parsed keys between calls and may be nil. The caller knows that a trusted checkpoint commits to the members. The chain
// promises that possession of each key was proven.
// Errors: those of VoterSet.Validate, Side.Validate and bls.ParsePublicKey.
func NewPair(voters ffg.VoterSet, next ffg.Side, keys *bls.Cache) (*Pair, error) {
	if err := voters.Validate(); err != nil {
		return nil, fmt.Errorf("voters: %w", err)
	}
	pair, err := newPair(voters, keys)
	if err != nil || next == nil {
		return pair, err
	}
	if err := next.Validate(); err != nil {
		return nil, fmt.Errorf("next set: %w", err)
	}
	return pair.withNext(hashed(next)), nil
}

// newPair prepares valid voters.
func newPair(voters ffg.VoterSet, keys *bls.Cache) (*Pair, error) {
	parsed := make([]*bls.PublicKey, len(voters))
	for i, voter := range voters {
		key, err := keys.Parse(voter.Key)
		if err != nil {
			return nil, fmt.Errorf("voter %d: %w", i, err)
		}
		parsed[i] = key
	}
	return &Pair{voters: voters, hash: voters.Hash(), keys: bls.NewKeySet(parsed)}, nil
}

// withNext returns the same pair with a valid set that follows.
func (p *Pair) withNext(next hashedSide) *Pair {
	with := *p
	with.next = next
	return &with
}

// follow returns the pair that votes on a checkpoint of the next pair, as far as p determines it: (current, next). Its own next set is
// not known yet.
func (p *Pair) follow(c ffg.Checkpoint, keys *bls.Cache) (*Pair, error) {
	if p.next.side == nil {
		return nil, fmt.Errorf("pair %d follows one whose next set is not known", c.Pair)
	}
	pair, err := newPair(ffg.Stitch(p.voters.CurrentSide(), p.next.side), keys)
	if err != nil {
		return nil, err
	}
	return pair, pair.checkVoters(c)
}

// checkVoters checks that a checkpoint commits to the pair's voters.
func (p *Pair) checkVoters(c ffg.Checkpoint) error {
	if c.VoterSetHash != p.hash {
		return fmt.Errorf("voters of epoch %d: expected hash %s, found %s", c.Epoch, p.hash, c.VoterSetHash)
	}
	return nil
}

// checkNext checks that a checkpoint commits to the pair's next set, if that is known.
func (p *Pair) checkNext(c ffg.Checkpoint) error {
	if p.next.side != nil && c.NextVoterSetHash != p.next.hash {
		return fmt.Errorf("next set of epoch %d: expected hash %s, found %s", c.Epoch, c.NextVoterSetHash, p.next.hash)
	}
	return nil
}

// commitTo returns the same pair with a valid next set, to which the checkpoint must commit.
func (p *Pair) commitTo(next hashedSide, c ffg.Checkpoint) (*Pair, error) {
	with := p.withNext(next)
	if err := with.checkNext(c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBase, err)
	}
	return with, nil
}

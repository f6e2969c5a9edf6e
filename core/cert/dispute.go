package cert

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// Dispute is what two valid chains of certificates from one trusted checkpoint show if they cannot both be honest.
type Dispute struct {
	// Epoch is the first in which they prove different checkpoints final.
	Epoch uint64 `json:"epoch,string"`
	// First and Second are these checkpoints' roots.
	First  ffg.Root `json:"first"`
	Second ffg.Root `json:"second"`
	// Evidence is what the conflicting votes prove. If both chains were verified in following mode from the same trusted checkpoint,
	// it always names voters with at least a third of one side of a pair. In skipping mode it may be empty.
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Evidence is a pair of votes that no honest voter signs both of (protocol §8).
type Evidence struct {
	Offence string     `json:"offence"` // the name of an ffg.OffenceKind
	First   SignedVote `json:"first"`   // the surrounding one in a surround vote
	Second  SignedVote `json:"second"`
	// Guilty are the keys in both, ascending.
	Guilty []ffg.PublicKey `json:"guilty,omitempty"`
}

// SignedVote is a vote with the keys of everyone whose signatures are in the aggregate, ascending.
type SignedVote struct {
	Vote      ffg.Vote        `json:"vote"`
	Signers   []ffg.PublicKey `json:"signers,omitempty"`
	Signature ffg.Signature   `json:"signature"`
}

// ErrNoDispute is wrapped by Compare for two chains that don't contradict each other, as far as they go.
var ErrNoDispute = errors.New("the certificates do not conflict")

// Compare verifies two chains of hand-overs from one trusted checkpoint and returns what they prove against each other.
// In skipping mode a conflict may come without evidence, and conflicts can stay unseen: two checkpoints of different epochs conflict
// visibly only together with those between them.
// The error wraps that of VerifyChain, or ErrNoDispute.
func Compare(domain ffg.Root, trust Trust, first, second []HandOver, o Options) (Dispute, error) {
	a, err := record(domain, trust, first, o)
	if err != nil {
		return Dispute{}, fmt.Errorf("first chain: %w", err)
	}
	b, err := record(domain, trust, second, o)
	if err != nil {
		return Dispute{}, fmt.Errorf("second chain: %w", err)
	}
	epoch, ok := a.conflict(b)
	if !ok {
		return Dispute{}, ErrNoDispute
	}
	known := a.keysInBoth(b)
	return Dispute{
		Epoch: epoch, First: a.final[epoch], Second: b.final[epoch],
		Evidence: FindEvidence(signedBy(a.votes, known), signedBy(b.votes, known)),
	}, nil
}

// recorded is what a valid chain of certificates has shown.
type recorded struct {
	final map[uint64]ffg.Root // final checkpoints by epoch
	sets  map[setHashes]*Pair // with members: of the checkpoints that certificates were verified from
	has   map[setHashes]bool  // of every final checkpoint
	votes []SignedVote
}

// setHashes names the sets that a checkpoint commits to.
type setHashes struct{ voters, next ffg.Root }

func setsOf(c ffg.Checkpoint) setHashes { return setHashes{c.VoterSetHash, c.NextVoterSetHash} }

func record(domain ffg.Root, trust Trust, handOvers []HandOver, o Options) (recorded, error) {
	r := recorded{final: map[uint64]ffg.Root{}, sets: map[setHashes]*Pair{}, has: map[setHashes]bool{}}
	_, err := verifyChain(domain, trust, handOvers, o, func(at place, c Certificate, pairs []*Pair) {
		r.sets[setsOf(at.checkpoint)], r.has[setsOf(at.checkpoint)] = at.pair, true
		final, _ := c.finalized()
		if c.First.Epoch > 0 {
			r.final[c.First.Epoch-1] = c.First.ParentRoot
		}
		for number := range final + 1 { // the ancestors of a final checkpoint are final
			checkpoint := c.checkpoint(number)
			r.final[checkpoint.Epoch], r.has[setsOf(checkpoint)] = checkpoint.Root(), true
		}
		r.votes = append(r.votes, signedVotes(c, pairs)...)
	})
	return r, err
}

// keysInBoth returns the members of the sets that final checkpoints of both chains commit to, those of the trusted one among them.
//
// Only they can be accused. A fork's checkpoint may commit to an invented set with a key whose secret nobody has, such as
// x·G − V: under an aggregate with that key and V, x signs for V, which is honest. A chain has every key's proof of
// possession, a certificate doesn't. The third that is guilty of a conflict is found all the same: it signed where the
// chains part, in sets that they still share.
func (r recorded) keysInBoth(o recorded) map[ffg.PublicKey]bool {
	keys := map[ffg.PublicKey]bool{}
	for _, sets := range []map[setHashes]*Pair{r.sets, o.sets} { // one chain's certificates may span where the other's begin
		for hashes, pair := range sets {
			if !r.has[hashes] || !o.has[hashes] {
				continue
			}
			for _, voter := range pair.voters {
				keys[voter.Key] = true
			}
			for _, member := range pair.next.side {
				keys[member.Key] = true
			}
		}
	}
	return keys
}

// signedBy returns the votes that nobody else has signed.
func signedBy(votes []SignedVote, keys map[ffg.PublicKey]bool) []SignedVote {
	return slices.DeleteFunc(votes, func(v SignedVote) bool {
		return slices.ContainsFunc(v.Signers, func(key ffg.PublicKey) bool { return !keys[key] })
	})
}

// conflict returns the first epoch for which both know a final checkpoint, and not the same.
func (r recorded) conflict(o recorded) (first uint64, found bool) {
	for epoch, root := range r.final {
		if other, known := o.final[epoch]; known && other != root && (!found || epoch < first) {
			first, found = epoch, true
		}
	}
	return first, found
}

// signedVotes returns the links of a verified certificate with their signers' keys.
func signedVotes(c Certificate, pairs []*Pair) (votes []SignedVote) {
	for i, link := range c.Links {
		if !link.Justifies() {
			continue
		}
		signed := SignedVote{Vote: link.Vote(), Signature: link.Signature}
		for position := range link.Signers.Indices() {
			signed.Signers = append(signed.Signers, pairs[i+1].voters[position].Key)
		}
		votes = append(votes, signed)
	}
	return votes
}

// FindEvidence returns pairs of votes, one from each list, that break a slashing condition together. Every key that signed both votes
// of any such pair is guilty in one of the pairs returned. Earlier targets come first. The caller has verified the signatures, and
// knows that every signer has proven possession of its key. The work is the product of the lists' lengths, so leave out common votes.
func FindEvidence(first, second []SignedVote) []Evidence {
	var all []Evidence
	for _, a := range first {
		for _, b := range second {
			var offence *ffg.Offence
			if !errors.As(ffg.Slashable(a.Vote, b.Vote), &offence) {
				continue
			}
			e := Evidence{Offence: offence.Kind.String(), First: a, Second: b, Guilty: common(a.Signers, b.Signers)}
			if offence.First != a.Vote {
				e.First, e.Second = b, a
			}
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b Evidence) int {
		return cmp.Or(
			cmp.Compare(a.First.Vote.Target.Epoch, b.First.Vote.Target.Epoch),
			cmp.Compare(a.Second.Vote.Target.Epoch, b.Second.Vote.Target.Epoch))
	})
	accused := map[ffg.PublicKey]bool{}
	return slices.DeleteFunc(all, func(e Evidence) bool {
		known := len(accused)
		for _, key := range e.Guilty {
			accused[key] = true
		}
		return len(accused) == known
	})
}

// common returns the keys in both of two ascending lists.
func common(a, b []ffg.PublicKey) (keys []ffg.PublicKey) {
	for len(a) > 0 && len(b) > 0 {
		switch order := bytes.Compare(a[0][:], b[0][:]); {
		case order < 0:
			a = a[1:]
		case order > 0:
			b = b[1:]
		default:
			keys, a, b = append(keys, a[0]), a[1:], b[1:]
		}
	}
	return keys
}

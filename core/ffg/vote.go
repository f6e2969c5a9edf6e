package ffg

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrVoteOrder is wrapped by Vote.Validate for a source that is not before its target.
var ErrVoteOrder = errors.New("source not before target")

// Sizes of encoded votes in bytes. An aggregate is AggregateVoteMinSize plus its signers.
const (
	VoteSize             = 2 * (8 + 32)
	AggregateVoteMinSize = VoteSize + 32 + 96 + 4
)

// Vote says that Target should be justified from Source.
type Vote struct {
	Source Ref `json:"source"`
	Target Ref `json:"target"`
}

// String prints the vote as EPOCH:ROOT → EPOCH:ROOT.
func (v Vote) String() string { return v.Source.String() + " → " + v.Target.String() }

// Span returns the vote's epochs.
func (v Vote) Span() Span { return Span{Source: v.Source.Epoch, Target: v.Target.Epoch} }

// Validate returns an error wrapping ErrVoteOrder unless the source's epoch is before the target's.
func (v Vote) Validate() error {
	if v.Source.Epoch >= v.Target.Epoch {
		return fmt.Errorf("%w: expected source epoch below %d, found %d", ErrVoteOrder, v.Target.Epoch, v.Source.Epoch)
	}
	return nil
}

// SigningRoot returns the message that a voter signs for v on the chain with this domain (protocol §2).
func (v Vote) SigningRoot(domain Root) Root {
	b := make([]byte, 0, len(tagVote)+len(domain)+VoteSize)
	b = append(b, tagVote...)
	b = append(b, domain[:]...)
	return sha256.Sum256(v.append(b))
}

// Encode returns the canonical encoding, VoteSize bytes.
func (v Vote) Encode() []byte { return v.append(make([]byte, 0, VoteSize)) }

func (v Vote) append(b []byte) []byte { return appendRef(appendRef(b, v.Source), v.Target) }

// DecodeVote reads what Vote.Encode wrote and refuses everything else with ErrEncoding. It does not Validate.
func DecodeVote(b []byte) (Vote, error) {
	if len(b) != VoteSize {
		return Vote{}, lengthError("vote", VoteSize, len(b))
	}
	r := reader(b)
	return Vote{Source: r.ref(), Target: r.ref()}, nil
}

// AggregateVote is one vote by one or more voters of a set: gossip has one bit set, an injected transaction many, a
// certificate's link a quorum (protocol §2).
type AggregateVote struct {
	Vote         Vote
	VoterSetHash Root     // VoterSet.Hash of the target's pair
	Signers      Bitfield // positions in that voter set
	Signature    Signature
}

// Encode returns the canonical encoding: vote, voter set hash, signature, length of the signers in bytes as u32, signers.
// The length of a voter set is far below what a u32 holds.
func (a AggregateVote) Encode() []byte {
	b := a.Vote.append(make([]byte, 0, AggregateVoteMinSize+len(a.Signers)))
	b = append(b, a.VoterSetHash[:]...)
	b = append(b, a.Signature[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(a.Signers)))
	return append(b, a.Signers...)
}

// DecodeAggregateVote reads what AggregateVote.Encode wrote and refuses everything else with ErrEncoding. It knows
// neither the voter set nor the chain: validate the vote and the signers before use.
func DecodeAggregateVote(b []byte) (AggregateVote, error) {
	if len(b) < AggregateVoteMinSize {
		return AggregateVote{}, lengthError("aggregate vote", AggregateVoteMinSize, len(b))
	}
	r := reader(b)
	a := AggregateVote{
		Vote:         Vote{Source: r.ref(), Target: r.ref()},
		VoterSetHash: r.root(),
		Signature:    Signature(r.take(len(Signature{}))),
	}
	n := binary.BigEndian.Uint32(r.take(4))
	if uint64(n) != uint64(len(r)) {
		return AggregateVote{}, fmt.Errorf("decode aggregate vote: expected %d bytes of signers, found %d: %w", n, len(r), ErrEncoding)
	}
	a.Signers = append(NewBitfield(0), r...)
	return a, nil
}

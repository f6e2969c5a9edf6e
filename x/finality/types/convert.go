package types

import (
	"bytes"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
)

// This file is the only bridge between messages and the pure rules of package ffg.

// ToFFG returns the vote; it must lead from an earlier to a later epoch.
func (v Vote) ToFFG() (ffg.Vote, error) {
	source, err := v.Source.ToFFG()
	if err != nil {
		return ffg.Vote{}, ErrInvalidVote.Wrapf("source: %s", err)
	}
	target, err := v.Target.ToFFG()
	if err != nil {
		return ffg.Vote{}, ErrInvalidVote.Wrapf("target: %s", err)
	}
	vote := ffg.Vote{Source: source, Target: target}
	if err := vote.Validate(); err != nil {
		return ffg.Vote{}, ErrInvalidVote.Wrap(err.Error())
	}
	return vote, nil
}

// VoteFromFFG returns the message form of a vote.
func VoteFromFFG(v ffg.Vote) Vote {
	return Vote{Source: checkpointtypes.RefFromFFG(v.Source), Target: checkpointtypes.RefFromFFG(v.Target)}
}

// ToFFG returns the aggregate with all lengths checked; the bits are checked against the set that they count in.
func (a AggregateVote) ToFFG() (ffg.AggregateVote, error) {
	vote, err := a.Vote.ToFFG()
	if err != nil {
		return ffg.AggregateVote{}, err
	}
	set, err := ffg.ParseRoot(a.VoterSetHash)
	if err != nil {
		return ffg.AggregateVote{}, ErrInvalidVote.Wrapf("voter_set_hash: %s", err)
	}
	signature, err := ParseSignature(a.Signature)
	if err != nil {
		return ffg.AggregateVote{}, err
	}
	return ffg.AggregateVote{
		Vote:         vote,
		VoterSetHash: set,
		Signers:      ffg.Bitfield(a.Signers),
		Signature:    signature,
	}, nil
}

// AggregateVoteFromFFG returns the message form of an aggregate.
func AggregateVoteFromFFG(a ffg.AggregateVote) AggregateVote {
	return AggregateVote{
		Vote:         VoteFromFFG(a.Vote),
		VoterSetHash: a.VoterSetHash.String(),
		Signers:      bytes.Clone(a.Signers),
		Signature:    bytes.Clone(a.Signature[:]),
	}
}

// CertificateFromCert returns the message form of a certificate. Checkpoints without a link have an empty aggregate.
func CertificateFromCert(c cert.Certificate) Certificate {
	out := Certificate{Checkpoints: []checkpointtypes.Checkpoint{checkpointtypes.CheckpointFromFFG(c.First)}}
	for _, link := range c.Links {
		out.Checkpoints = append(out.Checkpoints, checkpointtypes.CheckpointFromFFG(link.Target))
		var votes AggregateVote
		if link.Justifies() {
			votes = AggregateVoteFromFFG(ffg.AggregateVote{
				Vote: link.Vote(), VoterSetHash: link.Target.VoterSetHash, Signers: link.Signers, Signature: link.Signature,
			})
		}
		out.Links = append(out.Links, votes)
	}
	return out
}

// ParseSignature reads exactly 96 bytes. Errors: ErrInvalidSignature.
func ParseSignature(b []byte) (ffg.Signature, error) {
	if len(b) != len(ffg.Signature{}) {
		return ffg.Signature{}, ErrInvalidSignature.Wrapf("expected %d bytes, found %d", len(ffg.Signature{}), len(b))
	}
	return ffg.Signature(b), nil
}

// ParsePublicKey reads exactly 96 lower-case hexadecimal digits. Whether they are a key is for package bls to say. Errors:
// ErrInvalidKey.
func ParsePublicKey(s string) (ffg.PublicKey, error) {
	key, err := ffg.ParsePublicKey(s)
	if err != nil {
		return ffg.PublicKey{}, ErrInvalidKey.Wrap(err.Error())
	}
	return key, nil
}

// ParsePossession reads exactly 96 bytes. Whether they prove possession is for package bls to say. Errors: ErrInvalidPossession.
func ParsePossession(b []byte) (ffg.Signature, error) {
	if len(b) != len(ffg.Signature{}) {
		return ffg.Signature{}, ErrInvalidPossession.Wrapf("expected %d bytes, found %d", len(ffg.Signature{}), len(b))
	}
	return ffg.Signature(b), nil
}

// Hashes returns what the pair's checkpoints commit to: the hash of its voters and that of the next set.
func (p Pair) Hashes() (voters, next ffg.Root, err error) {
	if voters, err = ffg.ParseRoot(p.VoterSetHash); err != nil {
		return voters, next, ErrInvalidVoter.Wrapf("pair %d: voter_set_hash: %s", p.Index, err)
	}
	if next, err = ffg.ParseRoot(p.NextVoterSetHash); err != nil {
		return voters, next, ErrInvalidVoter.Wrapf("pair %d: next_voter_set_hash: %s", p.Index, err)
	}
	return voters, next, nil
}

// Stitched returns the set as the rules see it, or the first member's key that can't be read.
func (s VoterSet) Stitched() (ffg.VoterSet, error) {
	members, err := s.ToMembers()
	if err != nil {
		return nil, err
	}
	return members.Stitched()
}

// Side returns a next set as the rules see it: its members have current power only.
func (s VoterSet) Side() (ffg.Side, error) {
	members, err := s.ToMembers()
	if err != nil {
		return nil, err
	}
	return members.Side()
}

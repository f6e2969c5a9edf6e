package types

import (
	"bytes"
	"encoding/hex"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
)

// This file is the only bridge between messages and the pure rules of package ffg.

// ToFFG returns the reference; its root must have 32 bytes.
func (r Ref) ToFFG() (ffg.Ref, error) {
	if len(r.Root) != len(ffg.Root{}) {
		return ffg.Ref{}, ErrInvalidVote.Wrapf("root of epoch %d: expected %d bytes, found %d", r.Epoch, len(ffg.Root{}), len(r.Root))
	}
	return ffg.Ref{Epoch: r.Epoch, Root: ffg.Root(r.Root)}, nil
}

// RefFromFFG returns the message form of a reference.
func RefFromFFG(r ffg.Ref) Ref { return Ref{Epoch: r.Epoch, Root: bytes.Clone(r.Root[:])} }

// ToFFG returns the vote; it must lead from an earlier to a later epoch.
func (v Vote) ToFFG() (ffg.Vote, error) {
	source, err := v.Source.ToFFG()
	if err != nil {
		return ffg.Vote{}, err
	}
	target, err := v.Target.ToFFG()
	if err != nil {
		return ffg.Vote{}, err
	}
	vote := ffg.Vote{Source: source, Target: target}
	if err := vote.Validate(); err != nil {
		return ffg.Vote{}, ErrInvalidVote.Wrap(err.Error())
	}
	return vote, nil
}

// VoteFromFFG returns the message form of a vote.
func VoteFromFFG(v ffg.Vote) Vote {
	return Vote{Source: RefFromFFG(v.Source), Target: RefFromFFG(v.Target)}
}

// ToFFG returns the aggregate with all lengths checked; the bits are checked against the set that they count in.
func (a AggregateVote) ToFFG() (ffg.AggregateVote, error) {
	vote, err := a.Vote.ToFFG()
	if err != nil {
		return ffg.AggregateVote{}, err
	}
	if len(a.VoterSetHash) != len(ffg.Root{}) {
		return ffg.AggregateVote{}, ErrInvalidVote.Wrapf("voter_set_hash: expected %d bytes, found %d", len(ffg.Root{}), len(a.VoterSetHash))
	}
	signature, err := ParseSignature(a.Signature)
	if err != nil {
		return ffg.AggregateVote{}, err
	}
	return ffg.AggregateVote{
		Vote:         vote,
		VoterSetHash: ffg.Root(a.VoterSetHash),
		Signers:      ffg.Bitfield(a.Signers),
		Signature:    signature,
	}, nil
}

// AggregateVoteFromFFG returns the message form of an aggregate.
func AggregateVoteFromFFG(a ffg.AggregateVote) AggregateVote {
	return AggregateVote{
		Vote:         VoteFromFFG(a.Vote),
		VoterSetHash: bytes.Clone(a.VoterSetHash[:]),
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

// ParseSignature reads a signature of 96 bytes.
func ParseSignature(b []byte) (ffg.Signature, error) {
	if len(b) != len(ffg.Signature{}) {
		return ffg.Signature{}, ErrInvalidSignature.Wrapf("expected %d bytes, found %d", len(ffg.Signature{}), len(b))
	}
	return ffg.Signature(b), nil
}

// ParsePublicKey reads 96 lower-case hexadecimal digits. Whether they are a key is package bls's to say.
func ParsePublicKey(s string) (ffg.PublicKey, error) {
	b, err := parseHex(s, len(ffg.PublicKey{}))
	if err != nil {
		return ffg.PublicKey{}, ErrInvalidKey.Wrap(err.Error())
	}
	return ffg.PublicKey(b), nil
}

// ParsePossession reads 192 lower-case hexadecimal digits.
func ParsePossession(s string) (ffg.Signature, error) {
	b, err := parseHex(s, len(ffg.Signature{}))
	if err != nil {
		return ffg.Signature{}, ErrInvalidPossession.Wrap(err.Error())
	}
	return ffg.Signature(b), nil
}

func parseHex(s string, size int) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != size || hex.EncodeToString(b) != s {
		return nil, ErrInvalidVoter.Wrapf("expected %d lower-case hexadecimal digits, found %d characters", 2*size, len(s))
	}
	return b, nil
}

// Stitched returns the set as the rules see it, refusing members whose keys have not 48 bytes.
func (s VoterSet) Stitched() (ffg.VoterSet, error) {
	out := make(ffg.VoterSet, len(s.Members))
	for i, m := range s.Members {
		if len(m.PubKey) != len(ffg.PublicKey{}) {
			return nil, ErrInvalidKey.Wrapf("member %d: expected %d bytes, found %d", i, len(ffg.PublicKey{}), len(m.PubKey))
		}
		out[i] = ffg.Voter{Key: ffg.PublicKey(m.PubKey), Rear: m.Rear, Current: m.Current}
	}
	return out, out.Validate()
}

// Side returns a next set as the rules see it: its members have current power only.
func (s VoterSet) Side() (ffg.Side, error) {
	out := make(ffg.Side, len(s.Members))
	for i, m := range s.Members {
		if len(m.PubKey) != len(ffg.PublicKey{}) || m.Rear != 0 {
			return nil, ErrInvalidKey.Wrapf("member %d: expected %d bytes and no rear power, found %d and %d", i, len(ffg.PublicKey{}), len(m.PubKey), m.Rear)
		}
		out[i] = ffg.Member{Key: ffg.PublicKey(m.PubKey), Power: m.Current}
	}
	return out, out.Validate()
}

// Package gossip holds the wire formats in which votes travel from voters to nodes and between nodes (protocol §12). They are not
// transactions: no block holds them, and no state transition reads them. A pack carries the same vote by several voters:
//
//	D0 'V' 'P' 01 | salt u32 | vote 80 | voter set hash 32 | count u16 | count × (position u32, signature 96)
//
// Integers are big-endian and positions strictly ascend, so a pack has one encoding. No transaction begins with D0: it would be
// field 26 of a TxRaw, which has three fields.
package gossip

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// MaxVotes bounds the votes of a pack, and so its size.
const MaxVotes = 2000

// Sizes in bytes. A pack is headSize plus partSize for each vote.
const (
	headSize = 4 + 4 + ffg.VoteSize + 32 + 2
	partSize = 4 + 96
	// SingleSize is the size of a pack of one vote.
	SingleSize = headSize + partSize
	// MaxPackSize is the size of the largest pack.
	MaxPackSize = headSize + MaxVotes*partSize
)

// marker begins every gossip message, and kindPack every pack.
const (
	marker   = 0xD0
	kindPack = "\xD0VP\x01"
)

// ErrEncoding is wrapped by the errors of [Decode] and [Pack.Encode].
var ErrEncoding = errors.New("not a pack of votes")

// Pack is one vote over one voter set, signed by voters of this set one by one.
type Pack struct {
	// Salt makes other bytes of the same votes, so that a node can send them again to nodes that have seen them.
	Salt    uint32
	Vote    ffg.Vote
	SetHash ffg.Root
	Parts   []Part // 1 to MaxVotes of them, strictly ascending by position
}

// Part is the signature of the voter at a position of the voter set.
type Part struct {
	Position  uint32
	Signature ffg.Signature
}

// Is reports whether bytes are meant as a gossip message, and so are no transaction. They may still be malformed.
func Is(b []byte) bool { return len(b) > 0 && b[0] == marker }

// Single returns the pack of one voter's vote, given as an aggregate of one signer, with salt 0. Errors: [ErrEncoding].
func Single(agg ffg.AggregateVote) (Pack, error) {
	if n := agg.Signers.Count(); n != 1 {
		return Pack{}, fmt.Errorf("%w: expected 1 signer, found %d", ErrEncoding, n)
	}
	pack := Pack{Vote: agg.Vote, SetHash: agg.VoterSetHash}
	for position := range agg.Signers.Indices() {
		pack.Parts = []Part{{Position: uint32(position), Signature: agg.Signature}}
	}
	return pack, nil
}

// Encode returns the bytes of a pack. Errors: [ErrEncoding] for a pack without votes, with too many, or out of order.
func (p Pack) Encode() ([]byte, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	b := make([]byte, 0, headSize+len(p.Parts)*partSize)
	b = append(b, kindPack...)
	b = binary.BigEndian.AppendUint32(b, p.Salt)
	b = append(b, p.Vote.Encode()...)
	b = append(b, p.SetHash[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Parts)))
	for _, part := range p.Parts {
		b = binary.BigEndian.AppendUint32(b, part.Position)
		b = append(b, part.Signature[:]...)
	}
	return b, nil
}

// Decode returns the pack that Encode wrote. Its Parts are a copy. Errors: [ErrEncoding] for all other bytes, and those of
// [ffg.Vote.Validate].
func Decode(b []byte) (Pack, error) {
	if len(b) < headSize || string(b[:len(kindPack)]) != kindPack {
		return Pack{}, fmt.Errorf("%w: expected %d bytes or more that begin with %x, found %d that begin with %x",
			ErrEncoding, headSize, kindPack, len(b), b[:min(len(b), len(kindPack))])
	}
	rest := b[len(kindPack):]
	take := func(n int) []byte {
		taken := rest[:n]
		rest = rest[n:]
		return taken
	}
	p := Pack{Salt: binary.BigEndian.Uint32(take(4))}
	var err error
	if p.Vote, err = ffg.DecodeVote(take(ffg.VoteSize)); err != nil {
		return Pack{}, err
	}
	p.SetHash = ffg.Root(take(len(p.SetHash)))
	count := int(binary.BigEndian.Uint16(take(2)))
	if len(rest) != count*partSize {
		return Pack{}, fmt.Errorf("%w: expected %d bytes with %d votes, found %d", ErrEncoding, headSize+count*partSize, count, len(b))
	}
	if count > MaxVotes {
		return Pack{}, tooMany(count)
	}
	p.Parts = make([]Part, count)
	for i := range p.Parts {
		p.Parts[i] = Part{Position: binary.BigEndian.Uint32(take(4)), Signature: ffg.Signature(take(len(ffg.Signature{})))}
	}
	return p, p.validate()
}

func (p Pack) validate() error {
	if n := len(p.Parts); n == 0 || n > MaxVotes {
		return tooMany(n)
	}
	for i, part := range p.Parts {
		if i > 0 && part.Position <= p.Parts[i-1].Position {
			return fmt.Errorf("%w: expected ascending positions, found %d after %d", ErrEncoding, part.Position, p.Parts[i-1].Position)
		}
	}
	return p.Vote.Validate()
}

func tooMany(n int) error {
	return fmt.Errorf("%w: expected 1 to %d votes, found %d", ErrEncoding, MaxVotes, n)
}

// Fits returns how many votes a pack of at most size bytes has room for.
func Fits(size int64) int64 { return max(0, (size-headSize)/partSize) }

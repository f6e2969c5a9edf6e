package types

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	collcodec "cosmossdk.io/collections/codec"

	"github.com/dualchain/dualchain/core/ffg"
)

// Member is one voter's place in a stored voter set. In a next set, Rear is 0.
type Member struct {
	Registration  uint64
	Key           ffg.PublicKey
	Rear, Current uint64
}

// Members is a voter set as the store keeps it, ascending by key: 72 bytes a member, so that a set of 10,000 is read and written without
// an allocation for each. [VoterSet] is the same set in messages and in a genesis.
type Members []Member

// ToMembers returns the set as the store keeps it. Errors: [ErrInvalidKey].
func (s VoterSet) ToMembers() (Members, error) {
	out := make(Members, len(s.Members))
	for i, m := range s.Members {
		key, err := ffg.ParsePublicKey(m.PubKey)
		if err != nil {
			return nil, ErrInvalidKey.Wrapf("member %d: %s", i, err)
		}
		out[i] = Member{Registration: m.Registration, Key: key, Rear: m.Rear, Current: m.Current}
	}
	return out, nil
}

// VoterSetFromMembers returns the set as messages hold it.
func VoterSetFromMembers(members Members) VoterSet {
	var out VoterSet
	for _, m := range members {
		out.Members = append(out.Members, SetMember{Registration: m.Registration, PubKey: m.Key.String(), Rear: m.Rear, Current: m.Current})
	}
	return out
}

// Stitched returns the set as the rules see it. Errors: those of [ffg.VoterSet.Validate].
func (m Members) Stitched() (ffg.VoterSet, error) {
	out := make(ffg.VoterSet, len(m))
	for i, member := range m {
		out[i] = ffg.Voter{Key: member.Key, Rear: member.Rear, Current: member.Current}
	}
	return out, out.Validate()
}

// Side returns a next set as the rules see it: its members have current power only. Errors: [ErrInvalidKey], those of
// [ffg.Side.Validate].
func (m Members) Side() (ffg.Side, error) {
	out := make(ffg.Side, len(m))
	for i, member := range m {
		if member.Rear != 0 {
			return nil, ErrInvalidKey.Wrapf("member %d: expected no rear power in a next set, found %d", i, member.Rear)
		}
		out[i] = ffg.Member{Key: member.Key, Power: member.Current}
	}
	return out, out.Validate()
}

// memberSize is the size of a stored member: registration u64 | key 48 | rear u64 | current u64.
const memberSize = 8 + len(ffg.PublicKey{}) + 8 + 8

// MembersValue stores voter sets.
var MembersValue collcodec.ValueCodec[Members] = membersCodec{}

type membersCodec struct{}

// Encode implements ValueCodec.
func (membersCodec) Encode(members Members) ([]byte, error) {
	b := make([]byte, 0, len(members)*memberSize)
	for _, m := range members {
		b = binary.BigEndian.AppendUint64(b, m.Registration)
		b = append(b, m.Key[:]...)
		b = binary.BigEndian.AppendUint64(b, m.Rear)
		b = binary.BigEndian.AppendUint64(b, m.Current)
	}
	return b, nil
}

// Decode implements ValueCodec.
func (membersCodec) Decode(b []byte) (Members, error) {
	if len(b)%memberSize != 0 {
		return nil, fmt.Errorf("%w: voter set: expected a multiple of %d bytes, found %d", collcodec.ErrEncoding, memberSize, len(b))
	}
	members := make(Members, len(b)/memberSize)
	for i := range members {
		at := b[i*memberSize:]
		key := 8 + len(ffg.PublicKey{})
		members[i] = Member{
			Registration: binary.BigEndian.Uint64(at),
			Key:          ffg.PublicKey(at[8:key]),
			Rear:         binary.BigEndian.Uint64(at[key:]),
			Current:      binary.BigEndian.Uint64(at[key+8:]),
		}
	}
	return members, nil
}

// EncodeJSON implements ValueCodec.
func (membersCodec) EncodeJSON(members Members) ([]byte, error) { return json.Marshal(members) }

// DecodeJSON implements ValueCodec.
func (membersCodec) DecodeJSON(b []byte) (members Members, err error) {
	return members, json.Unmarshal(b, &members)
}

// Stringify implements ValueCodec.
func (membersCodec) Stringify(members Members) string {
	return fmt.Sprintf("voter set of %d", len(members))
}

// ValueType implements ValueCodec.
func (membersCodec) ValueType() string { return "voter set" }

package gossip_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
)

func pack(positions ...uint32) gossip.Pack {
	p := gossip.Pack{
		Salt:    7,
		Vote:    ffg.Vote{Source: ffg.Ref{Epoch: 1, Root: ffg.Root{1}}, Target: ffg.Ref{Epoch: 2, Root: ffg.Root{2}}},
		SetHash: ffg.Root{3},
	}
	for _, position := range positions {
		p.Parts = append(p.Parts, gossip.Part{Position: position, Signature: ffg.Signature{byte(position), 95: 9}})
	}
	return p
}

func upTo(n int) (positions []uint32) {
	for i := range n {
		positions = append(positions, uint32(i))
	}
	return positions
}

func encode(t testing.TB, p gossip.Pack) []byte {
	t.Helper()
	b, err := p.Encode()
	require.NoError(t, err)
	return b
}

func TestAPackIsReadAsItWasWritten(t *testing.T) {
	for _, p := range []gossip.Pack{pack(0), pack(3, 4, 1<<32-1), pack(upTo(gossip.MaxVotes)...)} {
		b := encode(t, p)
		require.LessOrEqual(t, len(b), gossip.MaxPackSize)
		require.True(t, gossip.Is(b))
		decoded, err := gossip.Decode(b)
		require.NoError(t, err)
		require.Equal(t, p, decoded)
	}
	require.Len(t, encode(t, pack(upTo(gossip.MaxVotes)...)), gossip.MaxPackSize)
}

func TestTheLayoutOfAPack(t *testing.T) {
	b := hex.EncodeToString(encode(t, pack(5)))
	require.Equal(t, "d0565001"+"00000007"+"0000000000000001"+"01", b[:34])
	require.Equal(t, "03", b[176:178], "the hash of the voter set")
	require.Equal(t, "0001"+"00000005"+"05", b[240:254])
	require.Len(t, b, 2*gossip.SingleSize)
	require.Equal(t, 222, gossip.SingleSize)
}

func TestWhatIsNotAPackIsRefused(t *testing.T) {
	good := encode(t, pack(3, 4))
	change := func(at int, to ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], to)
		return b
	}
	const count, second = 120, 222
	for name, b := range map[string][]byte{
		"nothing":                  nil,
		"the first byte":           good[:1],
		"without its last byte":    good[:len(good)-1],
		"with another byte":        append(bytes.Clone(good), 0),
		"another marker":           change(0, 0xD1),
		"another kind":             change(2, 'X'),
		"another version":          change(3, 2),
		"fewer votes than it says": change(count, 0, 3),
		"more votes than it says":  change(count, 0, 1),
		"no votes":                 change(count, 0, 0)[:122],
		"one position twice":       change(second, 0, 0, 0, 3),
		"positions that descend":   change(second, 0, 0, 0, 2),
	} {
		_, err := gossip.Decode(b)
		require.ErrorIs(t, err, gossip.ErrEncoding, name)
	}
	_, err := gossip.Decode(change(8, 0, 0, 0, 0, 0, 0, 0, 2))
	require.ErrorIs(t, err, ffg.ErrVoteOrder)
	many := append(encode(t, pack(upTo(gossip.MaxVotes)...)), make([]byte, 100)...)
	many[count], many[count+1] = (gossip.MaxVotes+1)>>8, (gossip.MaxVotes+1)&0xff
	_, err = gossip.Decode(many)
	require.ErrorIs(t, err, gossip.ErrEncoding)
	require.ErrorContains(t, err, "found 2001")
}

func TestWhatCannotBeReadIsNotWritten(t *testing.T) {
	order := pack(0)
	order.Vote.Source.Epoch = 2
	for name, p := range map[string]gossip.Pack{
		"no votes": pack(), "too many": pack(upTo(gossip.MaxVotes + 1)...), "one position twice": pack(1, 1), "source not before target": order,
	} {
		_, err := p.Encode()
		require.Error(t, err, name)
	}
}

func TestASingleVoteIsAPackOfOne(t *testing.T) {
	agg := ffg.AggregateVote{
		Vote: pack().Vote, VoterSetHash: ffg.Root{3}, Signers: ffg.SingleBit(1000, 777), Signature: ffg.Signature{1},
	}
	p, err := gossip.Single(agg)
	require.NoError(t, err)
	require.Equal(t, gossip.Pack{Vote: agg.Vote, SetHash: agg.VoterSetHash, Parts: []gossip.Part{{Position: 777, Signature: agg.Signature}}}, p)
	for _, signers := range []ffg.Bitfield{nil, ffg.NewBitfield(9), ffg.SingleBit(9, 1).Or(ffg.SingleBit(9, 2))} {
		agg.Signers = signers
		_, err := gossip.Single(agg)
		require.ErrorIs(t, err, gossip.ErrEncoding)
	}
}

func TestNoTransactionBeginsLikeAGossipMessage(t *testing.T) {
	for _, raw := range []tx.TxRaw{{}, {BodyBytes: []byte{1}}, {AuthInfoBytes: []byte{1}}, {Signatures: [][]byte{{1}}}} {
		b, err := raw.Marshal()
		require.NoError(t, err)
		require.False(t, gossip.Is(b))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, pack(3)))
	f.Add(encode(f, pack(3, 4, 5)))
	f.Add([]byte{0xD0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := gossip.Decode(b)
		if err != nil {
			return
		}
		require.Equal(t, b, encode(t, p), "a pack has one encoding")
	})
}

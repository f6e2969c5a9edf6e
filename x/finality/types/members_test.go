package types

import (
	"testing"

	"github.com/stretchr/testify/require"

	collcodec "cosmossdk.io/collections/codec"

	"github.com/dualchain/dualchain/core/ffg"
)

func someMembers() Members {
	return Members{
		{Registration: 7, Key: ffg.PublicKey{1}, Rear: 2, Current: 1<<64 - 1},
		{Registration: 1<<64 - 1, Key: ffg.PublicKey{2, 47: 9}, Current: 3},
	}
}

func TestAStoredSetIsReadAsItWasWritten(t *testing.T) {
	for _, members := range []Members{{}, someMembers()} {
		b, err := MembersValue.Encode(members)
		require.NoError(t, err)
		require.Len(t, b, 72*len(members))
		decoded, err := MembersValue.Decode(b)
		require.NoError(t, err)
		require.Equal(t, members, decoded)

		document, err := MembersValue.EncodeJSON(members)
		require.NoError(t, err)
		decoded, err = MembersValue.DecodeJSON(document)
		require.NoError(t, err)
		require.Equal(t, members, decoded)

		same, err := VoterSetFromMembers(members).ToMembers()
		require.NoError(t, err)
		require.Equal(t, members, same)
	}
}

func TestAStoredSetThatIsCutIsRefused(t *testing.T) {
	b, err := MembersValue.Encode(someMembers())
	require.NoError(t, err)
	for _, cut := range [][]byte{b[:1], b[:71], b[:len(b)-1], append(b, 0)} {
		_, err := MembersValue.Decode(cut)
		require.ErrorIs(t, err, collcodec.ErrEncoding)
	}
}

func TestANextSetHasNoRearPower(t *testing.T) {
	_, err := someMembers().Side()
	require.ErrorIs(t, err, ErrInvalidKey)
	side, err := someMembers()[1:].Side()
	require.NoError(t, err)
	require.Equal(t, ffg.Side{{Key: ffg.PublicKey{2, 47: 9}, Power: 3}}, side)
}

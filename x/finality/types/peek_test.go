package types

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	protov2 "google.golang.org/protobuf/proto"

	txv1beta1 "cosmossdk.io/api/cosmos/tx/v1beta1"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// largest is the unsigned vote of the largest pair of sets.
func largest() *MsgSubmitVotes {
	m := votes("")
	const epoch = 1<<64 - 1
	m.Votes.Vote.Source.Epoch, m.Votes.Vote.Target.Epoch = epoch-1, epoch
	m.Votes.Signers = bytes.Repeat([]byte{0xff}, 2*maxVoters/8)
	return m
}

func TestTheLargestVoteIsUnsignedAndAnythingLongerIsRefused(t *testing.T) {
	encoded, err := EncodeUnsigned(largest())
	require.NoError(t, err)
	require.Less(t, len(encoded), MaxUnsignedBytes)
	_, unsigned, err := DecodeUnsigned(encoded)
	require.NoError(t, err)
	require.True(t, unsigned)

	padded := func(size int) []byte { // with a bitfield that no set has
		m := largest()
		m.Votes.Signers = append(m.Votes.Signers, make([]byte, size-len(encoded))...)
		longer, err := EncodeUnsigned(m)
		require.NoError(t, err)
		require.Len(t, longer, size)
		return longer
	}
	_, unsigned, err = DecodeUnsigned(padded(MaxUnsignedBytes))
	require.NoError(t, err)
	require.True(t, unsigned)
	_, unsigned, err = DecodeUnsigned(padded(MaxUnsignedBytes + 1))
	require.ErrorIs(t, err, ErrNotCanonical)
	require.ErrorContains(t, err, "expected at most")
	require.False(t, unsigned)
}

// What is refused or passed on is not parsed: the work is a walk over the bytes without a copy.
func TestALongTransactionIsNotParsedToTellWhatItIs(t *testing.T) {
	signers := make([]ForkSigner, 10_000)
	for i := range signers {
		signers[i].Operator = somebody
	}
	long := func(submitter string) []byte {
		m := evidence(submitter)
		m.Evidence.First.ForkSigners = signers
		return txOf(t, unchanged, m)
	}
	for name, txBytes := range map[string][]byte{
		"signed evidence":        long(somebody),
		"many messages":          txOf(t, unchanged, slices.Repeat([]sdk.Msg{send()}, 1000)...),
		"half of a transaction":  long("")[:1000],
		"empty messages":         bytes.Repeat([]byte{0x0a, 0x00}, 1<<16),
		"bytes that are nothing": bytes.Repeat([]byte{0xff}, 1<<16),
	} {
		require.Zero(t, testing.AllocsPerRun(10, func() {
			if _, unsigned, err := DecodeUnsigned(txBytes); unsigned || err != nil {
				t.Errorf("%s: expected an ordinary transaction, found an unsigned one or %v", name, err)
			}
		}), name)
	}
	unsigned := long("")
	require.Less(t, testing.AllocsPerRun(10, func() {
		if _, _, err := DecodeUnsigned(unsigned); err == nil {
			t.Error("expected unsigned evidence of this length to be refused")
		}
	}), 10.0)
}

// FuzzMayBeUnsigned compares the walk with a parser: what the SDK's decoder reads as an unsigned message is never overlooked.
func FuzzMayBeUnsigned(f *testing.F) {
	for _, msgs := range [][]sdk.Msg{{votes("")}, {evidence("")}, {votes(somebody)}, {send()}, {send(), votes("")}, {}} {
		txBytes := txOf(f, unchanged, msgs...)
		f.Add(txBytes)
		f.Add(append(txBytes, txBytes...))
	}
	f.Fuzz(func(t *testing.T, txBytes []byte) {
		var raw txv1beta1.TxRaw
		var body txv1beta1.TxBody
		if protov2.Unmarshal(txBytes, &raw) != nil || protov2.Unmarshal(raw.BodyBytes, &body) != nil {
			return
		}
		for _, packed := range body.Messages {
			msg := newSubmission(packed.TypeUrl)
			if msg != nil && msg.Unmarshal(packed.Value) == nil && IsUnsigned(msg) {
				require.True(t, mayBeUnsigned(txBytes), "%x", txBytes)
			}
		}
	})
}

package types

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/gogoproto/proto"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
)

const somebody = "dual1somebody"

func votes(submitter string) *MsgSubmitVotes {
	return &MsgSubmitVotes{Submitter: submitter, Votes: AggregateVote{
		Vote: Vote{
			Source: checkpointtypes.Ref{Epoch: 1, Root: strings.Repeat("01", 32)},
			Target: checkpointtypes.Ref{Epoch: 2, Root: strings.Repeat("02", 32)},
		},
		VoterSetHash: strings.Repeat("03", 32),
		Signers:      []byte{4},
		Signature:    bytes.Repeat([]byte{5}, 96),
	}}
}

func evidence(submitter string) *MsgSubmitEvidence {
	first, second := votes("").Votes.Vote, votes("").Votes.Vote
	second.Target.Root = strings.Repeat("09", 32)
	return &MsgSubmitEvidence{Submitter: submitter, Evidence: Evidence{
		First:  EvidenceVote{Vote: first, Registrations: []uint64{7}, Signature: bytes.Repeat([]byte{5}, 96)},
		Second: EvidenceVote{Vote: second, Registrations: []uint64{7}, Signature: bytes.Repeat([]byte{6}, 96)},
	}}
}

func send() *banktypes.MsgSend { return &banktypes.MsgSend{FromAddress: somebody, ToAddress: somebody} }

// txOf encodes a transaction that is canonical for one unsigned message, after change.
func txOf(t testing.TB, change func(*tx.TxBody, *tx.AuthInfo, *tx.TxRaw), msgs ...sdk.Msg) []byte {
	t.Helper()
	body, auth, raw := new(tx.TxBody), &tx.AuthInfo{Fee: new(tx.Fee)}, new(tx.TxRaw)
	for _, msg := range msgs {
		packed, err := codectypes.NewAnyWithValue(msg)
		require.NoError(t, err)
		body.Messages = append(body.Messages, packed)
	}
	change(body, auth, raw)
	for _, part := range []struct {
		into *[]byte
		from proto.Marshaler
	}{{&raw.BodyBytes, body}, {&raw.AuthInfoBytes, auth}} {
		encoded, err := part.from.Marshal()
		require.NoError(t, err)
		*part.into = append(encoded, *part.into...) // what change put there comes last
	}
	encoded, err := raw.Marshal()
	require.NoError(t, err)
	return encoded
}

func unchanged(*tx.TxBody, *tx.AuthInfo, *tx.TxRaw) {}

func TestEncodedUnsignedMessagesDecode(t *testing.T) {
	for _, msg := range []sdk.Msg{votes(""), evidence("")} {
		encoded, err := EncodeUnsigned(msg)
		require.NoError(t, err)
		require.Equal(t, txOf(t, unchanged, msg), encoded)

		decoded, unsigned, err := DecodeUnsigned(encoded)
		require.NoError(t, err)
		require.True(t, unsigned)
		require.Equal(t, msg, decoded)
	}
}

func TestOnlyUnsignedMessagesAreEncoded(t *testing.T) {
	for _, msg := range []sdk.Msg{votes(somebody), evidence(somebody), send(), nil} {
		_, err := EncodeUnsigned(msg)
		require.ErrorIs(t, err, ErrNotUnsigned)
	}
}

func TestOtherTransactionsAreNotUnsigned(t *testing.T) {
	anything := func(_ *tx.TxBody, _ *tx.AuthInfo, raw *tx.TxRaw) { raw.Signatures = [][]byte{{1}} }
	exec := authz.NewMsgExec(sdk.AccAddress("grantee"), []sdk.Msg{votes("")})
	for name, txBytes := range map[string][]byte{
		"empty":                               {},
		"not protobuf":                        []byte("hello"),
		"a body that is not protobuf":         {0x0a, 0x01, 0xff},
		"signed votes":                        txOf(t, anything, votes(somebody)),
		"signed evidence":                     txOf(t, anything, evidence(somebody)),
		"signed votes beside others":          txOf(t, anything, votes(somebody), send()),
		"signed votes without signatures":     txOf(t, unchanged, votes(somebody)),
		"a transfer":                          txOf(t, anything, send()),
		"nothing":                             txOf(t, unchanged),
		"votes that RejectNested looks after": txOf(t, anything, &exec),
	} {
		t.Run(name, func(t *testing.T) {
			msg, unsigned, err := DecodeUnsigned(txBytes)
			require.NoError(t, err)
			require.False(t, unsigned)
			require.Nil(t, msg)
		})
	}
}

func TestNonCanonicalUnsignedTransactionsAreErrors(t *testing.T) {
	unknown := []byte{0xa0, 0x06, 0x01} // field 100, varint 1
	extension, err := codectypes.NewAnyWithValue(send())
	require.NoError(t, err)
	type change = func(*tx.TxBody, *tx.AuthInfo, *tx.TxRaw)
	changes := map[string]change{
		"memo":           func(b *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) { b.Memo = "m" },
		"timeout height": func(b *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) { b.TimeoutHeight = 1 },
		"unordered":      func(b *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) { b.Unordered = true },
		"extension option": func(b *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
			b.ExtensionOptions = append(b.ExtensionOptions, extension)
		},
		"non-critical extension option": func(b *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
			b.NonCriticalExtensionOptions = append(b.NonCriticalExtensionOptions, extension)
		},
		"no fee": func(_ *tx.TxBody, a *tx.AuthInfo, _ *tx.TxRaw) { a.Fee = nil },
		"gas":    func(_ *tx.TxBody, a *tx.AuthInfo, _ *tx.TxRaw) { a.Fee.GasLimit = 1 },
		"fee": func(_ *tx.TxBody, a *tx.AuthInfo, _ *tx.TxRaw) {
			a.Fee.Amount = sdk.NewCoins(sdk.NewInt64Coin("udual", 1))
		},
		"fee payer":       func(_ *tx.TxBody, a *tx.AuthInfo, _ *tx.TxRaw) { a.Fee.Payer = somebody },
		"fee granter":     func(_ *tx.TxBody, a *tx.AuthInfo, _ *tx.TxRaw) { a.Fee.Granter = somebody },
		"signer info":     func(_ *tx.TxBody, a *tx.AuthInfo, _ *tx.TxRaw) { a.SignerInfos = []*tx.SignerInfo{{Sequence: 1}} },
		"signature":       func(_ *tx.TxBody, _ *tx.AuthInfo, r *tx.TxRaw) { r.Signatures = [][]byte{{1}} },
		"empty signature": func(_ *tx.TxBody, _ *tx.AuthInfo, r *tx.TxRaw) { r.Signatures = [][]byte{{}} },
		"unknown in body": func(_ *tx.TxBody, _ *tx.AuthInfo, r *tx.TxRaw) { r.BodyBytes = unknown },
		"unknown in auth": func(_ *tx.TxBody, _ *tx.AuthInfo, r *tx.TxRaw) { r.AuthInfoBytes = unknown },
		"unknown in message": func(b *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
			b.Messages[0].Value = append(b.Messages[0].Value, unknown...)
		},
		"explicit default": func(b *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
			b.Messages[0].Value = append(b.Messages[0].Value, 0x0a, 0x00)
		},
		"submitter overwritten by an empty one": func(b *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
			b.Messages[0].Value = append([]byte{0x0a, 0x01, 'x'}, append(b.Messages[0].Value, 0x0a, 0x00)...)
		},
		"malformed message": func(b *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) { b.Messages[0].Value = []byte{0xff} },
	}
	for _, msg := range []sdk.Msg{votes(""), evidence("")} {
		for name, change := range changes {
			requireNotCanonical(t, name, txOf(t, change, msg))
		}
		requireNotCanonical(t, "twice", txOf(t, unchanged, msg, msg))
		requireNotCanonical(t, "before another", txOf(t, unchanged, msg, send()))
		requireNotCanonical(t, "after another", txOf(t, unchanged, send(), msg))
		requireNotCanonical(t, "beside a signed one", txOf(t, unchanged, votes(somebody), msg))

		encoded, err := EncodeUnsigned(msg)
		require.NoError(t, err)
		requireNotCanonical(t, "unknown field", encoded, unknown)
		requireNotCanonical(t, "every field twice", encoded, encoded)
	}
}

// requireNotCanonical joins the parts of a transaction and expects it to be refused.
func requireNotCanonical(t *testing.T, name string, parts ...[]byte) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		msg, unsigned, err := DecodeUnsigned(bytes.Join(parts, nil))
		require.ErrorIs(t, err, ErrNotCanonical)
		require.False(t, unsigned)
		require.Nil(t, msg)
	})
}

func TestNestedVotesAndEvidenceAreRefused(t *testing.T) {
	grantee := sdk.AccAddress("grantee")
	exec := func(msgs ...sdk.Msg) sdk.Msg {
		m := authz.NewMsgExec(grantee, msgs)
		return &m
	}
	propose := func(msgs ...sdk.Msg) sdk.Msg {
		m := new(govv1.MsgSubmitProposal)
		require.NoError(t, m.SetMsgs(msgs))
		return m
	}
	deep := func(levels int, msg sdk.Msg) sdk.Msg {
		for range levels {
			msg = exec(msg)
		}
		return msg
	}
	for _, tc := range []struct {
		name string
		msgs []sdk.Msg
		err  error
	}{
		{"no messages", nil, nil},
		{"votes at the top are not its concern", []sdk.Msg{votes(""), evidence(somebody), votes(somebody)}, nil},
		{"others inside", []sdk.Msg{exec(send(), send()), propose(send()), propose(exec(send()))}, nil},
		{"unsigned votes in authz", []sdk.Msg{exec(votes(""))}, ErrNested},
		{"signed votes in authz", []sdk.Msg{exec(votes(somebody))}, ErrNested},
		{"unsigned evidence in authz", []sdk.Msg{exec(evidence(""))}, ErrNested},
		{"signed evidence in authz", []sdk.Msg{exec(evidence(somebody))}, ErrNested},
		{"after others", []sdk.Msg{send(), exec(send(), votes(somebody))}, ErrNested},
		{"votes in a proposal", []sdk.Msg{propose(votes(somebody))}, ErrNested},
		{"evidence in a proposal", []sdk.Msg{propose(send(), evidence(""))}, ErrNested},
		{"votes in authz in a proposal", []sdk.Msg{propose(exec(votes(somebody)))}, ErrNested},
		{"votes at the deepest level", []sdk.Msg{deep(maxNesting, votes(somebody))}, ErrNested},
		{"others at the deepest level", []sdk.Msg{deep(maxNesting, send())}, nil},
		{"others one level below it", []sdk.Msg{deep(maxNesting+1, send())}, ErrNesting},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.err == nil {
				require.NoError(t, RejectNested(tc.msgs))
				return
			}
			require.ErrorIs(t, RejectNested(tc.msgs), tc.err)
		})
	}
}

func TestMessagesThatWereNotUnpackedAreRefused(t *testing.T) {
	exec := &authz.MsgExec{Grantee: somebody, Msgs: []*codectypes.Any{{TypeUrl: "/dualchain.finality.v1.MsgSubmitVotes"}}}
	require.ErrorContains(t, RejectNested([]sdk.Msg{exec}), "unpack messages of *authz.MsgExec")
}

func FuzzDecodeUnsigned(f *testing.F) {
	for _, msgs := range [][]sdk.Msg{{votes("")}, {evidence("")}, {votes(somebody)}, {send()}, {votes(""), send()}, {}} {
		f.Add(txOf(f, unchanged, msgs...))
	}
	f.Fuzz(func(t *testing.T, txBytes []byte) {
		msg, unsigned, err := DecodeUnsigned(txBytes)
		if err != nil || !unsigned {
			require.Nil(t, msg)
			require.False(t, unsigned)
			return
		}
		require.True(t, IsUnsigned(msg))
		encoded, err := EncodeUnsigned(msg)
		require.NoError(t, err)
		require.Equal(t, encoded, txBytes)
	})
}

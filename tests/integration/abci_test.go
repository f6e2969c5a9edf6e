package integration

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/abci"
	"github.com/dualchain/dualchain/x/finality/types"
)

// badInput is a transaction that no honest proposer puts into a block.
type badInput struct {
	name string
	// tx is the bad transaction; before holds the transactions before it in the proposal, if any.
	tx     func(f *fixture.Fixture) []byte
	before func(f *fixture.Fixture) [][]byte
	// check is the mempool's error for tx alone; nil for that of every unsigned transaction, good or bad.
	check error
	// counts is set if tx takes effect when its block is forced on the chain: only its position was wrong.
	counts bool
	// alone is set if other cases can't use the chain afterwards.
	alone bool
}

// boundary is a chain at head 7 without votes on the last two epochs. The cases use votes of voter 0.
func boundary(t *testing.T) *fixture.Fixture {
	t.Helper()
	f := fixture.New(t, fixture.Voters(10, 10, 10), fixture.MaxBlockBytes(200_000), fixture.Params(func(p *types.Params) {
		p.VoteWindow, p.MaxVoteTxs, p.SetPeriod, p.EraLength = 4, 2, 1000, 1000 // no installation or settlement interferes
	}))
	return f.Honest(0, 1, 2).Blocks(6).Honest().Blocks(1)
}

// vote returns a transaction of voter 0's vote for the head after a change.
func vote(change func(f *fixture.Fixture, agg *ffg.AggregateVote)) func(*fixture.Fixture) []byte {
	return func(f *fixture.Fixture) []byte {
		agg := f.Aggregate(f.Heads().Head, 0)
		change(f, &agg)
		return f.VoteTx(agg)
	}
}

func good(f *fixture.Fixture) []byte { return vote(func(*fixture.Fixture, *ffg.AggregateVote) {})(f) }

// signedBy0 returns voter 0's vote with a signature of its own under another message.
func signedBy0(root func(f *fixture.Fixture, v ffg.Vote) ffg.Root) func(*fixture.Fixture) []byte {
	return vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) {
		agg.Signature = fixture.NewVoter(0).Secret.Sign(root(f, agg.Vote))
	})
}

func rawVote(change func(m *types.MsgSubmitVotes)) func(*fixture.Fixture) []byte {
	return func(f *fixture.Fixture) []byte {
		msg := &types.MsgSubmitVotes{Votes: types.AggregateVoteFromFFG(f.Aggregate(f.Heads().Head, 0))}
		change(msg)
		return f.Unsigned(msg)
	}
}

func evidenceTx(change func(f *fixture.Fixture, e *types.Evidence)) func(*fixture.Fixture) []byte {
	return func(f *fixture.Fixture) []byte {
		e := f.DoubleVote(3, 1)
		change(f, &e)
		return f.Unsigned(&types.MsgSubmitEvidence{Evidence: e})
	}
}

// reshaped returns voter 0's good vote in a form that is not canonical.
func reshaped(change func(f *fixture.Fixture, body *tx.TxBody, auth *tx.AuthInfo, raw *tx.TxRaw)) func(*fixture.Fixture) []byte {
	return func(f *fixture.Fixture) []byte {
		var raw tx.TxRaw
		var body tx.TxBody
		var auth tx.AuthInfo
		require.NoError(f.T, raw.Unmarshal(good(f)))
		require.NoError(f.T, body.Unmarshal(raw.BodyBytes))
		require.NoError(f.T, auth.Unmarshal(raw.AuthInfoBytes))
		change(f, &body, &auth, &raw)
		raw.BodyBytes, raw.AuthInfoBytes = marshal(f, &body), marshal(f, &auth)
		return marshal(f, &raw)
	}
}

func marshal(f *fixture.Fixture, m proto.Message) []byte {
	f.T.Helper()
	out, err := proto.Marshal(m)
	require.NoError(f.T, err)
	return out
}

func packed(f *fixture.Fixture, msg sdk.Msg) *codectypes.Any {
	f.T.Helper()
	out, err := codectypes.NewAnyWithValue(msg)
	require.NoError(f.T, err)
	return out
}

func gift() sdk.Msg {
	return banktypes.NewMsgSend(fixture.Alice.Address(), fixture.Bob.Address(), sdk.NewCoins(fixture.Udual(1)))
}

func giftTx(f *fixture.Fixture) []byte {
	return f.Sign(fixture.Tx{From: fixture.Alice, Msgs: []sdk.Msg{gift()}})
}

// byAlice returns a signed transaction of messages that contain votes or evidence.
func byAlice(msgs func(f *fixture.Fixture) []sdk.Msg) func(*fixture.Fixture) []byte {
	return func(f *fixture.Fixture) []byte { return f.Sign(fixture.Tx{From: fixture.Alice, Msgs: msgs(f)}) }
}

func votesOf(f *fixture.Fixture, submitter string) sdk.Msg {
	return &types.MsgSubmitVotes{Submitter: submitter, Votes: types.AggregateVoteFromFFG(f.Aggregate(f.Heads().Head, 0))}
}

func evidenceOf(f *fixture.Fixture, submitter string) sdk.Msg {
	return &types.MsgSubmitEvidence{Submitter: submitter, Evidence: f.DoubleVote(3, 1)}
}

func inAuthz(msg sdk.Msg) sdk.Msg {
	exec := authz.NewMsgExec(fixture.Alice.Address(), []sdk.Msg{msg})
	return &exec
}

func inGov(f *fixture.Fixture, msg sdk.Msg) sdk.Msg {
	f.T.Helper()
	proposal, err := govv1.NewMsgSubmitProposal([]sdk.Msg{msg}, sdk.NewCoins(fixture.Udual(1)), fixture.Alice.String(), "", "t", "s", false)
	require.NoError(f.T, err)
	return proposal
}

var badVotes = []badInput{
	{name: "wrong domain", tx: signedBy0(func(_ *fixture.Fixture, v ffg.Vote) ffg.Root {
		return v.SigningRoot(ffg.Domain("another-chain"))
	})},
	{name: "a proof of possession's message", tx: signedBy0(func(f *fixture.Fixture, _ ffg.Vote) ffg.Root {
		root, err := ffg.Possession(ffg.Domain(fixture.ChainID), fixture.Operator(0).Address(), fixture.NewVoter(0).Key)
		require.NoError(f.T, err)
		return root
	})},
	{name: "signature on another epoch's vote", tx: signedBy0(func(f *fixture.Fixture, v ffg.Vote) ffg.Root {
		return f.Canonical(v.Target.Epoch - 1).SigningRoot(ffg.Domain(fixture.ChainID))
	})},
	{name: "epoch before the window", tx: vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) {
		*agg = f.Aggregate(f.Heads().Head-4, 0)
	})},
	{name: "epoch far above the head", tx: vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) {
		agg.Vote = fixture.Fork("future", f.Heads().Head, f.Heads().Head+3)
		agg.Signature = f.Signature(agg.Vote, 0)
	})},
	{name: "epoch just above the head", tx: vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) {
		agg.Vote = fixture.Fork("future", f.Heads().Head, f.Heads().Head+1)
		agg.Signature = f.Signature(agg.Vote, 0)
	})},
	{name: "another target", tx: vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) {
		agg.Vote.Target.Root[0]++
		agg.Signature = f.Signature(agg.Vote, 0)
	})},
	{name: "another source", tx: vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) {
		agg.Vote.Source = f.Canonical(3).Target
		agg.Signature = f.Signature(agg.Vote, 0)
	})},
	{name: "source not before its target", tx: rawVote(func(m *types.MsgSubmitVotes) {
		m.Votes.Vote.Source.Epoch = m.Votes.Vote.Target.Epoch
	})},
	{name: "unknown voter set", tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) { agg.VoterSetHash[0]++ })},
	{name: "stray bit", tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) { agg.Signers = ffg.Bitfield{1 << 3} })},
	{name: "stray bit besides a good one", tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) { agg.Signers[0] |= 1 << 7 })},
	{name: "bitfield too long", tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) { agg.Signers = append(agg.Signers, 0) })},
	{name: "bitfield too long and a bit beyond", tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) { agg.Signers = ffg.Bitfield{0, 1} })},
	{name: "bitfield of 20,000 bytes", tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) {
		agg.Signers = append(agg.Signers, make([]byte, 20_000)...)
	})},
	{name: "bitfield of a megabit, which is not even parsed", check: abci.ErrNotCanonical, tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) {
		agg.Signers = append(agg.Signers, make([]byte, 125_000)...)
	})},
	{name: "no bitfield", tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) { agg.Signers = nil })},
	{name: "empty bitfield", tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) { agg.Signers = ffg.Bitfield{0} })},
	{name: "aggregate by other voters than its bits", tx: vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) {
		*agg = f.AggregateOf(agg.Vote, 0, 1)
		agg.Signature = f.Signature(agg.Vote, 0, 2)
	})},
	{name: "another voter's signature", tx: vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) {
		agg.Signature = f.Signature(agg.Vote, 1)
	})},
	{name: "everybody's bits, a stranger's signature", tx: vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) {
		*agg = f.AggregateOf(agg.Vote, 0, 1, 2)
		agg.Signature = f.Signature(agg.Vote, 7)
	})},
	{name: "identity signature", tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) {
		agg.Signature = ffg.Signature{0xc0}
	})},
	{name: "signature that is no point", tx: vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) {
		agg.Signature[bls.SignatureSize-1] ^= 1
	})},
	{name: "signature too short", tx: rawVote(func(m *types.MsgSubmitVotes) { m.Votes.Signature = m.Votes.Signature[1:] })},
	{name: "no signature", tx: rawVote(func(m *types.MsgSubmitVotes) { m.Votes.Signature = nil })},
	{name: "root too short", check: abci.ErrNotCanonical, tx: rawVote(func(m *types.MsgSubmitVotes) { m.Votes.Vote.Target.Root = m.Votes.Vote.Target.Root[1:] })},
	{name: "voter set hash too long", check: abci.ErrNotCanonical, tx: rawVote(func(m *types.MsgSubmitVotes) { m.Votes.VoterSetHash += "00" })},
	{name: "voter set hash in upper case", check: abci.ErrNotCanonical, tx: rawVote(func(m *types.MsgSubmitVotes) { m.Votes.VoterSetHash = strings.ToUpper(m.Votes.VoterSetHash) })},
	{name: "no votes", check: abci.ErrNotCanonical, tx: rawVote(func(m *types.MsgSubmitVotes) { m.Votes = types.AggregateVote{} })},
	{name: "what the tally has", tx: vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) { *agg = f.Aggregate(f.Heads().Head-2, 0) })},
}

var misplaced = []badInput{
	{name: "votes after an ordinary transaction", counts: true, tx: good, before: func(f *fixture.Fixture) [][]byte { return [][]byte{giftTx(f)} }},
	{name: "votes after evidence", counts: true, tx: good, before: func(f *fixture.Fixture) [][]byte {
		return [][]byte{evidenceTx(func(*fixture.Fixture, *types.Evidence) {})(f)}
	}},
	{name: "two for one target", counts: true, tx: good, before: func(f *fixture.Fixture) [][]byte {
		return [][]byte{f.VoteTx(f.Aggregate(f.Heads().Head, 1))}
	}},
	{name: "targets not ascending", counts: true, tx: vote(func(f *fixture.Fixture, agg *ffg.AggregateVote) {
		*agg = f.Aggregate(f.Heads().Head-1, 0)
	}), before: func(f *fixture.Fixture) [][]byte { return [][]byte{f.VoteTx(f.Aggregate(f.Heads().Head, 1))} }},
	{name: "the same twice", tx: good, before: func(f *fixture.Fixture) [][]byte { return [][]byte{good(f)} }, counts: true},
	{name: "more than max_vote_txs", counts: true, tx: good, before: func(f *fixture.Fixture) [][]byte {
		h := f.Heads().Head
		f.Force() // so that three epochs lack votes
		return [][]byte{f.VoteTx(f.Aggregate(h-1, 1)), f.VoteTx(f.Aggregate(h, 1))}
	}},
}

var badEvidence = []badInput{
	{
		name: "evidence after an ordinary transaction", counts: true,
		tx: evidenceTx(func(*fixture.Fixture, *types.Evidence) {}), before: func(f *fixture.Fixture) [][]byte { return [][]byte{giftTx(f)} },
	},
	{
		name: "two", counts: true,
		tx: evidenceTx(func(f *fixture.Fixture, e *types.Evidence) { *e = f.DoubleVote(5, 1) }),
		before: func(f *fixture.Fixture) [][]byte {
			return [][]byte{evidenceTx(func(*fixture.Fixture, *types.Evidence) {})(f)}
		},
	},
	{name: "of two voters at once", tx: evidenceTx(func(f *fixture.Fixture, e *types.Evidence) { *e = f.DoubleVote(3, 1, 2) })},
	{name: "with different voters on the sides", tx: evidenceTx(func(f *fixture.Fixture, e *types.Evidence) {
		e.Second = f.Signed(fixture.Fork("b", 2, 3), 2)
	})},
	{name: "with a fork signer", tx: evidenceTx(func(f *fixture.Fixture, e *types.Evidence) {
		*e = onFork(f, []int{1}, []types.ForkSigner{forkSigner(7)}, 1, 7)
	})},
	{name: "with the identity key", tx: evidenceTx(func(f *fixture.Fixture, e *types.Evidence) {
		signer := forkSigner(7)
		signer.PubKey = "c0" + strings.Repeat("00", bls.PublicKeySize-1)
		*e = onFork(f, []int{1}, []types.ForkSigner{signer}, 1)
	})},
	{name: "with a replayed proof of possession", tx: evidenceTx(func(f *fixture.Fixture, e *types.Evidence) {
		signer := forkSigner(7)
		signer.Operator = fixture.Operator(6).String()
		*e = onFork(f, []int{1}, []types.ForkSigner{signer}, 1, 7)
	})},
	{name: "of votes that do not conflict", tx: evidenceTx(func(_ *fixture.Fixture, e *types.Evidence) { e.Second = e.First })},
	{name: "with a bad signature", tx: evidenceTx(func(_ *fixture.Fixture, e *types.Evidence) { e.Second.Signature = e.First.Signature })},
	{name: "of a registration that nobody has", tx: evidenceTx(func(_ *fixture.Fixture, e *types.Evidence) {
		e.First.Registrations, e.Second.Registrations = []uint64{9}, []uint64{9}
	})},
	{name: "that is empty", check: abci.ErrNotCanonical, tx: evidenceTx(func(_ *fixture.Fixture, e *types.Evidence) { *e = types.Evidence{} })},
	{name: "of a voter that was slashed", alone: true, tx: evidenceTx(func(f *fixture.Fixture, e *types.Evidence) {
		f.Force(f.Unsigned(&types.MsgSubmitEvidence{Evidence: f.DoubleVote(5, 1)}))
	})},
}

var notCanonical = []badInput{
	{name: "memo", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) { body.Memo = "hello" })},
	{name: "timeout height", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) { body.TimeoutHeight = 1_000 })},
	{name: "timeout time", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
		at := fixture.GenesisTime.Add(time.Hour)
		body.TimeoutTimestamp = &at
	})},
	{name: "unordered", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) { body.Unordered = true })},
	{name: "extension", check: abci.ErrNotCanonical, tx: reshaped(func(f *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
		body.ExtensionOptions = []*codectypes.Any{packed(f, gift())}
	})},
	{name: "extension that may be ignored", check: abci.ErrNotCanonical, tx: reshaped(func(f *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
		body.NonCriticalExtensionOptions = []*codectypes.Any{packed(f, gift())}
	})},
	{name: "fee", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, _ *tx.TxBody, auth *tx.AuthInfo, _ *tx.TxRaw) {
		auth.Fee.Amount = sdk.NewCoins(fixture.Udual(1))
	})},
	{name: "gas", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, _ *tx.TxBody, auth *tx.AuthInfo, _ *tx.TxRaw) { auth.Fee.GasLimit = 1 })},
	{name: "fee payer", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, _ *tx.TxBody, auth *tx.AuthInfo, _ *tx.TxRaw) {
		auth.Fee.Payer = fixture.Alice.String()
	})},
	{name: "no fee field", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, _ *tx.TxBody, auth *tx.AuthInfo, _ *tx.TxRaw) { auth.Fee = nil })},
	{name: "signer info", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, _ *tx.TxBody, auth *tx.AuthInfo, _ *tx.TxRaw) {
		auth.SignerInfos = []*tx.SignerInfo{{Sequence: 1}}
	})},
	{name: "signature", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, _ *tx.TxBody, _ *tx.AuthInfo, raw *tx.TxRaw) {
		raw.Signatures = [][]byte{{}}
	})},
	{name: "the message twice", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
		body.Messages = append(body.Messages, body.Messages[0])
	})},
	{name: "another message behind", check: abci.ErrNotCanonical, tx: reshaped(func(f *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
		body.Messages = append(body.Messages, packed(f, gift()))
	})},
	{name: "another message in front", check: abci.ErrNotCanonical, tx: reshaped(func(f *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
		body.Messages = append([]*codectypes.Any{packed(f, gift())}, body.Messages...)
	})},
	{name: "an unknown field", check: abci.ErrNotCanonical, tx: func(f *fixture.Fixture) []byte { return append(good(f), 0x78, 1) }},
	{name: "a field twice", check: abci.ErrNotCanonical, tx: func(f *fixture.Fixture) []byte { return append(good(f), good(f)...) }},
	{name: "an unsigned message in a signed transaction", check: abci.ErrNotCanonical, tx: func(f *fixture.Fixture) []byte {
		return f.Sign(fixture.Tx{From: fixture.Alice, Msgs: []sdk.Msg{gift(), votesOf(f, "")}})
	}},
}

var nested = []badInput{
	{name: "votes in authz", check: sdkerrors.ErrInvalidRequest, tx: byAlice(func(f *fixture.Fixture) []sdk.Msg {
		return []sdk.Msg{inAuthz(votesOf(f, fixture.Alice.String()))}
	})},
	{name: "unsigned votes in authz", check: sdkerrors.ErrInvalidRequest, tx: byAlice(func(f *fixture.Fixture) []sdk.Msg { return []sdk.Msg{inAuthz(votesOf(f, ""))} })},
	{name: "votes in authz in authz", check: sdkerrors.ErrInvalidRequest, tx: byAlice(func(f *fixture.Fixture) []sdk.Msg {
		return []sdk.Msg{inAuthz(inAuthz(votesOf(f, fixture.Alice.String())))}
	})},
	{name: "votes in authz behind another message", check: sdkerrors.ErrInvalidRequest, tx: byAlice(func(f *fixture.Fixture) []sdk.Msg {
		return []sdk.Msg{gift(), inAuthz(votesOf(f, fixture.Alice.String()))}
	})},
	{name: "evidence in authz", check: sdkerrors.ErrInvalidRequest, tx: byAlice(func(f *fixture.Fixture) []sdk.Msg {
		return []sdk.Msg{inAuthz(evidenceOf(f, fixture.Alice.String()))}
	})},
	{name: "unsigned evidence in authz", check: sdkerrors.ErrInvalidRequest, tx: byAlice(func(f *fixture.Fixture) []sdk.Msg { return []sdk.Msg{inAuthz(evidenceOf(f, ""))} })},
	{name: "votes in gov", check: sdkerrors.ErrInvalidRequest, tx: byAlice(func(f *fixture.Fixture) []sdk.Msg {
		return []sdk.Msg{inGov(f, votesOf(f, fixture.Alice.String()))}
	})},
	{name: "unsigned votes in gov", check: sdkerrors.ErrInvalidRequest, tx: byAlice(func(f *fixture.Fixture) []sdk.Msg { return []sdk.Msg{inGov(f, votesOf(f, ""))} })},
	{name: "evidence in gov", check: sdkerrors.ErrInvalidRequest, tx: byAlice(func(f *fixture.Fixture) []sdk.Msg {
		return []sdk.Msg{inGov(f, evidenceOf(f, fixture.Alice.String()))}
	})},
	{name: "unsigned evidence in gov in authz", check: sdkerrors.ErrInvalidRequest, tx: byAlice(func(f *fixture.Fixture) []sdk.Msg {
		return []sdk.Msg{inAuthz(inGov(f, evidenceOf(f, "")))}
	})},
}

var undecodable = []badInput{
	{name: "nothing", check: sdkerrors.ErrInvalidRequest, tx: func(*fixture.Fixture) []byte { return nil }},
	{name: "noise", check: sdkerrors.ErrTxDecode, tx: func(*fixture.Fixture) []byte { return bytes.Repeat([]byte{0xff}, 100) }},
	{name: "half a vote", check: sdkerrors.ErrTxDecode, tx: func(f *fixture.Fixture) []byte { return good(f)[:100] }},
	{name: "half a transaction", check: sdkerrors.ErrTxDecode, tx: func(f *fixture.Fixture) []byte { return giftTx(f)[:50] }},
	{name: "a message of no known type", check: sdkerrors.ErrTxDecode, tx: reshaped(func(_ *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
		body.Messages = []*codectypes.Any{{TypeUrl: "/dualchain.finality.v1.MsgNothing"}}
	})},
	{name: "votes that are not votes", check: abci.ErrNotCanonical, tx: reshaped(func(_ *fixture.Fixture, body *tx.TxBody, _ *tx.AuthInfo, _ *tx.TxRaw) {
		body.Messages[0].Value = []byte{0xff}
	})},
}

func TestBadInputAtTheBoundary(t *testing.T) {
	for _, group := range []struct {
		name  string
		cases []badInput
	}{
		{"votes", badVotes},
		{"misplaced", misplaced},
		{"evidence", badEvidence},
		{"not canonical", notCanonical},
		{"nested", nested},
		{"undecodable", undecodable},
	} {
		shared := boundary(t)
		for _, tc := range group.cases {
			t.Run(group.name+"/"+tc.name, func(t *testing.T) {
				if tc.alone || tc.counts {
					refuseEverywhere(t, boundary(t), tc)
					return
				}
				refuseEverywhere(t, shared.In(t), tc)
				shared.Honest().Blocks(1) // again two epochs without votes
			})
		}
	}
}

func refuseEverywhere(t *testing.T, f *fixture.Fixture, tc badInput) {
	t.Helper()
	var block [][]byte
	if tc.before != nil {
		block = tc.before(f)
	}
	bad := tc.tx(f)
	block = append(block, bad)

	require.False(t, f.Accepts(block...), "ProcessProposal")

	if tc.check == nil {
		tc.check = abci.ErrProposersOnly
	}
	f.Check(bad).Fails(tc.check)
	proposal := f.Prepare(bad)
	require.False(t, slices.ContainsFunc(proposal, func(tx []byte) bool { return bytes.Equal(tx, bad) }) && !tc.counts, "PrepareProposal")
	require.True(t, f.Accepts(proposal...), "what an honest proposer proposes")

	before := f.Heads()
	state := finalityState(f)
	resp := f.Force(block...)
	last := resp.TxResults[len(resp.TxResults)-1]
	if !tc.counts {
		require.NotZero(t, last.Code, "FinalizeBlock")
		require.True(t, state == finalityState(f), "the finality layer's state changed")
		require.Equal(t, heads{Head: before.Head + 1, Justified: before.Justified, Finalized: before.Finalized}, f.Heads())
	}
	f.Honest(0, 1, 2).Blocks(4)
	require.GreaterOrEqual(t, f.Heads().Finalized, before.Head+1, "the chain goes on")
}

// finalityState returns the state that bad input must not change.
func finalityState(f *fixture.Fixture) string {
	f.T.Helper()
	state, err := f.App.FinalityKeeper.ExportGenesis(f.Ctx())
	require.NoError(f.T, err)
	encoded, err := f.App.Encoding().Codec.MarshalJSON(state)
	require.NoError(f.T, err)
	return string(encoded)
}

func TestABlockLargerThanItsLimitIsRejected(t *testing.T) {
	f := boundary(t)
	var txs [][]byte
	size := 0
	for size <= 200_000 {
		txs = append(txs, giftTx(f))
		size += len(txs[len(txs)-1])
	}
	require.False(t, f.Accepts(txs...))
	proposal := f.Prepare(txs...)
	require.Less(t, len(proposal), len(txs))
	require.Greater(t, len(proposal), len(txs)*9/10)
	require.True(t, f.Accepts(proposal...))
}

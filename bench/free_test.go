package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/dualchain/dualchain/internal/paging"
	"github.com/dualchain/dualchain/localnet"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/voter/keymanager"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/types"
)

// maxTxBytes is CometBFT's bound of a transaction in the mempool.
const maxTxBytes = 1 << 20

// request is what a stranger asks of a node for nothing.
type request struct {
	name string
	most time.Duration // CPU time that it may take; a machine under load takes more, so this is about twice what was measured
	do   func(f *fixture.Fixture)
}

func noise(n int) []byte {
	out := make([]byte, 0, n+sha256.Size)
	for sum := sha256.Sum256(nil); len(out) < n; sum = sha256.Sum256(sum[:]) {
		out = append(out, sum[:]...)
	}
	return out[:n]
}

// unsignedEvidence is as long as the mempool takes.
func unsignedEvidence(b testing.TB) []byte {
	signer := types.ForkSigner{PubKey: strings.Repeat("ab", 48), Operator: fixture.Alice.String(), Possession: noise(96)}
	msg := &types.MsgSubmitEvidence{Evidence: types.Evidence{First: types.EvidenceVote{Signature: noise(96)}, Second: types.EvidenceVote{Signature: noise(96)}}}
	for range (maxTxBytes - 2000) / 256 {
		msg.Evidence.First.ForkSigners = append(msg.Evidence.First.ForkSigners, signer)
	}
	encoded, err := types.EncodeUnsigned(msg)
	require.NoError(b, err)
	return encoded
}

func check(tx func(f *fixture.Fixture) []byte) func(f *fixture.Fixture) {
	return func(f *fixture.Fixture) {
		resp, err := f.App.CheckTx(&abci.RequestCheckTx{Tx: tx(f)})
		require.NoError(f.T, err)
		require.NotZero(f.T, resp.Code)
	}
}

func simulate(msgs func(f *fixture.Fixture) []sdk.Msg) func(f *fixture.Fixture) {
	return func(f *fixture.Fixture) {
		info, err := f.Simulate(fixture.Alice, nil, msgs(f)...)
		require.NoError(f.T, err)
		require.Positive(f.T, info.GasUsed)
	}
}

func ask(path string, question proto.Message) func(f *fixture.Fixture) {
	return func(f *fixture.Fixture) {
		data, err := proto.Marshal(question)
		require.NoError(f.T, err)
		resp, err := f.App.Query(context.Background(), &abci.RequestQuery{Path: path, Data: data})
		require.NoError(f.T, err)
		require.Zero(f.T, resp.Code, resp.Log)
	}
}

func finality(method string, question proto.Message) request {
	return request{"query finality " + method, 200 * time.Millisecond, ask("/dualchain.finality.v1.Query/"+method, question)}
}

func checkpoint(method string, question proto.Message) request {
	return request{"query checkpoint " + method, 200 * time.Millisecond, ask("/dualchain.checkpoint.v1.Query/"+method, question)}
}

// requests are made to a chain of 1,000 voters that has finalized a few epochs.
func requests(b *testing.B, f *fixture.Fixture) []request {
	garbage, evidence, page := noise(maxTxBytes-100), unsignedEvidence(b), &query.PageRequest{Limit: paging.MaxLimit}
	operator := fixture.Operator(1).String()
	forked := &types.MsgSubmitEvidence{Submitter: fixture.Alice.String(), Evidence: fork(f, 0, types.MaxForkSigners)}
	return []request{
		{"CheckTx: 1 MB of noise", 100 * time.Millisecond, check(func(*fixture.Fixture) []byte { return garbage })},
		{"CheckTx: 1 MB of empty fields", 200 * time.Millisecond, check(func(*fixture.Fixture) []byte { return bytes.Repeat([]byte{0x0a, 0}, len(garbage)/2) })},
		{"CheckTx: 1 MB of unsigned evidence", 5 * time.Millisecond, check(func(*fixture.Fixture) []byte { return evidence })},
		{"CheckTx: a forged vote", 8 * time.Millisecond, check(func(f *fixture.Fixture) []byte {
			agg := f.Aggregate(f.Heads().Head, 0)
			agg.Signature = f.Signature(fixture.Fork("other", 1, 2), 0)
			return f.Pack(agg)
		})},
		{"simulate: 2,500 transfers, about the gas of a block", 1500 * time.Millisecond, simulate(func(*fixture.Fixture) (msgs []sdk.Msg) {
			for range 2500 {
				msgs = append(msgs, send(1))
			}
			return msgs
		})},
		{"simulate: evidence by 1,000 against one", 200 * time.Millisecond, simulate(func(f *fixture.Fixture) []sdk.Msg {
			side := types.EvidenceVote{Vote: types.VoteFromFFG(fixture.Fork("a", 2, 3)), Signature: make([]byte, 96)}
			for i := range uint64(many) {
				side.Registrations = append(side.Registrations, i)
			}
			other := side
			other.Vote, other.Registrations = types.VoteFromFFG(fixture.Fork("b", 2, 3)), side.Registrations[1:2]
			return []sdk.Msg{&types.MsgSubmitEvidence{Submitter: fixture.Alice.String(), Evidence: types.Evidence{First: side, Second: other}}}
		})},
		{"simulate: evidence with 2 × 128 signers of a fork", 100 * time.Millisecond, simulate(func(*fixture.Fixture) []sdk.Msg { return []sdk.Msg{forked} })},
		finality("Voter", &types.QueryVoterRequest{Voter: operator}),
		finality("Voters", &types.QueryVotersRequest{Pagination: page}),
		finality("Voters", &types.QueryVotersRequest{State: types.VoterState_VOTER_STATE_TOMBSTONED, Pagination: page}),
		finality("VoterSet", &types.QueryVoterSetRequest{Id: "head"}),
		finality("Votes", &types.QueryVotesRequest{Epoch: "finalized"}),
		finality("Duty", &types.QueryDutyRequest{Voter: operator}),
		finality("Duty", &types.QueryDutyRequest{}),
		finality("Participation", &types.QueryParticipationRequest{Voter: operator}),
		finality("Certificate", &types.QueryCertificateRequest{Epoch: "finalized"}),
		finality("TrustPoint", &types.QueryTrustPointRequest{Epoch: "finalized"}),
		finality("HandOvers", &types.QueryHandOversRequest{Limit: 1000}),
		finality("Follow", &types.QueryFollowRequest{Epoch: "0", Limit: 100}),
		finality("Delegations", &types.QueryDelegationsRequest{Voter: operator, Pagination: page}),
		finality("DelegatorDelegations", &types.QueryDelegatorDelegationsRequest{Delegator: operator, Pagination: page}),
		finality("Unbondings", &types.QueryUnbondingsRequest{Delegator: operator, Pagination: page}),
		finality("AllEvidence", &types.QueryAllEvidenceRequest{Pagination: page}),
		finality("EconomicSecurity", &types.QueryEconomicSecurityRequest{}),
		checkpoint("Status", &checkpointtypes.QueryStatusRequest{}),
		checkpoint("Checkpoints", &checkpointtypes.QueryCheckpointsRequest{Pagination: page}),
		checkpoint("CheckpointByHeight", &checkpointtypes.QueryCheckpointByHeightRequest{Height: 2}),
		checkpoint("InclusionProof", &checkpointtypes.QueryInclusionProofRequest{Height: 2}),
		checkpoint("ConsistencyProof", &checkpointtypes.QueryConsistencyProofRequest{FromSize: 1, ToEpoch: "finalized"}),
		{"keymanager: without the token", time.Millisecond, func(*fixture.Fixture) {
			w := httptest.NewRecorder()
			new(keymanager.Store).Handler("token").ServeHTTP(w, httptest.NewRequest(http.MethodPost, keymanager.Path, bytes.NewReader(garbage)))
			require.Equal(b, http.StatusUnauthorized, w.Code)
		}},
	}
}

// BenchmarkFreeRequests fails if something that nobody pays for takes a node more CPU than its bound.
func BenchmarkFreeRequests(b *testing.B) {
	powers := make([]uint64, many)
	for i := range powers {
		powers[i] = 10
	}
	f := fixture.New(b, fixture.MaxBlockGas(100_000_000), fixture.Voters(powers...))
	f.Honest(numbers(0, 700)...).Blocks(8)
	f.Honest().Blocks(1)
	f.Report(fixture.Alice, f.DoubleVote(3, 0)).OK()
	baseapp.SetQueryGasLimit(localnet.QueryGasLimit)(f.App.BaseApp)
	for _, r := range requests(b, f) {
		b.Run(strings.ReplaceAll(r.name, " ", "_"), func(b *testing.B) {
			f.In(b)
			r.do(f) // what a first time loads stays loaded
			const times = 5
			each := cpuOf(func() {
				for range times {
					r.do(f)
				}
			}) / times
			b.ReportMetric(float64(each.Microseconds())/1000, "cpu-ms")
			b.ReportMetric(0, "ns/op")
			if each > r.most {
				b.Errorf("expected at most %s of CPU, found %s", r.most, each)
			}
		})
	}
}

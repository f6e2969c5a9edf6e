package abci

import (
	"bytes"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx"
	"github.com/cosmos/cosmos-sdk/x/authz"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/votepool"
	"github.com/dualchain/dualchain/x/finality/types"
)

func (n *node) prepare(t require.TestingT, maxTxBytes int64, txs ...[]byte) [][]byte {
	resp, err := n.PrepareProposal(n.ctx, &abci.RequestPrepareProposal{MaxTxBytes: maxTxBytes, Txs: txs})
	require.NoError(t, err, "an error makes BaseApp drop what was injected")
	return resp.Txs
}

// vote lets the node hear of voters' canonical votes for a target.
func (n *node) vote(t testing.TB, target uint64, voters ...int) {
	t.Helper()
	for _, voter := range voters {
		n.receive(t, n.sign(canonical(target), n.now, voter))
	}
}

// targets returns the targets of the votes that a block starts with.
func targets(t require.TestingT, txs [][]byte) []uint64 {
	var epochs []uint64
	for _, tx := range txs {
		msg, _, err := types.DecodeUnsigned(tx)
		require.NoError(t, err)
		votes, ok := msg.(*types.MsgSubmitVotes)
		if !ok {
			break
		}
		epochs = append(epochs, votes.Votes.Vote.Target.Epoch)
	}
	return epochs
}

func TestAProposerWithoutVotesProposesAsUsual(t *testing.T) {
	n := newNode(newWorld(5))
	require.Empty(t, n.prepare(t, maxBytes))
	require.Equal(t, [][]byte{transfer(t, 1), transfer(t, 2)}, n.prepare(t, maxBytes, transfer(t, 1), transfer(t, 2)))
}

func TestAProposerInjectsExactlyWhatTheTallyLacks(t *testing.T) {
	n := newNode(newWorld(5))
	n.vote(t, 15, 0, 1, 2)
	n.receive(t, n.sign(other(15), n.now, 3)) // nobody counts it
	n.vote(t, 14, 0, 4)
	n.count(14, 0, 1)
	n.vote(t, 13, 2)
	n.count(13, 2)
	n.vote(t, 16, 0) // above the head
	require.Equal(t, [][]byte{
		voteTx(t, n.sign(canonical(14), n.now, 4)),
		voteTx(t, n.sign(canonical(15), n.now, 0, 1, 2)),
		transfer(t, 1),
	}, n.prepare(t, maxBytes, transfer(t, 1)))
}

func TestVotesGivenInTheSuccessorCountInTheirTargetsSet(t *testing.T) {
	n := newNode(newWorld(5))
	n.receive(t, n.sign(canonical(16), n.next, 1), n.sign(canonical(16), n.now, 2))
	n.head = 16
	require.Equal(t, [][]byte{voteTx(t, n.sign(canonical(16), n.now, 1, 2))}, n.prepare(t, maxBytes))
}

func TestTargetsShortOfQuorumComeFirstNewestFirst(t *testing.T) {
	n := newNode(newWorld(5))
	for target := uint64(10); target <= 15; target++ {
		n.vote(t, target, 0)
	}
	n.quorum[15], n.quorum[13] = true, true
	for _, tc := range []struct {
		max      uint32
		expected []uint64
	}{{0, nil}, {1, []uint64{14}}, {2, []uint64{12, 14}}, {5, []uint64{10, 11, 12, 14, 15}}, {9, []uint64{10, 11, 12, 13, 14, 15}}} {
		n.params.MaxVoteTxs = tc.max
		require.Equal(t, tc.expected, targets(t, n.prepare(t, maxBytes)), "at most %d", tc.max)
	}
}

func TestVotesTakeTheirSpaceFirst(t *testing.T) {
	n := newNode(newWorld(5))
	n.vote(t, 14, 0, 1)
	n.vote(t, 15, 0, 1)
	one := sizeOf(voteTx(t, n.sign(canonical(15), n.now, 0, 1)))
	two, user := 2*one, sizeOf(transfer(t, 1))
	for _, tc := range []struct {
		name     string
		room     int64
		expected int
		targets  []uint64
	}{
		{"no room at all", 0, 0, nil},
		{"room for less than one", one - 1, 0, nil}, // a transfer is larger than the difference
		{"room for one: the head", one, 1, []uint64{15}},
		{"room for all votes", two, 2, []uint64{14, 15}},
		{"not quite room for a transfer", two + user - 1, 2, []uint64{14, 15}},
		{"room for all", two + user, 3, []uint64{14, 15}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var txs [][]byte
			if tc.room >= one {
				txs = [][]byte{transfer(t, 1)}
			}
			proposal := n.prepare(t, tc.room, txs...)
			require.Len(t, proposal, tc.expected)
			require.Equal(t, tc.targets, targets(t, proposal))
			require.LessOrEqual(t, sizeOf(proposal...), tc.room)
		})
	}
}

func TestConflictingVotesBecomeEvidenceByThemselves(t *testing.T) {
	n := newNode(newWorld(5))
	n.vote(t, 15, 2)
	conflict := func(voter int) { n.receive(t, n.sign(canonical(12), n.now, voter), n.sign(other(12), n.now, voter)) }
	conflict(1)
	votes := [][]byte{voteTx(t, n.sign(canonical(12), n.now, 1)), voteTx(t, n.sign(canonical(15), n.now, 2))}
	require.Equal(t, append(votes, evidenceTx(t, n.evidence(1)), transfer(t, 1)), n.prepare(t, maxBytes, transfer(t, 1)))

	n.tombstoned[1] = true
	require.Equal(t, votes, n.prepare(t, maxBytes), "a slashed voter is not named again")
	require.Empty(t, n.pool.Conflicts())
}

func TestOneEvidenceABlock(t *testing.T) {
	n := newNode(newWorld(5))
	for voter := range 3 {
		n.receive(t, n.sign(other(12), n.now, voter))
		vote := other(12)
		vote.Target.Root = ffg.Root{0xfe}
		n.receive(t, n.sign(vote, n.now, voter))
	}
	named := func() uint64 {
		proposal := n.prepare(t, maxBytes)
		require.Len(t, proposal, 1)
		msg, _, err := types.DecodeUnsigned(proposal[0])
		require.NoError(t, err)
		return msg.(*types.MsgSubmitEvidence).Evidence.First.Registrations[0]
	}
	slashed := map[uint64]bool{}
	for range 3 {
		voter := named()
		require.False(t, slashed[voter])
		require.Equal(t, voter, named(), "until it is slashed")
		slashed[voter], n.tombstoned[voter] = true, true
	}
	require.Empty(t, n.prepare(t, maxBytes))
}

func TestEvidenceThatTheChainRefusesIsForgotten(t *testing.T) {
	n := newNode(newWorld(5))
	n.receive(t, n.sign(canonical(15), n.now, 0), n.sign(other(15), n.now, 0))
	n.fail["CheckUnsignedEvidence"] = types.ErrNobodyGuilty
	require.Equal(t, []uint64{15}, targets(t, n.prepare(t, maxBytes)))
	require.Empty(t, n.pool.Conflicts())
}

func TestEvidenceThatDoesNotFitWaits(t *testing.T) {
	n := newNode(newWorld(5))
	n.receive(t, n.sign(canonical(12), n.now, 1), n.sign(other(12), n.now, 1))
	vote, evidence := voteTx(t, n.sign(canonical(12), n.now, 1)), evidenceTx(t, n.evidence(1))
	room := sizeOf(vote, evidence)
	require.Equal(t, [][]byte{vote}, n.prepare(t, room-1))
	require.Equal(t, [][]byte{vote, evidence}, n.prepare(t, room))
}

// hold puts a vote into the pool as if it had been verified.
func (n *node) hold(t *testing.T, agg ffg.AggregateVote, signature ffg.Signature) {
	t.Helper()
	for position := range agg.Signers.Indices() {
		held := votepool.Signed{Key: n.sets[agg.VoterSetHash][position].Key, Vote: agg.Vote, Signature: signature}
		added, err := n.pool.Add(held, func() (*bls.Signature, error) { return bls.ParseSignature(signature[:]) })
		require.NoError(t, err)
		require.True(t, added)
	}
}

func TestBadVotesAreDroppedFromTheAggregateAndThePool(t *testing.T) {
	n := newNode(newWorld(5))
	n.vote(t, 15, 0, 2, 4)
	n.hold(t, n.sign(canonical(15), n.now, 1), n.sign(canonical(14), n.now, 1).Signature) // does not verify
	n.hold(t, n.sign(canonical(15), n.now, 3), n.sign(other(15), n.now, 3).Signature)
	require.Equal(t, [][]byte{voteTx(t, n.sign(canonical(15), n.now, 0, 2, 4))}, n.prepare(t, maxBytes))
	require.Equal(t, 3, n.pool.Len())
}

func TestATargetWithBadVotesOnlyDoesNotSilenceTheOthers(t *testing.T) {
	n := newNode(newWorld(5))
	n.vote(t, 14, 0)
	n.hold(t, n.sign(canonical(15), n.now, 1), n.sign(canonical(14), n.now, 1).Signature)
	require.Equal(t, []uint64{14}, targets(t, n.prepare(t, maxBytes)))
	require.Equal(t, []uint64{14}, n.pool.Targets())
}

func TestVotesThatTheChainRefusesStayInThePool(t *testing.T) {
	n := newNode(newWorld(5))
	n.vote(t, 15, 0)
	n.fail["CheckVotes"] = errState
	require.Empty(t, n.prepare(t, maxBytes))
	require.Equal(t, 1, n.pool.Len())
}

func TestWhateverFailsTheTransactionsAreProposed(t *testing.T) {
	user := transfer(t, 1)
	newHearer := func() *node {
		n := newNode(newWorld(5))
		n.vote(t, 15, 0)
		n.receive(t, n.sign(other(15), n.now, 0))
		return n
	}
	for method, injected := range map[string]int{ // votes and evidence, if it fails
		"Window": 0, "Params": 0,
		"OpenTarget": 1, "CheckVotes": 1, // evidence
		"Registration": 1, // votes
	} {
		n := newHearer()
		n.fail[method] = errState
		require.Len(t, n.prepare(t, maxBytes, user), injected+1, method)

		n = newHearer()
		n.panic = method
		require.Equal(t, [][]byte{user}, n.prepare(t, maxBytes, user), "panic in %s", method)
		require.Len(t, n.pool.Conflicts(), 1, "the conflict waits for a better block")
	}
}

func TestATargetIsAskedForOnce(t *testing.T) {
	n := newNode(newWorld(5))
	clear(n.calls)
	n.vote(t, 15, 0)
	require.Equal(t, map[string]int{"Window": 1, "OpenTarget": 1, "Domain": 1}, n.calls, "a vote that is gossiped")
	n.vote(t, 14, 0, 1)
	clear(n.calls)
	require.Zero(t, n.checkAgain(t, packOf(t, n.sign(canonical(15), n.now, 0))).Code)
	require.Equal(t, map[string]int{"Window": 1, "OpenTarget": 1, "Domain": 1}, n.calls, "a vote that is checked again")
	clear(n.calls)
	require.Equal(t, []uint64{14, 15}, targets(t, n.prepare(t, maxBytes)))
	require.Equal(t, map[string]int{"Params": 1, "Window": 1, "OpenTarget": 2, "CheckVotes": 2}, n.calls, "a proposal with two targets")
}

func TestADecoderThatPanicsCostsItsTransactionOnly(t *testing.T) {
	n := newNode(newWorld(5))
	n.vote(t, 15, 0)
	n.decode = func(txBytes []byte) (sdk.Tx, error) {
		if bytes.Equal(txBytes, transfer(t, 1)) {
			panic("bug")
		}
		return txConfig.TxDecoder()(txBytes)
	}
	require.Equal(t, [][]byte{voteTx(t, n.sign(canonical(15), n.now, 0)), transfer(t, 2)}, n.prepare(t, maxBytes, transfer(t, 1), transfer(t, 2)))
	require.False(t, n.accepts(t, transfer(t, 1)))
}

func TestOnlyWhatAValidBlockMayHoldIsProposed(t *testing.T) {
	n := newNode(newWorld(5))
	exec := authz.NewMsgExec(sdk.AccAddress("grantee"), []sdk.Msg{&types.MsgSubmitVotes{Submitter: submitter}})
	noFee := func(txBytes []byte) []byte {
		var raw tx.TxRaw
		require.NoError(t, raw.Unmarshal(txBytes))
		raw.AuthInfoBytes = nil
		encoded, err := raw.Marshal()
		require.NoError(t, err)
		return encoded
	}
	require.Equal(t, [][]byte{transfer(t, 1), transfer(t, 2)}, n.prepare(t, maxBytes,
		[]byte("not a transaction"),
		voteTx(t, n.sign(canonical(15), n.now, 0)),
		evidenceTx(t, n.evidence(0)),
		transfer(t, 1),
		ordinaryTx(t, 1, "memo", &types.MsgSubmitVotes{}),
		ordinaryTx(t, 1, "", &exec),
		noFee(transfer(t, 3)),
		transfer(t, 2),
	))
}

func TestTransactionsKeepTheirOrderAndTheBlocksGas(t *testing.T) {
	n := newNode(newWorld(5))
	gas := func(gas uint64, memo string) []byte {
		return ordinaryTx(t, gas, memo, &types.MsgSubmitVotes{Submitter: submitter})
	}
	all := func(fill ...[]byte) [][]byte { return n.prepare(t, maxBytes, fill...) }

	half, rest := gas(maxGas/2, "half"), gas(maxGas/2+1, "more than the rest")
	require.Equal(t, [][]byte{half}, all(half, rest, gas(1, "later")), "it stops at the first that doesn't fit")
	require.Equal(t, [][]byte{half, gas(maxGas/2, "rest")}, all(half, gas(maxGas/2, "rest"), gas(1, "later")))
	require.Equal(t, [][]byte{half}, all(gas(maxGas+1, "never"), half), "what never fits is passed over")
	require.Equal(t, [][]byte{half}, all(gas(^uint64(0), "overflow"), half))

	n.ctx = n.ctx.WithConsensusParams(withGas(n.ctx, -1))
	require.Len(t, all(half, gas(maxGas+1, "now"), rest), 3, "no limit")
	n.ctx = n.ctx.WithConsensusParams(withGas(n.ctx, 0))
	require.Len(t, all(half, gas(maxGas+1, "now"), rest), 3, "no limit to the SDK either")
}

func TestTransactionsKeepTheirOrderAndTheBlocksBytes(t *testing.T) {
	n := newNode(newWorld(5))
	small, large := transfer(t, 1), ordinaryTx(t, 1, string(bytes.Repeat([]byte("x"), 500)), &types.MsgSubmitVotes{Submitter: submitter})
	require.Equal(t, [][]byte{small}, n.prepare(t, sizeOf(small, large)-1, small, large, small))
	require.Equal(t, [][]byte{small, large}, n.prepare(t, sizeOf(small, large), small, large, small))
	require.Equal(t, [][]byte{small}, n.prepare(t, sizeOf(large)-1, large, small))
}

package abci

import (
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/dualchain/dualchain/x/finality/types"
)

func (n *node) accepts(t require.TestingT, txs ...[]byte) bool {
	resp, err := n.ProcessProposal(n.ctx, &abci.RequestProcessProposal{Txs: txs})
	require.NoError(t, err)
	return resp.Status == abci.ResponseProcessProposal_ACCEPT
}

func TestBlocks(t *testing.T) {
	w := newWorld(5)
	w.count(13, 0, 1)
	w.tombstoned[4] = true
	votes := func(target uint64, voters ...int) []byte {
		return voteTx(t, w.sign(canonical(target), w.now, voters...))
	}
	forged := w.sign(canonical(15), w.now, 0)
	forged.Signers = w.sign(canonical(15), w.now, 1).Signers
	wrongSet := w.sign(canonical(15), w.next, 0)
	malformed := types.AggregateVoteFromFFG(forged)
	malformed.Signature = nil
	exec := authz.NewMsgExec(sdk.AccAddress("grantee"), []sdk.Msg{&types.MsgSubmitEvidence{Submitter: submitter}})
	propose := new(govv1.MsgSubmitProposal)
	require.NoError(t, propose.SetMsgs([]sdk.Msg{&types.MsgSubmitVotes{}}))
	guilty, slashed := evidenceTx(t, w.evidence(2)), evidenceTx(t, w.evidence(4))
	user := transfer(t, 1)
	signed := ordinaryTx(t, 1, "by hand", &types.MsgSubmitVotes{Submitter: submitter}, &types.MsgSubmitEvidence{Submitter: submitter})

	for _, tc := range []struct {
		name string
		txs  [][]byte
		err  error
	}{
		{"nothing", nil, nil},
		{"ordinary transactions", [][]byte{user, signed, user}, nil},
		{"votes, evidence, others", [][]byte{votes(14, 0), votes(15, 0, 1), guilty, user, signed}, nil},
		{"as many votes as allowed", [][]byte{votes(10, 0), votes(11, 0), votes(12, 0), votes(15, 0)}, nil},
		{"one vote more", [][]byte{votes(10, 0), votes(11, 0), votes(12, 0), votes(14, 0), votes(15, 0)}, ErrTooManyVotes},
		{"votes beside those recorded", [][]byte{votes(13, 2)}, nil},
		{"more votes than those recorded", [][]byte{votes(13, 0, 1, 2)}, nil},

		{"redundant votes", [][]byte{votes(13, 0)}, ErrInvalidVotes},
		{"overlapping votes", [][]byte{votes(13, 0, 2)}, ErrInvalidVotes},
		{"votes of nobody", [][]byte{votes(15)}, ErrInvalidVotes},
		{"votes for a target above the head", [][]byte{votes(16, 0)}, ErrInvalidVotes},
		{"votes for a target too old", [][]byte{votes(9, 0)}, ErrInvalidVotes},
		{"votes for another checkpoint", [][]byte{voteTx(t, w.sign(other(15), w.now, 0))}, ErrInvalidVotes},
		{"a pack of votes", [][]byte{packOf(t, w.sign(canonical(15), w.now, 0))}, ErrMisplaced},
		{"forged votes", [][]byte{voteTx(t, forged)}, ErrInvalidVotes},
		{"forged votes behind valid ones", [][]byte{votes(14, 0), voteTx(t, forged)}, ErrInvalidVotes},
		{"votes of another set", [][]byte{voteTx(t, wrongSet)}, ErrInvalidVotes},
		{"malformed votes", [][]byte{encode(t, &types.MsgSubmitVotes{Votes: malformed})}, ErrInvalidVotes},

		{"two for one target", [][]byte{votes(15, 0), votes(15, 1)}, ErrTargetOrder},
		{"descending targets", [][]byte{votes(15, 0), votes(14, 0)}, ErrTargetOrder},
		{"votes behind an ordinary transaction", [][]byte{user, votes(15, 0)}, ErrMisplaced},
		{"votes between ordinary transactions", [][]byte{votes(14, 0), user, votes(15, 0)}, ErrMisplaced},
		{"evidence behind an ordinary transaction", [][]byte{user, guilty}, ErrMisplaced},
		{"evidence before votes", [][]byte{guilty, votes(15, 0)}, ErrMisplaced},
		{"evidence alone", [][]byte{guilty}, nil},
		{"two pieces of evidence", [][]byte{guilty, evidenceTx(t, w.evidence(1))}, ErrTooMuchEvidence},
		{"evidence against a slashed voter", [][]byte{slashed}, ErrInvalidEvidence},

		{"votes with a memo", [][]byte{ordinaryTx(t, 0, "memo", &types.MsgSubmitVotes{})}, ErrNotCanonical},
		{"votes with gas", [][]byte{ordinaryTx(t, 1, "", &types.MsgSubmitVotes{})}, ErrNotCanonical},
		{"unsigned votes with others", [][]byte{ordinaryTx(t, 0, "", &types.MsgSubmitVotes{}, &types.MsgSubmitVotes{Submitter: submitter})}, ErrNotCanonical},
		{"votes with an empty signature", [][]byte{append(votes(15, 0), 0x1a, 0x00)}, ErrNotCanonical},
		{"not a transaction", [][]byte{[]byte("not a transaction")}, ErrUndecodable},
		{"an empty transaction", [][]byte{{}}, ErrUndecodable},
		{"not a transaction behind a good one", [][]byte{user, {0xff}}, ErrUndecodable},
		{"evidence inside authz", [][]byte{ordinaryTx(t, 1, "", &exec)}, ErrNested},
		{"votes inside a proposal", [][]byte{user, ordinaryTx(t, 1, "", propose)}, ErrNested},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := newNode(w)
			require.ErrorIs(t, n.CheckBlock(n.ctx, tc.txs), tc.err)
			require.Equal(t, tc.err == nil, n.accepts(t, tc.txs...))
		})
	}
}

func TestEmptyTransactionsWithoutAFeeAreNotInBlocks(t *testing.T) {
	// A transaction without auth info makes the SDK panic when it is asked for its gas.
	n := newNode(newWorld(5))
	require.ErrorIs(t, n.CheckBlock(n.ctx, [][]byte{{0x0a, 0x00}}), ErrUndecodable)
}

func TestBlocksAreAsLargeAsAllowed(t *testing.T) {
	n := newNode(newWorld(5))
	block := [][]byte{transfer(t, 1), transfer(t, 2)}
	for room, expected := range map[int64]bool{sizeOf(block...): true, sizeOf(block...) - 1: false, -1: true} {
		n.ctx = n.ctx.WithConsensusParams(withBytes(n.ctx, room))
		require.Equal(t, expected, n.accepts(t, block...), "room for %d", room)
	}
	n.ctx = n.ctx.WithConsensusParams(cmtproto.ConsensusParams{})
	require.True(t, n.accepts(t, block...), "consensus parameters not stored yet")
}

func TestCheapChecksComeFirst(t *testing.T) {
	n := newNode(newWorld(5))
	require.False(t, n.accepts(t, voteTx(t, n.sign(canonical(15), n.now, 0)), []byte("not a transaction")))
	require.Zero(t, n.calls["CheckVotes"], "no signature was verified")
}

func TestWhatTheStateCantTellRejects(t *testing.T) {
	block := func(n *node) [][]byte {
		return [][]byte{voteTx(t, n.sign(canonical(15), n.now, 0)), evidenceTx(t, n.evidence(1))}
	}
	require.True(t, newNode(newWorld(5)).accepts(t, block(newNode(newWorld(5)))...))
	for _, method := range []string{"Params", "CheckVotes", "CheckUnsignedEvidence"} {
		n := newNode(newWorld(5))
		n.fail[method] = errState
		require.False(t, n.accepts(t, block(n)...), method)

		n = newNode(newWorld(5))
		n.panic = method
		require.False(t, n.accepts(t, block(n)...), "panic in %s", method)
	}
}

func TestEveryTransactionOfTheMempoolIsJudgedAlike(t *testing.T) {
	// What a proposer passes over, a block may not hold, and the other way round.
	n := newNode(newWorld(5))
	exec := authz.NewMsgExec(sdk.AccAddress("grantee"), []sdk.Msg{&types.MsgSubmitVotes{Submitter: submitter}})
	for _, tx := range [][]byte{transfer(t, 1), {}, {0xff}, ordinaryTx(t, 1, "", &exec), ordinaryTx(t, 1, "m", &types.MsgSubmitVotes{})} {
		require.Equal(t, n.accepts(t, tx), len(n.prepare(t, maxBytes, tx)) == 1)
	}
}

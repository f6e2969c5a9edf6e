package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/abci"
	"github.com/dualchain/dualchain/x/finality/types"
)

// gossip offers each voter's vote for the head to the mempool, like voters do, and returns the transactions.
func gossip(f *fixture.Fixture, epoch uint64, voters ...int) [][]byte {
	f.T.Helper()
	var txs [][]byte
	for _, i := range voters {
		tx := f.Pack(f.Aggregate(epoch, i))
		f.Check(tx).OK()
		txs = append(txs, tx)
	}
	return txs
}

// unsigned returns the unsigned messages at the front of a proposal, and requires that none comes later.
func unsigned(f *fixture.Fixture, txs [][]byte) (votes []ffg.AggregateVote, evidence []types.Evidence) {
	f.T.Helper()
	front := true
	for _, tx := range txs {
		msg, isUnsigned, err := types.DecodeUnsigned(tx)
		require.NoError(f.T, err)
		require.False(f.T, isUnsigned && !front, "an unsigned transaction behind an ordinary one")
		front = isUnsigned
		switch msg := msg.(type) {
		case *types.MsgSubmitVotes:
			agg, err := msg.Votes.ToFFG()
			require.NoError(f.T, err)
			votes = append(votes, agg)
		case *types.MsgSubmitEvidence:
			evidence = append(evidence, msg.Evidence)
		}
	}
	return votes, evidence
}

func targets(votes []ffg.AggregateVote) []uint64 {
	var out []uint64
	for _, v := range votes {
		out = append(out, v.Vote.Target.Epoch)
	}
	return out
}

func TestGossipedVotesFinalizeTheChain(t *testing.T) {
	f := fixture.New(t, fixture.Voters(34, 33, 33)).Blocks(1)
	for range 10 {
		mempool := gossip(f, f.Heads().Head, 0, 1, 2)
		proposal := f.Prepare(mempool...)
		votes, _ := unsigned(f, proposal)
		require.Len(t, proposal, 1, "three single votes are one aggregate")
		require.Equal(t, 3, votes[0].Signers.Count())
		f.Propose(proposal...)
		for _, tx := range mempool {
			f.Recheck(tx).Fails(types.ErrRedundant)
		}
	}
	require.Equal(t, heads{Head: 11, Justified: 10, Finalized: 9}, f.Heads())
}

func TestAProposerInjectsWhatTheTallyLacks(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1, 1)).Blocks(1)
	gossip(f, 1, 0, 1)
	f.Propose(f.Prepare()...)
	mempool := gossip(f, 1, 2)
	f.Check(f.Pack(f.Aggregate(1, 0))).Fails(types.ErrRedundant)
	votes, _ := unsigned(f, f.Prepare(mempool...))
	require.Equal(t, []ffg.Bitfield{ffg.SingleBit(4, f.Position(1, 2))}, []ffg.Bitfield{votes[0].Signers})
	f.Propose(f.Prepare(mempool...)...)
	require.Empty(t, f.Prepare(mempool...))
	require.True(t, checkpoint(f, 1).Justified)
}

func TestTargetsShortOfQuorumComeFirstNewestFirst(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1, 1), fixture.Params(func(p *types.Params) { p.MaxVoteTxs = 2 })).Honest(0, 1, 2).Blocks(5)
	f.Honest().Blocks(2)
	// epochs 1 to 4 have quorum and lack voter 3; 5 to 7 have nothing
	require.Equal(t, uint64(7), f.Heads().Head)
	gossip(f, 4, 3)
	gossip(f, 3, 3)
	votes, _ := unsigned(f, f.Prepare())
	require.Equal(t, []uint64{3, 4}, targets(votes), "those with quorum, ascending in the block")
	gossip(f, 5, 0)
	votes, _ = unsigned(f, f.Prepare())
	require.Equal(t, []uint64{4, 5}, targets(votes), "short of quorum before the newest with quorum")
	gossip(f, 6, 0)
	votes, _ = unsigned(f, f.Prepare())
	require.Equal(t, []uint64{5, 6}, targets(votes))
	gossip(f, 7, 0)
	votes, _ = unsigned(f, f.Prepare())
	require.Equal(t, []uint64{6, 7}, targets(votes), "old votes released singly can't starve the head")
	require.True(t, f.Accepts(f.Prepare()...))
}

func TestAnOldTargetShortOfQuorumComesBeforeNewerOnesThatHaveIt(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1, 1), fixture.Params(func(p *types.Params) { p.MaxVoteTxs = 2 })).Honest(0, 1, 2).Blocks(3)
	f.Honest().Blocks(1).Honest(0, 1, 2).Blocks(2).Honest() // epoch 3 has no votes
	gossip(f, 3, 0)
	gossip(f, 4, 3)
	gossip(f, 5, 3)
	votes, _ := unsigned(f, f.Prepare())
	require.Equal(t, []uint64{3, 5}, targets(votes))
}

func TestEvidenceFollowsVotes(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1, 1)).Honest(0, 1, 2, 3).Blocks(5).Honest()
	head := f.Heads().Head
	gossip(f, head, 0, 1, 2)
	for _, guilty := range []int{2, 3} {
		for _, name := range []string{"a", "b"} {
			f.Check(f.Pack(f.AggregateOf(fixture.Fork(name, head-1, head), guilty))) // a third vote is refused and not needed
		}
	}
	proposal := f.Prepare(giftTx(f))
	votes, evidence := unsigned(f, proposal)
	require.Len(t, votes, 1)
	require.Len(t, evidence, 1, "one a block")
	require.Len(t, proposal, 3)
	f.Propose(proposal...)
	_, evidence = unsigned(f, f.Prepare())
	require.Len(t, evidence, 1, "the other in the next")
	f.Propose(f.Prepare()...)
	require.Equal(t, []int{2, 3}, jailed(f, 4))
	require.Empty(t, f.Prepare())
}

func TestOrdinaryTransactionsCantCrowdVotesOut(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.MaxBlockBytes(3_000)).Blocks(1)
	mempool := gossip(f, 1, 0, 1, 2)
	for range 100 {
		mempool = append(mempool, giftTx(f))
	}
	proposal := f.Prepare(mempool...)
	votes, _ := unsigned(f, proposal)
	require.Len(t, votes, 1)
	require.Greater(t, len(proposal), 2, "the rest of the block is theirs")
	f.Propose(proposal...)
	require.True(t, checkpoint(f, 1).Justified)
}

func TestAProposerWithoutVotesProposesAsUsual(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Blocks(3)
	tx := giftTx(f)
	require.Equal(t, [][]byte{tx}, f.Prepare(tx))
	require.Empty(t, f.Prepare())
	f.Propose(f.Prepare(tx)...)
	require.Zero(t, f.Heads().Justified)
}

func TestTheMempoolTakesSingleVotesOnlyAndNoEvidence(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Honest(0, 1, 2).Blocks(5).Honest()
	f.Check(f.VoteTx(f.Aggregate(f.Heads().Head, 0))).Fails(abci.ErrProposersOnly)
	f.Check(f.Unsigned(&types.MsgSubmitEvidence{Evidence: f.DoubleVote(3, 1)})).Fails(abci.ErrProposersOnly)
	f.Check(giftTx(f)).OK()
}

func TestAVoteStaysInTheMempoolWhileItIsOfUse(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.Params(func(p *types.Params) { p.VoteWindow = 3 })).Blocks(1)
	vote := gossip(f, 1, 0)[0]
	f.Recheck(vote).OK()
	f.Blocks(2)
	f.Recheck(vote).OK()
	f.Blocks(1)
	f.Recheck(vote).Fails(types.ErrVoteWindow)
}

func TestAVoteAboveTheHeadIsHeldUntilItsTargetIsThere(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.Interval(2)).Blocks(1)
	twin := fixture.New(t, fixture.Voters(1, 1, 1), fixture.Interval(2)).Blocks(2) // one block ahead of f
	ahead := twin.Pack(twin.Aggregate(1, 0))
	f.Check(ahead).OK()
	require.Empty(t, f.Prepare(ahead))
	f.Blocks(1)
	require.Equal(t, twin.Canonical(1), f.Canonical(1))
	votes, _ := unsigned(f, f.Prepare(ahead))
	require.Equal(t, []uint64{1}, targets(votes))
}

func TestWhatAProposalMayLookLike(t *testing.T) {
	votes := func(epoch uint64, voters ...int) func(f *fixture.Fixture) []byte {
		return func(f *fixture.Fixture) []byte { return f.VoteTx(f.Aggregate(epoch, voters...)) }
	}
	evidence := func(f *fixture.Fixture) []byte {
		return f.Unsigned(&types.MsgSubmitEvidence{Evidence: f.DoubleVote(3, 1)})
	}
	for _, tc := range []struct {
		name string
		txs  []func(f *fixture.Fixture) []byte
	}{
		{"empty", nil},
		{"votes", []func(*fixture.Fixture) []byte{votes(7, 0)}},
		{"max_vote_txs, ascending", []func(*fixture.Fixture) []byte{votes(6, 0, 1), votes(7, 2)}},
		{"evidence", []func(*fixture.Fixture) []byte{evidence}},
		{"votes, evidence, ordinary ones", []func(*fixture.Fixture) []byte{votes(6, 0), votes(7, 1), evidence, giftTx, giftTx}},
		{"ordinary ones", []func(*fixture.Fixture) []byte{giftTx, giftTx}},
		{"votes by hand anywhere", []func(*fixture.Fixture) []byte{votes(6, 0), giftTx, func(f *fixture.Fixture) []byte {
			return f.Sign(fixture.Tx{From: fixture.Bob, Msgs: []sdk.Msg{votesOf(f, fixture.Bob.String())}})
		}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := boundary(t)
			var txs [][]byte
			for _, tx := range tc.txs {
				txs = append(txs, tx(f))
			}
			for i, r := range f.Propose(txs...).TxResults {
				require.Zero(t, r.Code, "transaction %d: %s", i, r.Log)
			}
		})
	}
}

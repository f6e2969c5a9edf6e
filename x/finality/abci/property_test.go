package abci

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

// For any pool, tallies, limits and mempool, every node accepts the proposal.
func TestWhatIsProposedIsAccepted(t *testing.T) {
	const voters = 5
	rapid.Check(t, func(t *rapid.T) {
		n := newNode(newWorld(voters))
		n.params.MaxVoteTxs = rapid.Uint32Range(0, 4).Draw(t, "max vote txs")
		voter, target := rapid.IntRange(0, voters-2), rapid.Uint64Range(9, 18)
		for range rapid.IntRange(0, 12).Draw(t, "votes") {
			epoch := target.Draw(t, "target")
			vote := canonical(epoch)
			if rapid.IntRange(0, 3).Draw(t, "conflict") == 0 {
				vote = other(epoch)
			}
			hash := rapid.SampledFrom([]ffg.Root{n.now, n.next}).Draw(t, "set")
			n.check(t, packOf(t, n.sign(vote, hash, voter.Draw(t, "voter"))))
		}
		for range rapid.IntRange(0, 3).Draw(t, "recorded") {
			n.count(target.Draw(t, "recorded target"), voter.Draw(t, "recorded voter"))
		}
		n.quorum[target.Draw(t, "quorum")] = true
		n.tombstoned[uint64(voter.Draw(t, "tombstoned"))] = rapid.Bool().Draw(t, "is tombstoned")
		n.head = rapid.Uint64Range(15, 17).Draw(t, "head")
		n.oldest = n.head - 5
		room := rapid.Int64Range(0, 3_000).Draw(t, "room")
		n.ctx = n.ctx.WithConsensusParams(withBytes(n.ctx, room))

		proposal := n.prepare(t, room, mempool(t, n)...)
		require.LessOrEqual(t, sizeOf(proposal...), room)
		require.NoError(t, n.CheckBlock(n.ctx, proposal))
	})
}

// mempool draws transactions that a proposer may find, good and bad.
func mempool(t *rapid.T, n *node) [][]byte {
	good := [][]byte{transfer(t, 1), transfer(t, 2), ordinaryTx(t, 900, "", &types.MsgSubmitVotes{Submitter: submitter})}
	bad := [][]byte{
		{},
		{0xff},
		voteTx(t, n.sign(canonical(15), n.now, 0)),
		packOf(t, n.sign(canonical(15), n.now, 1)),
		evidenceTx(t, n.evidence(1)),
		ordinaryTx(t, 1, "memo", &types.MsgSubmitEvidence{}),
	}
	return rapid.SliceOfN(rapid.SampledFrom(slices.Concat(good, bad)), 0, 6).Draw(t, "mempool")
}

func TestEveryVoteHeardIsCountedInTheEnd(t *testing.T) {
	const voters = 5
	rapid.Check(t, func(t *rapid.T) {
		n := newNode(newWorld(voters))
		n.params.MaxVoteTxs = rapid.Uint32Range(1, 3).Draw(t, "max vote txs")
		heard := map[uint64]ffg.Bitfield{}
		for range rapid.IntRange(1, 12).Draw(t, "votes") {
			epoch := rapid.Uint64Range(10, 15).Draw(t, "target")
			agg := n.sign(canonical(epoch), n.now, rapid.IntRange(0, voters-1).Draw(t, "voter"))
			require.Zero(t, n.check(t, packOf(t, agg)).Code)
			heard[epoch] = heard[epoch].Or(agg.Signers)
		}
		for range len(heard) { // at least one target a block
			for _, tx := range n.prepare(t, maxBytes) {
				msg, _, err := types.DecodeUnsigned(tx)
				require.NoError(t, err)
				agg, err := msg.(*types.MsgSubmitVotes).Votes.ToFFG()
				require.NoError(t, err)
				require.NoError(t, n.CheckVotes(n.ctx, agg))
				n.tallies[agg.Vote.Target.Epoch] = n.tallies[agg.Vote.Target.Epoch].Or(agg.Signers)
			}
		}
		require.Equal(t, heard, n.tallies)
	})
}

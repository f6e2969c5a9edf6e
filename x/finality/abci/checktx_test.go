package abci

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/lane/votes"
	"github.com/dualchain/dualchain/x/finality/types"
)

// noRunTx fails the test if a transaction takes the ordinary path.
func noRunTx(t require.TestingT) sdk.RunTx {
	return func([]byte, sdk.Tx) (sdk.GasInfo, *sdk.Result, []abci.Event, error) {
		require.Fail(t, "took the ordinary path")
		return sdk.GasInfo{}, nil, nil, nil
	}
}

func (n *node) check(t require.TestingT, tx []byte) *abci.ResponseCheckTx {
	resp, err := n.CheckTx(noRunTx(t), &abci.RequestCheckTx{Tx: tx, Type: abci.CheckTxType_New})
	require.NoError(t, err, "an error halts CometBFT")
	return resp
}

func (n *node) checkAgain(t require.TestingT, tx []byte) *abci.ResponseCheckTx {
	resp, err := n.CheckTx(noRunTx(t), &abci.RequestCheckTx{Tx: tx, Type: abci.CheckTxType_Recheck})
	require.NoError(t, err, "an error halts CometBFT")
	return resp
}

// requireCode compares codes; nil is 0.
func requireCode(t testing.TB, expected error, resp *abci.ResponseCheckTx) {
	t.Helper()
	space, code, _ := errorsmod.ABCIInfo(expected, false)
	require.Equal(t, fmt.Sprintf("%s %d", space, code), fmt.Sprintf("%s %d", resp.Codespace, resp.Code), "%v: %s", expected, resp.Log)
}

// epochs of the world: targets 10 to 15 are open, 17 is the last to be held.
func TestGossipedVotes(t *testing.T) {
	for _, tc := range []struct {
		name string
		vote func(w *world) ffg.AggregateVote
		err  error
	}{
		{"at the head", func(w *world) ffg.AggregateVote { return w.sign(canonical(15), w.now, 0) }, nil},
		{"for the oldest target", func(w *world) ffg.AggregateVote { return w.sign(canonical(10), w.now, 1) }, nil},
		{"below the oldest target", func(w *world) ffg.AggregateVote { return w.sign(canonical(9), w.now, 1) }, types.ErrVoteWindow},
		{"two above the head, in the pair in force", func(w *world) ffg.AggregateVote { return w.sign(canonical(17), w.now, 1) }, nil},
		{"two above the head, in its successor", func(w *world) ffg.AggregateVote { return w.sign(canonical(17), w.next, 1) }, nil},
		{"three above the head", func(w *world) ffg.AggregateVote { return w.sign(canonical(18), w.now, 1) }, types.ErrVoteWindow},
		{"for the last epoch there can be", func(w *world) ffg.AggregateVote { return w.sign(canonical(^uint64(0)), w.now, 1) }, types.ErrVoteWindow},
		{"above the head in an unknown set", func(w *world) ffg.AggregateVote {
			return w.sign(canonical(16), w.addSet(w.secrets[:1]), 0)
		}, types.ErrUnknownSet},
		{"at the head in the successor", func(w *world) ffg.AggregateVote { return w.sign(canonical(15), w.next, 1) }, types.ErrUnknownSet},
		{"another than the canonical one is kept as evidence", func(w *world) ffg.AggregateVote { return w.sign(other(15), w.now, 1) }, nil},
		{"of a voter that is recorded", func(w *world) ffg.AggregateVote {
			w.count(15, 1)
			return w.sign(canonical(15), w.now, 1)
		}, types.ErrRedundant},
		{"another one of a voter that is recorded is evidence", func(w *world) ffg.AggregateVote {
			w.count(15, 1)
			return w.sign(other(15), w.now, 1)
		}, nil},
		{"of a voter beside those recorded", func(w *world) ffg.AggregateVote {
			w.count(15, 0, 2)
			return w.sign(canonical(15), w.now, 1)
		}, nil},
		{"signed by another voter", func(w *world) ffg.AggregateVote {
			agg := w.sign(canonical(15), w.now, 0)
			agg.Signature = w.sign(canonical(15), w.now, 1).Signature
			return agg
		}, types.ErrInvalidSignature},
		{"signed for another message", func(w *world) ffg.AggregateVote {
			agg := w.sign(canonical(15), w.now, 0)
			agg.Signature = w.sign(canonical(14), w.now, 0).Signature
			return agg
		}, types.ErrInvalidSignature},
		{"signed for another chain", func(w *world) ffg.AggregateVote {
			agg := w.sign(canonical(15), w.now, 0)
			agg.Signature = w.secrets[0].Sign(agg.Vote.SigningRoot(ffg.Domain("another")))
			return agg
		}, types.ErrInvalidSignature},
		{"before the anchor", func(w *world) ffg.AggregateVote {
			w.anchored = false
			return w.sign(canonical(15), w.now, 0)
		}, types.ErrNoEpochs},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := newNode(newWorld(5))
			resp := n.check(t, packOf(t, tc.vote(n.world)))
			requireCode(t, tc.err, resp)
			require.Zero(t, resp.GasWanted)
			if tc.err == nil {
				require.Equal(t, 1, n.pool.Len())
			} else {
				require.Zero(t, n.pool.Len())
			}
		})
	}
}

func TestMalformedVotesAreRefused(t *testing.T) {
	w := newWorld(5)
	vote, err := gossip.Single(w.sign(canonical(15), w.now, 0))
	require.NoError(t, err)
	good := encodePack(t, vote)
	beyond, two := vote, vote
	beyond.Parts = []gossip.Part{{Position: 5, Signature: vote.Parts[0].Signature}}
	two.Parts = append(slices.Clone(vote.Parts), gossip.Part{Position: vote.Parts[0].Position + 1, Signature: vote.Parts[0].Signature})
	loop := slices.Clone(good)
	copy(loop[8:], loop[8+40:8+40+8]) // the target's epoch is the source's too
	for name, tc := range map[string]struct {
		pack []byte
		err  error
	}{
		"too short":                 {good[:len(good)-1], votes.ErrMalformed},
		"too long":                  {append(slices.Clone(good), 0), votes.ErrMalformed},
		"a vote to itself":          {loop, types.ErrInvalidVote},
		"a position beyond the set": {encodePack(t, beyond), types.ErrInvalidBitfield},
		"a good vote and a bad one": {encodePack(t, two), types.ErrInvalidSignature},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(w)
			requireCode(t, tc.err, n.check(t, tc.pack))
			require.Zero(t, n.pool.Len())
		})
	}
}

// Neighbours with a mempool of type app send packs. A flood mempool doesn't keep them, but the proposer has the votes.
func TestVotesInLargerPacksGoIntoThePoolAndNotIntoTheMempool(t *testing.T) {
	n := newNode(newWorld(5))
	salted := n.pack(t, canonical(15), 0)
	salted.Salt = 1
	requireCode(t, ErrNotSingle, n.check(t, encodePack(t, salted)))
	require.Equal(t, 1, n.pool.Len())
	requireCode(t, ErrNotSingle, n.check(t, encodePack(t, n.pack(t, canonical(15), 0, 1, 2))))
	require.Equal(t, 3, n.pool.Len())
	requireCode(t, nil, n.check(t, packOf(t, n.sign(canonical(15), n.now, 0))))
}

func TestLargerPacksHaveABudgetForEachBlock(t *testing.T) {
	n := newNode(newWorld(5))
	salted := n.pack(t, canonical(15), 0)
	salted.Salt = 1
	n.unpacked = packVotes
	requireCode(t, votes.ErrBusy, n.check(t, encodePack(t, salted)))
	require.Zero(t, n.pool.Len())
	n.PrepareCheckState(n.ctx)
	requireCode(t, ErrNotSingle, n.check(t, encodePack(t, salted)))
	require.Equal(t, 1, n.unpacked)
}

func TestAVoteThatIsHeldIsGossipedAgain(t *testing.T) {
	n := newNode(newWorld(5))
	tx := packOf(t, n.sign(canonical(15), n.now, 0))
	requireCode(t, nil, n.check(t, tx))
	requireCode(t, nil, n.check(t, tx))
	require.Equal(t, 1, n.pool.Len())
}

func TestAThirdConflictingVoteIsRefused(t *testing.T) {
	n := newNode(newWorld(5))
	third := other(15)
	third.Target.Root = ffg.Root{0xfe}
	n.receive(t, n.sign(canonical(15), n.now, 0), n.sign(other(15), n.now, 0))
	requireCode(t, votes.ErrPool, n.check(t, packOf(t, n.sign(third, n.now, 0))))
}

func TestUnsignedTransactionsAreForProposers(t *testing.T) {
	n := newNode(newWorld(5))
	injected := voteTx(t, n.sign(canonical(15), n.now, 0))
	requireCode(t, ErrProposersOnly, n.check(t, injected))
	requireCode(t, ErrProposersOnly, n.check(t, evidenceTx(t, n.evidence(0))))
	requireCode(t, ErrNotCanonical, n.check(t, ordinaryTx(t, 0, "memo", &types.MsgSubmitVotes{})))
	requireCode(t, ErrNotCanonical, n.check(t, append(injected, 0x1a, 0x00))) // an empty signature
	require.Zero(t, n.pool.Len())
}

// stray returns the number-th vote of a voter for an epoch that doesn't count.
func (n *node) stray(epoch uint64, voter, number int) ffg.AggregateVote {
	vote := other(epoch)
	vote.Target.Root[1] = byte(number)
	return n.sign(vote, n.now, voter)
}

func TestAStrayVoteIsGossipedOnceAndLeavesWithTheNextBlock(t *testing.T) {
	n := newNode(newWorld(5))
	tx := packOf(t, n.stray(15, 1, 0))
	requireCode(t, nil, n.check(t, tx))
	require.Equal(t, 1, n.pool.Len(), "the pool has noted it")
	requireCode(t, votes.ErrNoted, n.check(t, tx))
	requireCode(t, votes.ErrNoted, n.checkAgain(t, tx))
	requireCode(t, nil, n.check(t, packOf(t, n.stray(15, 1, 1))))
	require.Len(t, n.pool.Conflicts(), 1, "two that differ are evidence")
	n.PrepareCheckState(n.ctx)
	requireCode(t, votes.ErrNoted, n.check(t, tx))

	early := packOf(t, n.stray(16, 2, 0))
	requireCode(t, nil, n.check(t, early))
	requireCode(t, nil, n.checkAgain(t, early))
	n.head = 16
	requireCode(t, votes.ErrNoted, n.checkAgain(t, early))
}

func TestStrayVotesHaveABudgetForEachBlock(t *testing.T) {
	n := newNode(newWorld(votes.StraysPerTarget + 2))
	for voter := range votes.StraysPerTarget {
		requireCode(t, nil, n.check(t, packOf(t, n.stray(15, voter, 0))))
	}
	more := packOf(t, n.stray(15, votes.StraysPerTarget, 0))
	requireCode(t, votes.ErrStrays, n.check(t, more))
	requireCode(t, nil, n.check(t, packOf(t, n.stray(14, votes.StraysPerTarget, 0))))
	requireCode(t, nil, n.check(t, packOf(t, n.sign(canonical(15), n.now, votes.StraysPerTarget)))) // honest votes need none
	n.PrepareCheckState(n.ctx)
	requireCode(t, nil, n.check(t, more))
}

func TestForgedStrayVotesTakeFromTheBudget(t *testing.T) {
	n := newNode(newWorld(5))
	forged := n.stray(15, 1, 0)
	forged.Signature = n.sign(canonical(15), n.now, 1).Signature
	for range votes.StraysPerTarget {
		requireCode(t, types.ErrInvalidSignature, n.check(t, packOf(t, forged)))
	}
	requireCode(t, votes.ErrStrays, n.check(t, packOf(t, forged)))
	require.Zero(t, n.pool.Len())
}

func TestWhatTheStateCantTellIsACode(t *testing.T) {
	for method, target := range map[string]uint64{"Window": 15, "OpenTarget": 15, "UpcomingSets": 16, "Keys": 16} {
		n := newNode(newWorld(5))
		n.fail[method] = errState
		require.NotZero(t, n.check(t, packOf(t, n.sign(canonical(target), n.now, 0))).Code, method)

		n = newNode(newWorld(5))
		n.panic = method
		requireCode(t, ErrPanic, n.check(t, packOf(t, n.sign(canonical(target), n.now, 0))))
	}
	n := newNode(newWorld(5))
	n.fail["Window"] = fmt.Errorf("wrapped the standard way: %w", types.ErrNoEpochs)
	requireCode(t, types.ErrNoEpochs, n.check(t, packOf(t, n.sign(canonical(15), n.now, 0))))
}

func TestRecheckKeepsAVoteUntilItIsCountedOrTooOld(t *testing.T) {
	for _, tc := range []struct {
		name   string
		target uint64
		set    func(*world) ffg.Root
		then   func(*world)
		err    error
	}{
		{name: "nothing happened", target: 15},
		{name: "others were counted", target: 15, then: func(w *world) { w.count(15, 0, 2) }},
		{name: "it was counted", target: 15, then: func(w *world) { w.count(15, 1) }, err: types.ErrRedundant},
		{name: "the window reaches it yet", target: 15, then: func(w *world) { w.oldest, w.head = 15, 20 }},
		{name: "the window left it", target: 15, then: func(w *world) { w.oldest, w.head = 16, 21 }, err: types.ErrVoteWindow},
		{name: "its target isn't there yet", target: 17, then: func(w *world) { w.oldest, w.head = 11, 16 }},
		{name: "its target came and it isn't counted", target: 17, then: func(w *world) { w.head = 17 }},
		{name: "its target came and it was counted", target: 17, then: func(w *world) { w.head = 17; w.count(17, 1) }, err: types.ErrRedundant},
		{
			name: "its target came with another set", target: 16, set: func(w *world) ffg.Root { return w.next },
			then: func(w *world) { w.head = 16 }, err: types.ErrUnknownSet,
		},
		{
			name: "its target came with the successor", target: 16, set: func(w *world) ffg.Root { return w.next },
			then: func(w *world) { w.head, w.now = 16, w.next },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := newNode(newWorld(5))
			set := n.now
			if tc.set != nil {
				set = tc.set(n.world)
			}
			tx := packOf(t, n.sign(canonical(tc.target), set, 1))
			requireCode(t, nil, n.check(t, tx))
			if tc.then != nil {
				tc.then(n.world)
			}
			requireCode(t, tc.err, n.checkAgain(t, tx))
		})
	}
}

func TestOrdinaryTransactionsTakeTheOrdinaryPath(t *testing.T) {
	n := newNode(newWorld(5))
	votes := &types.MsgSubmitVotes{Submitter: submitter}
	for _, tx := range [][]byte{transfer(t, 1), ordinaryTx(t, 1, "", votes), []byte("not a transaction"), nil} {
		resp, err := n.CheckTx(func(txBytes []byte, decoded sdk.Tx) (sdk.GasInfo, *sdk.Result, []abci.Event, error) {
			require.Equal(t, tx, txBytes)
			require.Nil(t, decoded)
			return sdk.GasInfo{GasWanted: 5, GasUsed: 3}, &sdk.Result{Data: []byte("data"), Log: "log"}, nil, nil
		}, &abci.RequestCheckTx{Tx: tx})
		require.NoError(t, err)
		require.Equal(t, &abci.ResponseCheckTx{GasWanted: 5, GasUsed: 3, Data: []byte("data"), Log: "log"}, resp)
	}
}

func TestWhatOrdinaryChecksRefuseIsACode(t *testing.T) {
	n := newNode(newWorld(5))
	resp, err := n.CheckTx(func([]byte, sdk.Tx) (sdk.GasInfo, *sdk.Result, []abci.Event, error) {
		return sdk.GasInfo{GasWanted: 5}, nil, nil, sdkerrors.ErrInsufficientFee
	}, &abci.RequestCheckTx{Tx: transfer(t, 1)})
	require.NoError(t, err)
	requireCode(t, sdkerrors.ErrInsufficientFee, resp)
	require.EqualValues(t, 5, resp.GasWanted)

	resp, err = n.CheckTx(func([]byte, sdk.Tx) (sdk.GasInfo, *sdk.Result, []abci.Event, error) {
		panic("bug")
	}, &abci.RequestCheckTx{Tx: transfer(t, 1)})
	require.NoError(t, err)
	requireCode(t, ErrPanic, resp)
}

func TestACommitPrunesThePool(t *testing.T) {
	n := newNode(newWorld(5))
	n.receive(t, n.sign(canonical(10), n.now, 0), n.sign(canonical(15), n.now, 0))
	n.oldest, n.head = 11, 16
	n.PrepareCheckState(n.ctx)
	require.Equal(t, []uint64{15}, n.pool.Targets())
}

func TestACommitForgetsConflictsThatWerePunished(t *testing.T) {
	n := newNode(newWorld(5))
	for _, voter := range []int{0, 1} {
		n.receive(t, n.sign(canonical(15), n.now, voter), n.sign(other(15), n.now, voter))
	}
	require.Len(t, n.pool.Conflicts(), 2)
	n.tombstoned[0] = true
	n.PrepareCheckState(n.ctx)
	require.Len(t, n.pool.Conflicts(), 1)
	require.EqualValues(t, n.secrets[1].PublicKey().Bytes(), n.pool.Conflicts()[0].Key())
}

func TestACommitSurvivesThePool(t *testing.T) {
	n := newNode(newWorld(5))
	n.receive(t, n.sign(canonical(15), n.now, 0), n.sign(other(15), n.now, 0))
	for _, method := range []string{"Window", "Registration"} {
		n.fail = map[string]error{method: errors.New("no state")}
		require.NotPanics(t, func() { n.PrepareCheckState(n.ctx) })
		n.fail = nil
		n.panic = method
		require.NotPanics(t, func() { n.PrepareCheckState(n.ctx) })
		n.panic = ""
	}
	require.Equal(t, 2, n.pool.Len())
}

package ordinary_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/lane/ordinary"
	"github.com/dualchain/dualchain/testutil/fixture"
)

// node is a lane over the real application.
type node struct {
	*fixture.Fixture
	lane *ordinary.Lane
}

func newNode(t testing.TB) *node {
	f := fixture.New(t, fixture.Voters(1)).Blocks(1)
	lane, err := ordinary.New(ordinary.Chain{
		Decode: f.App.Encoding().TxConfig.TxDecoder(), Ante: f.App.AnteHandler(), State: ordinary.CommittedState(f.App.BaseApp),
		Route:    func(msg sdk.Msg) bool { return f.App.MsgServiceRouter().Handler(msg) != nil },
		FeeDenom: app.BaseDenom, Now: time.Now, Random: rand.Uint64,
	}, ordinary.Config{})
	require.NoError(t, err)
	t.Cleanup(lane.Close)
	return &node{f, lane}
}

// gift returns a signed transfer, the next of this account.
func (n *node) gift(from fixture.Account, amount, fee int64) []byte {
	n.T.Helper()
	to := banktypes.NewMsgSend(from.Address(), fixture.Bob.Address(), sdk.NewCoins(fixture.Udual(amount)))
	return n.Sign(fixture.Tx{From: from, Msgs: []sdk.Msg{to}, Fee: sdk.NewCoins(fixture.Udual(fee)), Gas: 200_000})
}

func (n *node) commit(txs ...[]byte) {
	n.T.Helper()
	var committed []ordinary.Committed
	for i, outcome := range n.Deliver(txs...) {
		committed = append(committed, ordinary.Committed{Tx: txs[i], OK: outcome.IsOK()})
	}
	n.lane.Commit(n.App.LastBlockHeight(), committed)
	require.NoError(n.T, n.lane.Settle(context.Background()))
}

func TestRealTransfersAreAdmittedBehindEachOtherAndExecuted(t *testing.T) {
	n := newNode(t)
	first, second, third := n.gift(fixture.Alice, 1, 100), n.gift(fixture.Alice, 2, 900), n.gift(fixture.Alice, 3, 50)
	other := n.gift(fixture.Operator(0), 4, 300)
	require.ErrorIs(t, n.lane.Insert(second, true).Err, sdkerrors.ErrWrongSequence)
	for _, tx := range [][]byte{first, second, third, other} {
		result := n.lane.Insert(tx, true)
		require.NoError(t, result.Err)
		require.Equal(t, uint64(200_000), result.GasWanted)
		require.NotZero(t, result.GasUsed)
	}
	chosen := n.lane.Select(-1, 600_000)
	require.Equal(t, [][]byte{other, first, second}, chosen)
	require.Equal(t, [][]byte{first, second, third, other}, n.lane.Reap(0))
	before := n.Balance(fixture.Bob)
	n.commit(chosen...)
	require.Equal(t, before.AddRaw(7), n.Balance(fixture.Bob))
	require.Equal(t, [][]byte{third}, n.lane.Select(-1, -1))
	n.commit(third)
	require.Zero(t, n.lane.Status().Txs)
	require.Equal(t, uint64(4), n.lane.Counters().Committed)
}

func TestARealReplacementAndAForeignTransactionWithItsNumber(t *testing.T) {
	n := newNode(t)
	first, second := n.gift(fixture.Alice, 1, 1_000), n.gift(fixture.Alice, 2, 1_000)
	require.NoError(t, n.lane.Insert(first, true).Err)
	require.NoError(t, n.lane.Insert(second, true).Err)
	n.commit() // the account signs for the same number again
	low, better := n.gift(fixture.Alice, 3, 1_099), n.gift(fixture.Alice, 4, 1_100)
	require.ErrorIs(t, n.lane.Insert(low, true).Err, sdkerrors.ErrInsufficientFee)
	require.ErrorIs(t, n.lane.Insert(append(better[:len(better)-1:len(better)-1], better[len(better)-1]^1), true).Err, sdkerrors.ErrUnauthorized)
	require.NoError(t, n.lane.Insert(better, true).Err, "it is signed for the second number")
	require.Equal(t, [][]byte{first, better}, n.lane.Select(-1, -1))
	n.commit()
	foreign := n.gift(fixture.Alice, 5, 10)
	n.commit(foreign)
	require.Equal(t, [][]byte{better}, n.lane.Select(-1, -1), "the second number is still to come")
	n.commit(better)
	require.Zero(t, n.lane.Status().Txs)
}

func TestAnAccountThatCanNoLongerPayLeavesTheLane(t *testing.T) {
	n := newNode(t)
	balance := n.Balance(fixture.Alice).Int64()
	drain, left := n.gift(fixture.Alice, balance-10, 10), n.gift(fixture.Alice, 1, 10)
	require.NoError(t, n.lane.Insert(drain, true).Err)
	require.NoError(t, n.lane.Insert(left, true).Err, "messages are not executed")
	n.commit(drain)
	require.Zero(t, n.lane.Status().Txs)
	require.Equal(t, uint64(1), n.lane.Counters().Invalid)
}

func BenchmarkInsert(b *testing.B) {
	n := newNode(b)
	for b.Loop() {
		b.StopTimer()
		tx := n.gift(fixture.Alice, 1, 100)
		if n.lane.Status().Txs == 16 {
			n.commit(n.lane.Select(-1, -1)...)
			tx = n.gift(fixture.Alice, 1, 100)
		}
		b.StartTimer()
		if result := n.lane.Insert(tx, true); result.Err != nil {
			b.Fatal(result.Err)
		}
	}
}

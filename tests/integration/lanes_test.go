package integration

import (
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/testutil/fixture"
)

// lanes starts a chain whose CometBFT leaves the mempool to the application.
func lanes(t *testing.T, options ...fixture.Option) *fixture.Fixture {
	return fixture.New(t, append(options, fixture.AppOption("mempool.type", "app"))...)
}

func send(f *fixture.Fixture, from fixture.Account, fee int64) []byte {
	return f.Sign(fixture.Tx{
		From: from, Fee: sdk.NewCoins(fixture.Udual(fee)), Gas: 200_000,
		Msgs: []sdk.Msg{&banktypes.MsgSend{FromAddress: from.String(), ToAddress: fixture.Operator(0).String(), Amount: sdk.NewCoins(fixture.Udual(1))}},
	})
}

func insert(t *testing.T, f *fixture.Fixture, tx []byte) {
	resp, err := f.App.InsertTx(&abci.RequestInsertTx{Tx: tx})
	require.NoError(t, err)
	require.Zero(t, resp.Code)
}

func reap(t *testing.T, f *fixture.Fixture) [][]byte {
	resp, err := f.App.ReapTxs(&abci.RequestReapTxs{})
	require.NoError(t, err)
	return resp.Txs
}

// eventually waits for work of the lanes' workers.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	require.Eventually(t, done, time.Minute, 5*time.Millisecond)
}

// A vote's and a transaction's way from one node to another and into a block, with the real application.
func TestVotesAndTransactionsTravelThroughTheLanes(t *testing.T) {
	one, two := lanes(t, fixture.Voters(10, 10, 10)), lanes(t, fixture.Voters(10, 10, 10))
	each := func(do func(f *fixture.Fixture)) { do(one); do(two) }
	each(func(f *fixture.Fixture) { f.Blocks(2) })

	epoch := one.Heads().Head
	vote := one.Pack(one.Aggregate(epoch, 0))
	tx := send(one, fixture.Operator(1), 500)
	one.Check(vote).OK()
	one.Check(tx).OK()
	sent := reap(t, one)
	require.Equal(t, [][]byte{vote, tx}, sent)
	require.Empty(t, reap(t, one))
	for _, b := range sent {
		insert(t, two, b)
	}
	eventually(t, func() bool { return len(two.Prepare()) == 2 })
	block := two.Prepare()
	require.Equal(t, tx, block[1])
	require.Equal(t, block, one.Prepare())
	each(func(f *fixture.Fixture) {
		for _, result := range f.Propose(block...).TxResults {
			require.Zero(t, result.Code, result.Log)
		}
		require.Empty(t, f.Prepare(), "both are in a block")
		require.Equal(t, 1, tally(f, epoch))
	})
	require.Equal(t, one.AppHashes(), two.AppHashes())
}

func tally(f *fixture.Fixture, epoch uint64) int {
	signers, err := f.App.FinalityKeeper.Tally(f.Ctx(), epoch)
	require.NoError(f.T, err)
	return signers.Count()
}

func TestTheHighestFeePerGasComesFirst(t *testing.T) {
	f := lanes(t)
	f.Blocks(1)
	low, high, behind := send(f, fixture.Operator(1), 500), send(f, fixture.Operator(2), 900), send(f, fixture.Operator(2), 100)
	for _, tx := range [][]byte{low, high, behind} {
		f.Check(tx).OK()
	}
	require.Equal(t, [][]byte{high, low, behind}, f.Prepare())
}

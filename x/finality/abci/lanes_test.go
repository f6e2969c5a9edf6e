package abci

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdktestutil "github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/gossip"
	"github.com/dualchain/dualchain/lane/ordinary"
	"github.com/dualchain/dualchain/x/finality/types"
)

// newLaneNode returns a node of a CometBFT with a mempool of type app.
func newLaneNode(w *world) *node {
	n := newNode(w)
	n.lanes.App = true
	return n
}

// emptyState returns a state with stores. Make it outside of bubbles, since the stores have goroutines that never end.
func emptyState() sdk.Context {
	return sdktestutil.DefaultContext(storetypes.NewKVStoreKey("store"), storetypes.NewTransientStoreKey("transient"))
}

// withOrdinary gives a node an ordinary lane that admits everything.
func (n *node) withOrdinary(t testing.TB, state sdk.Context) {
	var err error
	n.txs, err = openOrdinary(ordinary.Chain{
		Decode:   txConfig.TxDecoder(),
		Ante:     func(ctx sdk.Context, _ sdk.Tx, _ bool) (sdk.Context, error) { return ctx, nil },
		State:    func() (sdk.Context, error) { return state, nil },
		FeeDenom: "udual", Now: time.Now, Random: func() uint64 { return 0 },
	}, ordinary.Config{})
	require.NoError(t, err)
	t.Cleanup(n.Close)
}

// signedTransfer returns a transaction with a signature that nobody checks.
func signedTransfer(t require.TestingT, sequence uint64) []byte {
	builder := txConfig.NewTxBuilder()
	require.NoError(t, builder.SetMsgs(&banktypes.MsgSend{
		FromAddress: submitter, ToAddress: submitter, Amount: sdk.NewCoins(sdk.NewInt64Coin("udual", 1)),
	}))
	builder.SetGasLimit(100)
	require.NoError(t, builder.SetSignatures(signing.SignatureV2{
		PubKey: secp256k1.GenPrivKeyFromSecret(nil).PubKey(), Sequence: sequence,
		Data: &signing.SingleSignatureData{SignMode: signing.SignMode_SIGN_MODE_DIRECT},
	}))
	tx, err := txConfig.TxEncoder()(builder.GetTx())
	require.NoError(t, err)
	return tx
}

func (n *node) insert(t require.TestingT, tx []byte) uint32 {
	resp, err := n.InsertTx(&abci.RequestInsertTx{Tx: tx})
	require.NoError(t, err, "an error is logged for each message")
	return resp.Code
}

func (n *node) reap(t require.TestingT, maxBytes uint64) [][]byte {
	resp, err := n.ReapTxs(&abci.RequestReapTxs{MaxBytes: maxBytes})
	require.NoError(t, err, "an error may end gossip for ever")
	return resp.Txs
}

func TestPacksTakeTheLaneOfVotes(t *testing.T) {
	w := newWorld(5)
	synctest.Test(t, func(t *testing.T) {
		n := newLaneNode(w)
		pack := encodePack(t, n.pack(t, canonical(15), 0, 1))
		require.Zero(t, n.insert(t, pack))
		synctest.Wait()
		require.Equal(t, 2, n.Handlers.pool.Len())

		own := encodePack(t, n.pack(t, canonical(15), 2, 3))
		requireCode(t, nil, n.check(t, own))
		require.Equal(t, [][]byte{own}, n.reap(t, 0), "own votes at once, others later")
		requireCode(t, nil, n.check(t, pack))
		bad := n.pack(t, canonical(15), 4)
		bad.Parts[0].Signature = n.sign(canonical(14), n.now, 4).Signature
		requireCode(t, types.ErrInvalidSignature, n.check(t, encodePack(t, bad)))
		require.Zero(t, n.insert(t, encodePack(t, bad)), "CometBFT logs every other answer")
		synctest.Wait()
		require.Equal(t, []uint64{15}, targets(t, n.prepare(t, maxBytes)))
	})
}

func TestInjectionsFromNeighboursAreDropped(t *testing.T) {
	n := newLaneNode(newWorld(5))
	n.own.InsertTx = func(*abci.RequestInsertTx) (*abci.ResponseInsertTx, error) {
		require.Fail(t, "reached the chain")
		return nil, nil
	}
	require.Zero(t, n.insert(t, voteTx(t, n.sign(canonical(15), n.now, 0))))
	require.Zero(t, n.insert(t, evidenceTx(t, n.evidence(0))))
	require.Zero(t, n.insert(t, []byte{0xd0}))
	require.Zero(t, n.Handlers.pool.Len())
}

func TestAChainsOwnMempoolGetsOrdinaryTransactionsOnly(t *testing.T) {
	n := newLaneNode(newWorld(5))
	var inserted [][]byte
	var room uint64
	n.own.InsertTx = func(req *abci.RequestInsertTx) (*abci.ResponseInsertTx, error) {
		inserted = append(inserted, req.Tx)
		return &abci.ResponseInsertTx{Code: abci.CodeTypeRetry}, nil
	}
	n.own.ReapTxs = func(req *abci.RequestReapTxs) (*abci.ResponseReapTxs, error) {
		room = req.MaxBytes
		return &abci.ResponseReapTxs{Txs: inserted}, nil
	}
	tx := transfer(t, 1)
	require.Equal(t, abci.CodeTypeRetry, n.insert(t, tx))
	pack := encodePack(t, n.pack(t, canonical(15), 0))
	requireCode(t, nil, n.check(t, pack))
	require.Equal(t, [][]byte{pack, tx}, n.reap(t, 10_000))
	require.EqualValues(t, 10_000-len(pack), room)
	n.reap(t, 0)
	require.EqualValues(t, reapBytes, room)
}

func TestAChainsMempoolThatFailsEndsNoGossip(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error":   func() error { return errors.New("own") },
		"nothing": func() error { return nil },
		"panic":   func() error { panic("own") },
	} {
		t.Run(name, func(t *testing.T) {
			n := newLaneNode(newWorld(5))
			n.own.InsertTx = func(*abci.RequestInsertTx) (*abci.ResponseInsertTx, error) { return nil, fail() }
			n.own.ReapTxs = func(*abci.RequestReapTxs) (*abci.ResponseReapTxs, error) { return nil, fail() }
			require.Zero(t, n.insert(t, transfer(t, 1)))
			pack := encodePack(t, n.pack(t, canonical(15), 0))
			requireCode(t, nil, n.check(t, pack))
			require.Equal(t, [][]byte{pack}, n.reap(t, 0))
		})
	}
}

func TestAnswersSurviveAStateThatPanics(t *testing.T) {
	n := newLaneNode(newWorld(5))
	n.panic = "Window"
	n.votes.Renew()
	pack := encodePack(t, n.pack(t, canonical(15), 0))
	require.Zero(t, n.insert(t, pack))
	requireCode(t, ErrPanic, n.check(t, pack))
	require.Empty(t, n.reap(t, 0))
}

func TestVotesLeaveHalfOfAReap(t *testing.T) {
	n := newLaneNode(newWorld(5))
	n.withOrdinary(t, emptyState())
	for i := range 5 {
		requireCode(t, nil, n.check(t, encodePack(t, n.pack(t, canonical(uint64(11+i)), 0))))
	}
	tx := signedTransfer(t, 0)
	requireCode(t, nil, n.check(t, tx))
	require.Contains(t, n.reap(t, 2*gossip.MaxPackSize), tx)
}

func TestOrdinaryTransactionsTakeTheOrdinaryLane(t *testing.T) {
	w, state := newWorld(5), emptyState()
	synctest.Test(t, func(t *testing.T) {
		n := newLaneNode(w)
		n.withOrdinary(t, state)
		first, second := signedTransfer(t, 0), signedTransfer(t, 1)
		requireCode(t, nil, n.check(t, first))
		require.Zero(t, n.insert(t, second))
		synctest.Wait()
		require.ElementsMatch(t, [][]byte{first, second}, n.prepare(t, maxBytes))
		require.ElementsMatch(t, [][]byte{first, second}, n.reap(t, 0))

		var seen [][]byte
		n.own.PrepareProposal = func(_ sdk.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
			seen = req.Txs
			return &abci.ResponsePrepareProposal{Txs: req.Txs[1:]}, nil
		}
		chosen := n.prepare(t, maxBytes)
		require.Len(t, seen, 2, "the chain's handler chooses among those of the lane")
		require.Equal(t, seen[1:], chosen)

		block := abci.RequestFinalizeBlock{Height: 7, Txs: [][]byte{voteTx(t, n.sign(canonical(15), n.now, 0)), first}}
		results := abci.ResponseFinalizeBlock{TxResults: []*abci.ExecTxResult{{}, {}}}
		require.NoError(t, results1(n).ListenFinalizeBlock(t.Context(), block, results))
		n.PrepareCheckState(n.ctx)
		status := n.txs.lane.Status()
		require.Equal(t, 1, status.Txs)
		require.EqualValues(t, 7, status.Height)
		n.Close()
		synctest.Wait()
	})
}

func results1(n *node) results { return results{n.ctx.Logger(), n.txs} }

func TestTransactionsOfNeighboursThatHaveNoRoomComeAgain(t *testing.T) {
	n := newLaneNode(newWorld(5))
	n.withOrdinary(t, emptyState())
	n.txs.mu.Lock() // as if the worker were busy
	n.txs.running = true
	n.txs.bytes = arrivalBytes - 10
	n.txs.mu.Unlock()
	require.Equal(t, abci.CodeTypeRetry, n.insert(t, transfer(t, 1)))
	n.txs.mu.Lock()
	n.txs.bytes = 0
	n.txs.mu.Unlock()
	require.Zero(t, n.insert(t, transfer(t, 1)))
}

func TestAChainsMempoolHasAllItsHandlers(t *testing.T) {
	own := Own{InsertTx: func(*abci.RequestInsertTx) (*abci.ResponseInsertTx, error) { return nil, nil }}
	h := New(newWorld(5), txConfig.TxDecoder(), nil, own)
	require.ErrorIs(t, h.openLanes(nil, Lanes{App: true}), errMempool)
}

package abci

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
)

// prices is what a chain with an oracle puts first into every block; no decoder reads it.
var prices = []byte("prices")

// oracle is a chain that injects a first transaction of its own and reads Txs[0], as Connect does.
type oracle struct {
	t       testing.TB
	prepare abci.RequestPrepareProposal
	process abci.RequestProcessProposal
	block   abci.RequestFinalizeBlock
	maxGas  int64
	checked int
	commits int
	fail    error
	panics  bool
}

func (o *oracle) call() error {
	if o.panics {
		panic("oracle")
	}
	return o.fail
}

func (o *oracle) own() Own {
	return Own{
		CheckTx: func(runTx sdk.RunTx, req *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
			o.checked++
			return &abci.ResponseCheckTx{GasWanted: 7}, o.call()
		},
		PrepareProposal: func(ctx sdk.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
			o.prepare, o.maxGas = *req, ctx.ConsensusParams().Block.MaxGas
			return &abci.ResponsePrepareProposal{Txs: append([][]byte{prices}, req.Txs...)}, o.call()
		},
		ProcessProposal: func(ctx sdk.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
			o.process, o.maxGas = *req, ctx.ConsensusParams().Block.MaxGas
			status := abci.ResponseProcessProposal_REJECT
			if len(req.Txs) > 0 && bytes.Equal(req.Txs[0], prices) {
				status = abci.ResponseProcessProposal_ACCEPT
			}
			return &abci.ResponseProcessProposal{Status: status}, o.call()
		},
		PreBlocker: func(_ sdk.Context, req *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
			o.block = *req
			return &sdk.ResponsePreBlock{}, o.call()
		},
		PrepareCheckState: func(sdk.Context) { o.commits++ },
	}
}

// newOracle returns a node of the oracle's chain that has heard of two votes and a conflict.
func newOracle(t testing.TB) (*node, *oracle, [][]byte) {
	n, o := newNode(newWorld(5)), &oracle{t: t}
	n.own = o.own()
	n.vote(t, 15, 0, 1)
	n.receive(t, n.sign(canonical(12), n.now, 1), n.sign(other(12), n.now, 1))
	ours := [][]byte{
		voteTx(t, n.sign(canonical(12), n.now, 1)), voteTx(t, n.sign(canonical(15), n.now, 0, 1)), evidenceTx(t, n.evidence(1)),
	}
	return n, o, ours
}

func TestAChainThatInjectsItsOwnFirstTransactionFindsItFirst(t *testing.T) {
	n, o, ours := newOracle(t)
	user := transfer(t, 1)

	block := n.prepare(t, maxBytes, ours[0], user)
	require.Equal(t, append(ours, prices, user), block)
	require.Equal(t, [][]byte{user}, o.prepare.Txs, "votes that are gossiped are not the chain's to choose")
	require.Equal(t, maxBytes-sizeOf(ours...), o.prepare.MaxTxBytes)
	require.EqualValues(t, maxGas, o.maxGas)

	require.True(t, n.accepts(t, block...))
	require.Equal(t, [][]byte{prices, user}, o.process.Txs)
	require.EqualValues(t, maxGas, o.maxGas)

	req := &abci.RequestFinalizeBlock{Height: 7, Txs: block}
	_, err := n.PreBlocker(n.ctx, req)
	require.NoError(t, err)
	require.Equal(t, abci.RequestFinalizeBlock{Height: 7, Txs: [][]byte{prices, user}}, o.block)
	require.Equal(t, block, req.Txs, "the block itself is as it was")

	require.False(t, n.accepts(t, append(ours, user)...), "the chain's own rule counts")
	require.False(t, n.accepts(t, append([][]byte{prices}, ours...)...), "ours come first")
	require.False(t, n.accepts(t, append(ours, prices, ordinaryTx(t, 0, "no gas", &banktypes.MsgSend{FromAddress: submitter, ToAddress: submitter}))...))
}

func TestTheChainsHandlersSeeTheBlocksGasLimitAsItIs(t *testing.T) {
	for _, limit := range []int64{-1, 0, 1, maxGas} {
		n, o, ours := newOracle(t)
		params := n.ctx.ConsensusParams()
		params.Block.MaxGas = limit
		n.ctx = n.ctx.WithConsensusParams(params)
		o.maxGas = -2
		block := n.prepare(t, maxBytes, ours[0])
		require.Equal(t, append(ours, prices), block)
		require.Equal(t, limit, o.maxGas, "PrepareProposal")
		o.maxGas = -2
		require.True(t, n.accepts(t, block...))
		require.Equal(t, limit, o.maxGas, "ProcessProposal")
	}
}

// The block of an upgrade that adds x/finality is proposed and judged on state that has nothing of it.
func TestABlockBeforeTheModuleIsInitializedHasNoVotes(t *testing.T) {
	n := newNode(newWorld(5))
	n.own = (&oracle{t: t}).own()
	n.vote(t, 15, 0, 1)
	block := [][]byte{prices, transfer(t, 1)}
	n.fail["Params"] = fmt.Errorf("read params: %w", collections.ErrNotFound)
	require.Equal(t, block, n.prepare(t, maxBytes, block[1]))
	require.True(t, n.accepts(t, block...))
	require.False(t, n.accepts(t, append([][]byte{voteTx(t, n.sign(canonical(15), n.now, 0, 1))}, block...)...))
	n.fail["Params"] = errState
	require.False(t, n.accepts(t, block...))
}

func TestABlockOfVotesAloneIsEmptyToTheChain(t *testing.T) {
	n, o, ours := newOracle(t)
	for _, txs := range [][][]byte{nil, ours[:1], ours} {
		_, err := n.PreBlocker(n.ctx, &abci.RequestFinalizeBlock{Txs: txs})
		require.NoError(t, err)
		require.Empty(t, o.block.Txs)
		require.False(t, n.accepts(t, txs...), "its rule wants prices")
	}
}

func TestAChainsHandlerThatFailsSilencesNoVotes(t *testing.T) {
	for name, breaks := range map[string]func(*oracle, *node){
		"an error": func(o *oracle, _ *node) { o.fail = errState },
		"a panic":  func(o *oracle, _ *node) { o.panics = true },
		"too much": func(_ *oracle, n *node) {
			n.own.PrepareProposal = func(_ sdk.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
				return &abci.ResponsePrepareProposal{Txs: [][]byte{make([]byte, req.MaxTxBytes)}}, nil
			}
		},
		"no answer": func(_ *oracle, n *node) {
			n.own.PrepareProposal = func(sdk.Context, *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
				return nil, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, o, ours := newOracle(t)
			breaks(o, n)
			require.Equal(t, ours, n.prepare(t, maxBytes, transfer(t, 1)))
		})
	}
}

func TestVotesThatFailSilenceNoChain(t *testing.T) {
	for _, method := range []string{"Window", "Params"} {
		n, _, _ := newOracle(t)
		n.fail[method] = errState
		require.Equal(t, [][]byte{prices, transfer(t, 1)}, n.prepare(t, maxBytes, transfer(t, 1)), method)
		n, _, _ = newOracle(t)
		n.panic = method
		require.Equal(t, [][]byte{prices, transfer(t, 1)}, n.prepare(t, maxBytes, transfer(t, 1)), "panic in %s", method)
	}
}

func TestWhatAChainsHandlerMayNotProposeIsLeftOut(t *testing.T) {
	n, _, ours := newOracle(t)
	user := transfer(t, 1)
	n.own.PrepareProposal = func(sdk.Context, *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
		return &abci.ResponsePrepareProposal{Txs: [][]byte{prices, ours[1], user, ordinaryTx(t, 0, "no gas", &banktypes.MsgSend{FromAddress: submitter, ToAddress: submitter})}}, nil
	}
	block := n.prepare(t, maxBytes)
	require.Equal(t, append(ours, prices, user), block)
	require.True(t, n.accepts(t, block...))
}

func TestAChainsChoiceIsCutWhereTheBlockIsFull(t *testing.T) {
	for name, big := range map[string][]byte{
		"gas":   ordinaryTx(t, maxGas-1, "", &banktypes.MsgSend{FromAddress: submitter, ToAddress: submitter}),
		"bytes": ordinaryTx(t, 1, strings.Repeat("x", maxBytes/2), &banktypes.MsgSend{FromAddress: submitter, ToAddress: submitter}),
	} {
		n, _, ours := newOracle(t)
		n.own.PrepareProposal = func(sdk.Context, *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
			return &abci.ResponsePrepareProposal{Txs: [][]byte{prices, big, big}}, nil
		}
		block := n.prepare(t, maxBytes)
		require.Equal(t, append(ours, prices, big), block, name)
		require.True(t, n.accepts(t, block...), "%s: a proposer's own block", name)
	}
}

func TestABlockThatTheChainsHandlerFailsOnIsRejected(t *testing.T) {
	n, o, _ := newOracle(t)
	require.True(t, n.accepts(t, prices))
	o.fail = errState
	require.False(t, n.accepts(t, prices))
	o.fail, o.panics = nil, true
	require.False(t, n.accepts(t, prices))
	n.own.ProcessProposal = func(sdk.Context, *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
		return nil, nil
	}
	require.False(t, n.accepts(t, prices))
}

func TestTheChainsCheckTxSeesOrdinaryTransactionsOnly(t *testing.T) {
	n, o, ours := newOracle(t)
	check := func(tx []byte) *abci.ResponseCheckTx {
		resp, err := n.CheckTx(noRunTx(t), &abci.RequestCheckTx{Tx: tx})
		require.NoError(t, err, "an error halts CometBFT")
		return resp
	}
	for _, tx := range ours {
		check(tx)
	}
	require.Zero(t, o.checked)
	require.EqualValues(t, 7, check(transfer(t, 1)).GasWanted)
	require.Equal(t, 1, o.checked)
	o.fail = sdkerrors.ErrInsufficientFee
	requireCode(t, sdkerrors.ErrInsufficientFee, check(transfer(t, 1)))
	o.fail = errors.New("unregistered")
	require.NotZero(t, check(transfer(t, 1)).Code)
	o.panics = true
	requireCode(t, ErrPanic, check(transfer(t, 1)))
	n.own.CheckTx = func(sdk.RunTx, *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) { return nil, nil }
	requireCode(t, ErrPanic, check(transfer(t, 1)))
}

func TestTheChainsPrepareCheckStateRunsWhateverHappensToTheVotes(t *testing.T) {
	n, o, _ := newOracle(t)
	n.PrepareCheckState(n.ctx)
	n.panic = "Window"
	n.PrepareCheckState(n.ctx)
	require.Equal(t, 2, o.commits)
}

func TestAPreBlockerThatFailsFailsTheBlock(t *testing.T) {
	n, o, _ := newOracle(t)
	o.fail = errState
	_, err := n.PreBlocker(n.ctx, &abci.RequestFinalizeBlock{})
	require.ErrorIs(t, err, errState)
}

package integration

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

const (
	committed    = types.FinalityLevel_FINALITY_LEVEL_COMMITTED
	checkpointed = types.FinalityLevel_FINALITY_LEVEL_CHECKPOINTED
	justified    = types.FinalityLevel_FINALITY_LEVEL_JUSTIFIED
	finalized    = types.FinalityLevel_FINALITY_LEVEL_FINALIZED
	anchored     = types.FinalityLevel_FINALITY_LEVEL_ANCHORED
)

func txStatus(f *fixture.Fixture, tx []byte) *types.TxStatusResponse {
	f.T.Helper()
	found, err := prover(f).TxStatus(f.Ctx(), &types.TxStatusRequest{Hash: hashOf(tx)})
	require.NoError(f.T, err)
	return found
}

func TestATransactionBecomesFinalWhenItsStatusSaid(t *testing.T) {
	for _, interval := range []uint64{1, 2, 5} {
		for offset := range int(interval) {
			f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.Interval(interval)).Honest(0, 1, 2).Blocks(7 + offset)
			tx := giftTx(f)
			f.Deliver(tx)[0].OK()
			height := uint64(f.Height())
			first := txStatus(f, tx)
			require.Equal(t, height, first.Height)
			require.Equal(t, (height+interval-1)/interval, first.Epoch)
			level := committed
			for now := txStatus(f, tx); now.Level != finalized; now = txStatus(f, tx) {
				require.GreaterOrEqual(t, now.Level, level)
				level = now.Level
				require.Equal(t, first.Epoch, now.Epoch)
				require.Equal(t, height+first.EtaBlocks, uint64(f.Height())+now.EtaBlocks, "interval %d: each answer means the same block", interval)
				require.Equal(t, first.Epoch+1-f.Heads().Head, now.EtaEpochs)
				require.Equal(t, now.EtaBlocks, now.EtaSeconds, "a block takes a second")
				require.False(t, now.Provable)
				f.Blocks(1)
			}
			require.Equal(t, justified, level)
			require.Equal(t, height+first.EtaBlocks, uint64(f.Height()))
			last := txStatus(f, tx)
			require.Zero(t, last.EtaBlocks+last.EtaEpochs+last.EtaSeconds)
			require.Equal(t, height%interval != 0, last.Provable, "the next block has the result")
			f.Blocks(int(interval))
			require.True(t, txStatus(f, tx).Provable)
		}
	}
}

func TestAStatusTellsWhyATransactionFailedAndWhatHoldsItUp(t *testing.T) {
	f := fixture.New(t, fixture.Voters(1, 1, 1)).Honest(0, 1, 2).Blocks(5).Honest()
	tx := tooMuch(f)
	f.Deliver(tx)[0].Fails(sdkerrors.ErrInsufficientFunds)
	found := txStatus(f, tx)
	require.Equal(t, sdkerrors.ErrInsufficientFunds.ABCICode(), found.Code)
	require.Equal(t, sdkerrors.RootCodespace, found.Codespace)
	require.Contains(t, found.Log, "spendable balance")
	require.Equal(t, checkpointed, found.Level)

	f.Blocks(10) // nobody votes
	found = txStatus(f, tx)
	require.Equal(t, checkpointed, found.Level)
	require.Equal(t, uint64(2), found.EtaBlocks, "if they voted from now on: the head justified, then the next one")
	f.Honest(0, 1, 2).Blocks(2)
	require.Equal(t, finalized, txStatus(f, tx).Level)
}

func TestAStatusBeforeThereAreEpochs(t *testing.T) {
	f := fixture.New(t).Blocks(1)
	tx := giftTx(f)
	f.Deliver(tx)[0].OK()
	require.Equal(t, &types.TxStatusResponse{Height: 2, Level: committed}, txStatus(f, tx))
	f.Register(0, 1).OK()
	found := txStatus(f, tx)
	require.Equal(t, anchored, found.Level, "the anchor is final by definition, not by votes")
	require.False(t, found.Provable, "and the history begins above it")
	f.Honest(0).Blocks(5)
	require.Equal(t, anchored, txStatus(f, tx).Level)
	require.False(t, txStatus(f, tx).Provable)
	_, err := prover(f).TxStatus(f.Ctx(), &types.TxStatusRequest{Hash: hashOf(nil)})
	require.Equal(t, codes.NotFound, status.Code(err))
}

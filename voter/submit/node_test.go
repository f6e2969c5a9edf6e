package submit_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/internal/fakenode"
	"github.com/dualchain/dualchain/voter/internal/gogocodec"
	"github.com/dualchain/dualchain/voter/submit"
	"github.com/dualchain/dualchain/x/finality/types"
)

// connect returns a node at its first checkpoint, a connection to it, and the voter's vote.
func connect(t *testing.T) (*fakenode.Node, *submit.GRPC, ffg.AggregateVote) {
	t.Helper()
	secret, err := bls.KeyFromSeed(make([]byte, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	node := fakenode.Start(t, "test-1", secret.PublicKey(), 1)
	node.Grow()
	conn, err := grpc.NewClient(node.GRPC(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(gogocodec.Codec{})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	duty := node.Duty()
	return node, submit.NewGRPC(conn), ffg.AggregateVote{
		Vote: duty, Signers: ffg.SingleBit(1, 0), Signature: secret.Sign(duty.SigningRoot(ffg.Domain("test-1"))),
	}
}

func TestAVoteReachesTheTally(t *testing.T) {
	node, client, vote := connect(t)
	for range 2 { // the second time, the node has it already
		if err := client.Broadcast(t.Context(), vote); err != nil {
			t.Fatal(err)
		}
	}
	if sent := <-node.Votes(); sent.Vote != vote.Vote || sent.Signature != vote.Signature || len(node.Votes()) != 0 {
		t.Errorf("expected %+v once, found %+v and %d more", vote, sent, len(node.Votes()))
	}
	node.Grow()
	for epoch, want := range map[uint64]bool{1: true, 2: false} {
		if signers, err := client.Tally(t.Context(), epoch); err != nil || signers.Get(0) != want {
			t.Errorf("epoch %d: expected recorded %t, found %v, %v", epoch, want, signers, err)
		}
	}
	if window, err := client.Window(t.Context()); err != nil || window != fakenode.VoteWindow {
		t.Errorf("expected a window of %d, found %d, %v", fakenode.VoteWindow, window, err)
	}
}

func TestAnswersToABroadcast(t *testing.T) {
	node, client, vote := connect(t)
	for name, tc := range map[string]struct {
		answer   *sdk.TxResponse
		accepted bool
		rejected bool
	}{
		"accepted":           {answer: &sdk.TxResponse{}, accepted: true},
		"in the cache":       {answer: &sdk.TxResponse{Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrTxInMempoolCache.ABCICode()}, accepted: true},
		"recorded":           {answer: &sdk.TxResponse{Codespace: types.ModuleName, Code: types.ErrRedundant.ABCICode()}, accepted: true},
		"of another module":  {answer: &sdk.TxResponse{Codespace: "bank", Code: types.ErrRedundant.ABCICode()}, rejected: true},
		"mempool is full":    {answer: &sdk.TxResponse{Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrMempoolIsFull.ABCICode()}, rejected: true},
		"outside the window": {answer: &sdk.TxResponse{Codespace: types.ModuleName, Code: types.ErrVoteWindow.ABCICode(), RawLog: "old"}, rejected: true},
		"no result":          {answer: nil},
	} {
		node.Refuse(&tx.BroadcastTxResponse{TxResponse: tc.answer})
		err := client.Broadcast(t.Context(), vote)
		var rejected *submit.Rejected
		if (err == nil) != tc.accepted || errors.As(err, &rejected) != tc.rejected {
			t.Errorf("%s: expected accepted %t, rejected %t, found %v", name, tc.accepted, tc.rejected, err)
		}
		if tc.rejected && (rejected.Code != tc.answer.Code || rejected.Codespace != tc.answer.Codespace || rejected.Log != tc.answer.RawLog) {
			t.Errorf("%s: expected %v, found %+v", name, tc.answer, rejected)
		}
	}
}

func TestABadSignatureIsRejected(t *testing.T) {
	_, client, vote := connect(t)
	vote.Vote.Target.Epoch++
	var rejected *submit.Rejected
	if err := client.Broadcast(t.Context(), vote); !errors.As(err, &rejected) {
		t.Errorf("expected a rejection, found %v", err)
	}
}

func TestAStoppedNodeIsAnError(t *testing.T) {
	node, client, vote := connect(t)
	node.Stop()
	_, tallyErr := client.Tally(t.Context(), 1)
	_, windowErr := client.Window(t.Context())
	for what, err := range map[string]error{"broadcast": client.Broadcast(t.Context(), vote), "tally": tallyErr, "window": windowErr} {
		if err == nil {
			t.Errorf("%s: expected an error, found none", what)
		}
	}
}

func TestARejectionIsShortInTheLog(t *testing.T) {
	err := &submit.Rejected{Codespace: strings.Repeat("x", 1<<20), Code: 7, Log: strings.Repeat("\n", 1<<20)}
	if text := err.Error(); len(text) > 2000 || strings.Contains(text, "\n") {
		t.Errorf("expected a short line, found %d bytes", len(text))
	}
}

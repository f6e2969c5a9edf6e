package integration

import (
	"encoding/hex"
	"strconv"
	"testing"

	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/client/proofs"
	"github.com/dualchain/dualchain/x/finality/types"
)

// prover returns the proof service of a node. The node has all blocks by default.
func prover(f *fixture.Fixture, lacks ...func(*fixture.Comet)) *proofs.Server {
	comet := f.Comet()
	for _, change := range lacks {
		change(comet)
	}
	return proofs.NewServer(comet, f.App.Query, checkpointQueries(f), queries(f))
}

func hashOf(tx []byte) string { return hex.EncodeToString(cmttypes.Tx(tx).Hash()) }

// tooMuch returns a transaction that fails.
func tooMuch(f *fixture.Fixture) []byte {
	return f.Sign(fixture.Tx{From: fixture.Bob, Msgs: []sdk.Msg{
		banktypes.NewMsgSend(fixture.Bob.Address(), fixture.Alice.Address(), sdk.NewCoins(fixture.Dual(10*fixture.Funds))),
	}})
}

// verify checks a proof like its receiver, from trust in a checkpoint with this root.
func verify(f *fixture.Fixture, p types.Proof, trust cert.Trust) cert.Outcome {
	f.T.Helper()
	decoded, err := cert.DecodeProof(p.Canonical)
	require.NoError(f.T, err)
	require.Len(f.T, decoded.HandOvers, int(p.HandOvers))
	outcome, err := cert.VerifyProof(decoded, fixture.ChainID, trust, cert.Subject{}, anyAge(f, cert.Skipping))
	require.NoError(f.T, err)
	require.Equal(f.T, p.Checkpoint.Root, outcome.Trust.Checkpoint.Root().String())
	return outcome
}

func TestATransactionIsProvedFinalWithItsResult(t *testing.T) {
	f := restless(t).Honest(0, 1, 2, 3).Blocks(3)
	good, bad := giftTx(f), tooMuch(f)
	outcomes := f.Deliver(good, bad)
	outcomes[0].OK()
	outcomes[1].Fails(sdkerrors.ErrInsufficientFunds)
	height := uint64(f.Height())
	anchor := trustPoint(f, "0")
	unrest(f)
	for _, tc := range []struct {
		tx      []byte
		outcome fixture.Outcome
	}{{good, outcomes[0]}, {bad, outcomes[1]}} {
		found, err := prover(f).ProveTx(f.Ctx(), &types.ProveTxRequest{Hash: hashOf(tc.tx), Trust: types.TrustStart{Epoch: "0"}})
		require.NoError(t, err)
		shown := verify(f, found.Proof, anchor)
		require.Equal(t, cert.KindTx, shown.Kind)
		require.Equal(t, height, shown.Height)
		require.Equal(t, hashOf(tc.tx), shown.Tx.Hash.String())
		require.Equal(t, tc.outcome.Code, shown.Tx.Result.Code)
		require.Equal(t, tc.outcome.GasUsed, shown.Tx.Result.GasUsed)
	}
}

func TestAProofStartsWhereItsVerifierTrusts(t *testing.T) {
	f := restless(t).Honest(0, 1, 2, 3)
	anchor := trustPoint(f, "0")
	unrest(f)
	tx := giftTx(f)
	f.Deliver(tx)[0].OK()
	f.Delegate(fixture.Alice, 0, fixture.Dual(1)).OK() // the set changes afterwards, too
	f.Blocks(20)
	archive := handOvers(f, 0)
	ask := func(start types.TrustStart) types.Proof {
		found, err := prover(f).ProveTx(f.Ctx(), &types.ProveTxRequest{Hash: hashOf(tx), Trust: start})
		require.NoError(t, err)
		return found.Proof
	}
	height := uint64(f.Height() - 21)
	needed := 0
	for _, h := range archive {
		needed++
		if h.Certificate.First.Height > height {
			break
		}
	}
	for from, hops := range map[string]int{
		"0": needed, strconv.FormatUint(archive[5].Certificate.First.Epoch, 10): needed - 6, "finalized": 0,
	} {
		proof := ask(types.TrustStart{Epoch: from})
		require.Equal(t, hops, int(proof.HandOvers), "from %s", from)
		verify(f, proof, trustPoint(f, from))
	}
	t.Run("and is no longer than it must be", func(t *testing.T) {
		for i, h := range archive {
			first := h.Certificate.First
			for from, hops := range map[string]int{"0": i + 1, strconv.FormatUint(first.Epoch, 10): 0} {
				found, err := prover(f).ProveBlock(f.Ctx(), &types.ProveBlockRequest{Height: first.Height, Trust: types.TrustStart{Epoch: from}})
				require.NoError(t, err)
				require.Equal(t, hops, int(found.Proof.HandOvers))
				require.Equal(t, first.Epoch, found.Proof.Checkpoint.Epoch)
			}
		}
	})
	t.Run("with the members, a root is enough", func(t *testing.T) {
		decoded, err := cert.DecodeProof(ask(types.TrustStart{Epoch: "0", Members: true}).Canonical)
		require.NoError(t, err)
		trust, err := decoded.TrustAt(anchor.Checkpoint.Ref())
		require.NoError(t, err)
		require.Equal(t, anchor, trust)
	})
	t.Run("without a start, it is the anchor", func(t *testing.T) {
		require.Equal(t, ask(types.TrustStart{Epoch: "0"}), ask(types.TrustStart{}))
	})
	t.Run("wrong starts", func(t *testing.T) {
		pruned := strconv.FormatUint(archive[5].Certificate.First.Epoch-1, 10)
		for from, code := range map[string]codes.Code{pruned: codes.NotFound, "head": codes.NotFound, "start": codes.InvalidArgument} {
			_, err := prover(f).ProveTx(f.Ctx(), &types.ProveTxRequest{Hash: hashOf(tx), Trust: types.TrustStart{Epoch: from}})
			require.Equal(t, code, status.Code(err), "from %s: %v", from, err)
		}
	})
}

func TestBlocksAreProvedFromTheFirstAboveTheAnchorToTheFinalizedHead(t *testing.T) {
	f := late(t, fixture.Interval(3)).Blocks(20)
	final := checkpoint(f, f.Heads().Finalized)
	for height := uint64(4); height <= final.Height; height++ {
		found, err := prover(f).ProveBlock(f.Ctx(), &types.ProveBlockRequest{Height: height, Trust: types.TrustStart{Epoch: "0"}})
		require.NoError(t, err)
		shown := verify(f, found.Proof, trustPoint(f, "0"))
		require.Equal(t, height, shown.Height)
		require.LessOrEqual(t, shown.Trust.Checkpoint.Height, height+2, "by the first checkpoint that covers it")
	}
	for height, code := range map[uint64]codes.Code{
		0: codes.OutOfRange, 3: codes.OutOfRange, final.Height + 1: codes.FailedPrecondition, 1 << 63: codes.FailedPrecondition,
	} {
		_, err := prover(f).ProveBlock(f.Ctx(), &types.ProveBlockRequest{Height: height})
		require.Equal(t, code, status.Code(err), "height %d: %v", height, err)
	}
}

func TestStateIsProvedThereOrAbsent(t *testing.T) {
	f := late(t, fixture.Interval(2)).Blocks(9)
	final := checkpoint(f, f.Heads().Finalized)
	ask := func(store, key string, height uint64) (types.Proof, error) {
		found, err := prover(f).ProveState(f.Ctx(), &types.ProveStateRequest{Store: store, Key: key, Height: height, Trust: types.TrustStart{Epoch: "0"}})
		if err != nil {
			return types.Proof{}, err
		}
		return found.Proof, nil
	}
	params := hex.EncodeToString(types.ParamsPrefix)
	for asked, shown := range map[uint64]uint64{0: final.Height - 1, 3: 3, final.Height - 1: final.Height - 1} {
		proof, err := ask(types.StoreKey, params, asked)
		require.NoError(t, err)
		outcome := verify(f, proof, trustPoint(f, "0"))
		require.Equal(t, shown, outcome.Height, "the anchor is block 3")
		expected := f.Params()
		raw, err := expected.Marshal()
		require.NoError(t, err)
		require.Equal(t, raw, []byte(outcome.State.Value))
	}
	proof, err := ask(types.StoreKey, "ff00", 0)
	require.NoError(t, err)
	require.False(t, verify(f, proof, trustPoint(f, "0")).State.Exists())

	for name, tc := range map[string]struct {
		store, key string
		height     uint64
		code       codes.Code
	}{
		"before the anchor":        {types.StoreKey, params, 2, codes.OutOfRange},
		"after the final block":    {types.StoreKey, params, final.Height, codes.FailedPrecondition},
		"at no height":             {types.StoreKey, params, 1<<64 - 1, codes.OutOfRange},
		"of no store":              {"nothing", params, 0, codes.InvalidArgument},
		"of a store without roots": {types.TransientStoreKey, params, 0, codes.InvalidArgument},
		"of a path":                {"bank/key/..", params, 0, codes.InvalidArgument},
		"of no key":                {types.StoreKey, "", 0, codes.InvalidArgument},
		"of a key of half bytes":   {types.StoreKey, "123", 0, codes.InvalidArgument},
	} {
		_, err := ask(tc.store, tc.key, tc.height)
		require.Equal(t, tc.code, status.Code(err), "%s: %v", name, err)
	}
}

func TestWhatANodeCannotProveItSays(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 30)).Honest(0, 1, 2).Blocks(3)
	tx := giftTx(f)
	f.Deliver(tx)[0].OK()
	f.Blocks(10)
	fresh := giftTx(f)
	f.Deliver(fresh)[0].OK()
	f.Blocks(1)
	pruned := func(base int64) func(*fixture.Comet) {
		return func(c *fixture.Comet) { c.Base, c.Results = base, base }
	}
	for name, tc := range map[string]struct {
		tx    string
		lacks func(*fixture.Comet)
		code  codes.Code
		says  string
	}{
		"all blocks from its own on": {hashOf(tx), pruned(4), codes.OK, ""},
		"its block is pruned":        {hashOf(tx), pruned(5), codes.FailedPrecondition, "has blocks 5 to 16"},
		"its result is pruned":       {hashOf(tx), func(c *fixture.Comet) { c.Results = 5 }, codes.FailedPrecondition, "lacks the results of block 4"},
		"no index":                   {hashOf(tx), func(c *fixture.Comet) { c.NoIndex = true }, codes.FailedPrecondition, "tx_index"},
		"unknown":                    {hashOf(nil), pruned(2), codes.NotFound, "in the blocks from 2 to 16"},
		"no hash":                    {"ab", pruned(1), codes.InvalidArgument, "expected 64 hexadecimal digits"},
		"not final":                  {hashOf(fresh), pruned(1), codes.FailedPrecondition, "block 16, which the proof needs, is checkpointed, not final: the finalized head is block 14; expected in 2 blocks and 1 epochs, about 2 s"},
	} {
		_, err := prover(f, tc.lacks).ProveTx(f.Ctx(), &types.ProveTxRequest{Hash: tc.tx})
		require.Equal(t, tc.code, status.Code(err), "%s: %v", name, err)
		if tc.code != codes.OK {
			require.ErrorContains(t, err, tc.says, name)
		}
	}
	_, err := prover(f, pruned(5)).ProveState(f.Ctx(), &types.ProveStateRequest{Store: types.StoreKey, Key: "00", Height: 2})
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.ErrorContains(t, err, "lacks the header of block 3")

	before := fixture.New(t)
	before.Deliver(giftTx(before))[0].OK()
	_, err = prover(before).ProveBlock(before.Ctx(), &types.ProveBlockRequest{Height: 1})
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.ErrorContains(t, err, "no voter has been eligible")
	stuck := fixture.New(t, fixture.Voters(1)).Blocks(5)
	_, err = prover(stuck).ProveState(stuck.Ctx(), &types.ProveStateRequest{Store: types.StoreKey, Key: "00"})
	require.Equal(t, codes.FailedPrecondition, status.Code(err), "nothing but the anchor is final: %v", err)
}

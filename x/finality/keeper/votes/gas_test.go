package votes

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/fakes"
	"github.com/dualchain/dualchain/x/finality/types"
)

// forkEvidence returns a double vote by voter i and by n signers that only a fork has registered.
func (w *world) forkEvidence(i, n int) types.Evidence {
	w.t.Helper()
	domain := ffg.Domain(fakes.ChainID)
	e := w.evidence(i)
	for _, side := range []*types.EvidenceVote{&e.First, &e.Second} {
		vote, err := side.Vote.ToFFG()
		require.NoError(w.t, err)
		signatures := [][bls.SignatureSize]byte{[bls.SignatureSize]byte(side.Signature)}
		for j := range n {
			v := fakes.NewVoter(1000 + j)
			root, err := ffg.Possession(domain, v.Operator, v.Key)
			require.NoError(w.t, err)
			proof := v.Secret.ProvePossession(root)
			side.ForkSigners = append(side.ForkSigners, types.ForkSigner{PubKey: v.Key.String(), Operator: v.Operator.String(), Possession: proof[:]})
			signatures = append(signatures, v.Secret.Sign(vote.SigningRoot(domain)))
		}
		slices.SortFunc(side.ForkSigners, func(a, b types.ForkSigner) int { return bytes.Compare([]byte(a.PubKey), []byte(b.PubKey)) })
		sum, err := bls.Aggregate(signatures...)
		require.NoError(w.t, err)
		side.Signature = sum[:]
	}
	return e
}

// report submits evidence in a branch of nothing, and returns its gas. The fake store charges nothing for reads and writes.
func (w *world) report(mode sdk.ExecMode, e types.Evidence) (uint64, error) {
	ctx := w.Ctx.WithGasMeter(storetypes.NewInfiniteGasMeter()).WithExecMode(mode)
	_, err := w.SubmitEvidence(ctx, &types.MsgSubmitEvidence{Submitter: fakes.NewVoter(0).Operator.String(), Evidence: e})
	return ctx.GasMeter().GasConsumed(), err
}

// An interchain account or a contract may execute a message that has no signer: the SDK asks each signer, and the message has none.
func TestVotesAndEvidenceCostGasAlsoWithoutSubmitter(t *testing.T) {
	w := newWorld(t, 1, 1, 1)
	ctx := w.Ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	_, err := w.SubmitVotes(ctx, &types.MsgSubmitVotes{Votes: types.AggregateVoteFromFFG(w.votes(1, 0))})
	require.NoError(t, err)
	require.EqualValues(t, types.GasAggregate+types.GasSigner, ctx.GasMeter().GasConsumed())

	ctx = w.Ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	_, err = w.SubmitEvidence(ctx, &types.MsgSubmitEvidence{Evidence: w.evidence(0)})
	require.NoError(t, err)
	require.EqualValues(t, 2*types.GasAggregate+2*types.GasSigner, ctx.GasMeter().GasConsumed())
}

func TestEvidencePaysForEachKeyAndProofThatANodeHasNotSeen(t *testing.T) {
	const plain = 2*types.GasAggregate + 2*types.GasSigner
	for _, fork := range []int{0, 1, 3} {
		w := newWorld(t, 1, 1, 1)
		gas, err := w.report(sdk.ExecModeFinalize, w.forkEvidence(0, fork))
		require.NoError(t, err)
		require.EqualValues(t, plain+2*fork*types.GasForkSigner, gas, "%d fork signers", fork)
	}
	w := newWorld(t, 1, 1, 1)
	late, amount := fakes.NewVoter(2), math.NewInt(types.DefaultPowerReduction)
	w.Bank.Fund(late.Operator, amount)
	_, err := w.stake.RegisterVoter(w.Ctx, late.Registers(t, late.Operator, sdk.NewCoin(fakes.Denom, amount)), 0)
	require.NoError(t, err)
	gas, err := w.report(sdk.ExecModeFinalize, w.evidence(2))
	require.NoError(t, err)
	require.EqualValues(t, plain+2*types.GasColdKey, gas, "a voter that is in no set in force yet")
}

// The gas of a transaction is part of what nodes agree on.
func TestProofsThatANodeRemembersCostTheSame(t *testing.T) {
	cold, warm := newWorld(t, 1, 1, 1), newWorld(t, 1, 1, 1)
	require.ErrorIs(t, warm.CheckUnsignedEvidence(warm.Ctx, warm.forkEvidence(1, 3)), types.ErrInvalidEvidence)
	_, err := warm.report(sdk.ExecModeFinalize, warm.forkEvidence(1, 3))
	require.NoError(t, err)
	require.Len(t, warm.possessed.content, 3, "the same on both sides")
	first, err := warm.report(sdk.ExecModeFinalize, warm.forkEvidence(0, 3))
	require.NoError(t, err)
	second, err := cold.report(sdk.ExecModeFinalize, cold.forkEvidence(0, 3))
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func TestABadProofIsNotRememberedNorThoseBesideIt(t *testing.T) {
	w := newWorld(t, 1, 1, 1)
	e := w.forkEvidence(0, 3)
	e.Second.ForkSigners[1].Possession = e.Second.ForkSigners[2].Possession
	e.First.ForkSigners[1].Possession = e.First.ForkSigners[2].Possession
	_, err := w.report(sdk.ExecModeFinalize, e)
	require.ErrorIs(t, err, types.ErrInvalidPossession)
	require.Empty(t, w.possessed.content)
}

func TestTheFormOfEvidenceIsCheckedBeforeAnybodyPays(t *testing.T) {
	w := newWorld(t, 1, 1, 1)
	full := w.forkEvidence(0, types.MaxForkSigners)
	require.NoError(t, full.Validate())
	gas, err := w.report(sdk.ExecModeFinalize, full)
	require.NoError(t, err)
	require.Less(t, gas, uint64(100_000_000), "it fits into a block")

	over := w.forkEvidence(1, types.MaxForkSigners+1)
	msg := &types.MsgSubmitEvidence{Submitter: "a", Evidence: over}
	require.ErrorIs(t, msg.ValidateBasic(), types.ErrInvalidEvidence)
	gas, err = w.report(sdk.ExecModeFinalize, over)
	require.ErrorIs(t, err, types.ErrInvalidEvidence)
	require.ErrorContains(t, err, "expected at most 128 fork signers, found 129")
	require.Zero(t, gas)
}

// Anybody may have a node simulate: the gas is that of the real thing, and nothing is verified.
func TestASimulationChargesAndVerifiesNothing(t *testing.T) {
	w := newWorld(t, 1, 1, 1, 1)
	forged := w.votes(1, 0, 1)
	forged.Signature = ffg.Signature{}
	submit := func(mode sdk.ExecMode, agg ffg.AggregateVote) (uint64, error) {
		ctx := w.Ctx.WithGasMeter(storetypes.NewInfiniteGasMeter()).WithExecMode(mode)
		_, err := w.SubmitVotes(ctx, &types.MsgSubmitVotes{Votes: types.AggregateVoteFromFFG(agg)})
		return ctx.GasMeter().GasConsumed(), err
	}
	_, err := submit(sdk.ExecModeFinalize, forged)
	require.ErrorIs(t, err, types.ErrInvalidSignature)
	simulated, err := submit(sdk.ExecModeSimulate, forged)
	require.NoError(t, err)
	require.Empty(t, w.verified.content)
	require.NoError(t, w.tallies.Remove(w.Ctx, 1)) // a real simulation works on a branch
	used, err := submit(sdk.ExecModeFinalize, w.votes(1, 0, 1))
	require.NoError(t, err)
	require.Equal(t, used, simulated)
	_, err = submit(sdk.ExecModeSimulate, w.votes(1, 2)) // joins the tally
	require.NoError(t, err)

	evidence := w.forkEvidence(0, 2)
	used, err = w.report(sdk.ExecModeFinalize, evidence)
	require.NoError(t, err)
	w = newWorld(t, 1, 1, 1, 1)
	evidence.First.Signature, evidence.Second.Signature = make([]byte, 96), make([]byte, 96)
	simulated, err = w.report(sdk.ExecModeSimulate, evidence)
	require.NoError(t, err)
	require.Equal(t, used, simulated)
	require.Empty(t, w.possessed.content)
}

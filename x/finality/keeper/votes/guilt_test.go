package votes

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/fakes"
	"github.com/dualchain/dualchain/x/finality/types"
)

func TestAKeyWithPowerIsTombstonedWhateverStakeIsLeft(t *testing.T) {
	w := newWorld(t, 1, 60, 40)
	w.Params.SlashFractionDowntimePpm = types.Million
	require.NoError(t, w.stake.Jail(w.Ctx, 0, w.Params))
	voter, err := w.stake.Voter(w.Ctx, 0)
	require.NoError(t, err)
	require.True(t, voter.Stake().IsZero())
	require.NoError(t, w.submit(w.votes(1, 0, 1)))

	require.NoError(t, w.CheckUnsignedEvidence(w.Ctx, w.evidence(0)))
	resp, err := w.SubmitEvidence(w.Ctx, &types.MsgSubmitEvidence{Evidence: w.evidence(0)})
	require.NoError(t, err)
	require.Equal(t, []uint64{0}, resp.Slashed)
	require.Empty(t, w.moves())
	require.False(t, w.Checkpoints.Records[1].Justified, "its power finalizes nothing any more")
	require.ErrorIs(t, w.CheckUnsignedEvidence(w.Ctx, w.evidence(0)), types.ErrNobodyGuilty)
}

func TestAKeyWithoutStakeAndPowerIsNotGuilty(t *testing.T) {
	w := newWorld(t, 1, 60, 40)
	v := fakes.NewVoter(2)
	w.Bank.Fund(v.Operator, math.NewInt(types.DefaultPowerReduction))
	_, err := w.stake.RegisterVoter(w.Ctx, v.Registers(t, v.Operator, fakes.Coin(types.DefaultPowerReduction)), 1)
	require.NoError(t, err)
	require.NoError(t, w.CheckUnsignedEvidence(w.Ctx, w.evidence(2)), "it has stake")
	w.Params.SlashFractionDowntimePpm = types.Million
	require.NoError(t, w.stake.Jail(w.Ctx, 2, w.Params))
	require.ErrorIs(t, w.CheckUnsignedEvidence(w.Ctx, w.evidence(2)), types.ErrNobodyGuilty)
}

// An operator reports itself through another account. Together they never have more than before, for any delegations.
func TestNobodyGainsByReportingItself(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t, 1, rapid.Int64Range(1, 3).Draw(r, "own"), 10)
		w.Params.MinSelfStakePpm = 0 // others may have delegated as much as they like
		w.Params.SlashFractionEquivocationPpm = rapid.Uint32Range(1, types.Million).Draw(r, "slash")
		w.Params.ReporterFractionPpm = rapid.Uint32Range(0, types.Million-1).Draw(r, "fraction")
		operator, reporter, other := fakes.NewVoter(0).Operator, fakes.NewVoter(5).Operator, fakes.NewVoter(6).Operator
		move := func(from sdk.AccAddress, delegated, undelegated int64) {
			w.Bank.Fund(from, math.NewInt(delegated))
			_, err := w.stake.Delegate(w.Ctx, &types.MsgDelegate{Delegator: from.String(), Voter: operator.String(), Amount: fakes.Coin(delegated)}, 1)
			require.NoError(t, err)
			if undelegated > 0 {
				_, err = w.stake.Undelegate(w.Ctx,
					&types.MsgUndelegate{Delegator: from.String(), Voter: operator.String(), Amount: fakes.Coin(undelegated)}, 1)
				require.NoError(t, err)
			}
		}
		amount := func(name string) int64 { return rapid.Int64Range(1, 1<<40).Draw(r, name) }
		others := amount("others")
		move(other, others, rapid.Int64Range(0, others).Draw(r, "undelegated by others"))
		own := amount("more of its own")
		move(operator, own, rapid.Int64Range(0, own).Draw(r, "undelegated"))

		fee := fakes.Coin(amount("fee"))
		w.Bank.Fund(reporter, fee.Amount)
		wealth := func() math.Int {
			v, err := w.stake.Voter(w.Ctx, 0)
			require.NoError(t, err)
			return w.Bank.Of(operator).Add(w.Bank.Of(reporter)).Add(v.OwnTokens()).Add(v.Unbonding.Worth(v.Unbonding.OwnShares))
		}
		before := wealth()
		w.Bank.Fund(authtypes.NewModuleAddress(authtypes.FeeCollectorName), fee.Amount)
		w.Bank.Fund(reporter, fee.Amount.Neg())
		ctx := types.WithRefundableFee(w.Ctx, reporter, sdk.NewCoins(fee))
		resp, err := w.SubmitEvidence(ctx, &types.MsgSubmitEvidence{Submitter: reporter.String(), Evidence: w.evidence(0)})
		require.NoError(t, err)
		require.True(t, wealth().LTE(before), "%s before, %s after", before, wealth())
		record, _, err := w.Evidence(w.Ctx, resp.EvidenceId)
		require.NoError(t, err)
		require.True(t, record.Reward.LTE(types.Fraction(record.Penalty, w.Params.ReporterFractionPpm)))
	})
}

// With 18 decimals, what 500 million tokens weigh is 25 times what 20 million do, and 96 % of the stake are a quorum.
func TestStakeOf18DecimalsIsWeighed(t *testing.T) {
	const reduction = 1_000_000_000_000_000_000
	w := newWorldOf(t, 2, reduction, 500_000_000, 20_000_000)
	require.NoError(t, w.submit(w.votes(1, 1)))
	signers, err := w.Tally(w.Ctx, 1)
	require.NoError(t, err)
	set, rear, current, err := w.SignedPower(w.Ctx, w.Checkpoints.Records[1], signers)
	require.NoError(t, err)
	require.Equal(t, []uint64{20_000_000, 20_000_000}, []uint64{rear.Lo, current.Lo})
	require.Equal(t, []uint64{520_000_000, 520_000_000}, []uint64{set.Rear.Lo, set.Current.Lo})
	require.Empty(t, w.moves())
	require.False(t, w.Checkpoints.Records[1].Justified)
	require.NoError(t, w.submit(w.votes(2, 0)))
	require.Equal(t, []uint64{1}, w.moves())
	require.True(t, w.Checkpoints.Records[2].Justified, "500 of 520")
}

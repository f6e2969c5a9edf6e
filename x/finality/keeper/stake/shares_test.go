package stake

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/x/finality/keeper/internal/fakes"
	"github.com/dualchain/dualchain/x/finality/types"
)

// joins delegates as somebody with an operator's address who is not the voter's, at a clock.
func (w *world) joins(who, voter int, amount math.Int, clock uint64) error {
	from := fakes.NewVoter(who).Operator
	w.Bank.Fund(from, amount)
	_, err := w.Delegate(w.Ctx, &types.MsgDelegate{
		Delegator: from.String(), Voter: fakes.NewVoter(voter).Operator.String(), Amount: sdk.NewCoin(fakes.Denom, amount),
	}, clock)
	return err
}

func (w *world) leaves(who, voter int, amount, clock int64) error {
	_, err := w.Undelegate(w.Ctx, &types.MsgUndelegate{
		Delegator: fakes.NewVoter(who).Operator.String(), Voter: fakes.NewVoter(voter).Operator.String(), Amount: fakes.Coin(amount),
	}, uint64(clock))
	return err
}

// balance returns what somebody has bonded with its only voter, and the part that earns nothing yet.
func (w *world) balance(who int) []int64 {
	w.t.Helper()
	found, _, err := w.DelegatorDelegations(w.Ctx, fakes.NewVoter(who).Operator, nil)
	require.NoError(w.t, err)
	if len(found) == 0 {
		return []int64{0, 0}
	}
	require.Len(w.t, found, 1)
	return []int64{found[0].Balance.Int64(), found[0].Joining.Int64()}
}

func TestUndelegatingTakesTheAmountAndCancellingGivesItBack(t *testing.T) {
	w := newWorld(t)
	w.register(0, math.NewInt(3*million))
	w.Bank.Fund(authtypes.NewModuleAddress(types.RewardsName), math.NewInt(50_000_017))
	w.settle(0, 50_000_017, 3) // a share is worth 17 times what it was
	require.NoError(t, w.joins(1, 0, math.NewInt(1_000_007), 0))
	require.Equal(t, []int64{1_000_006, 0}, w.balance(1), "less than a base unit is lost to rounding")
	require.NoError(t, w.leaves(1, 0, 300_000, 3))
	require.Equal(t, []int64{700_006, 0}, w.balance(1), "300,000 are 300,000")
	_, err := w.CancelUnbonding(w.Ctx, &types.MsgCancelUnbonding{Delegator: fakes.NewVoter(1).Operator.String(), UnbondingId: 0}, 3)
	require.NoError(t, err)
	require.Equal(t, []int64{1_000_006, 300_000}, w.balance(1))
	require.NoError(t, w.CheckInvariants(w.Ctx))
}

func TestStakeThatJoinsEarnsFromTheEraAfterOneWithItsPower(t *testing.T) {
	w := newWorld(t)
	w.register(0, math.NewInt(10*million))
	w.Bank.Fund(authtypes.NewModuleAddress(types.RewardsName), math.NewInt(1_000_000))
	require.NoError(t, w.joins(1, 0, math.NewInt(10*million), 1))
	require.NoError(t, w.joins(2, 0, math.NewInt(30*million), 2))
	// All had power at the end, 50 units of it, and the era pays 1,000 for a unit: 10 units earn.
	require.Equal(t, int64(10_000), w.settle(0, 50_000, 50).Int64())
	require.Equal(t, []int64{10_010_000, 0}, w.balance(0))
	require.Equal(t, []int64{10_000_000, 10_000_000}, w.balance(1), "a late joiner delays all of its pool")
	// The pool is closed: who joins now joins another.
	require.NoError(t, w.joins(3, 0, math.NewInt(million), 3))
	require.Len(t, w.voter(0).Joining, 2)
	settlement := types.Settlement{Reward: math.ZeroInt(), Total: math.OneInt(), Computed: 2}
	_, err := w.Settle(w.Ctx, settlement, types.Score{Current: true}, w.Params)
	require.NoError(t, err)
	require.Equal(t, []int64{9_999_999, 0}, w.balance(1))
	require.Equal(t, []int64{million, million}, w.balance(3))
	rest := w.settle(0, 51_000, 51).Int64()
	require.InDelta(t, 50_010, rest, 1, "1,000 for each of 50.01 units")
	require.Equal(t, []int64{10_009_999, 0}, w.balance(1))
	require.NoError(t, w.leaves(1, 0, 10_009_999, 3))
	require.Equal(t, []int64{0, 0}, w.balance(1))
	require.NoError(t, w.CheckInvariants(w.Ctx))
}

func TestStakeOfAVoterThatIsOutOfTheCurrentSetWaits(t *testing.T) {
	w := newWorld(t)
	w.register(0, math.NewInt(million))
	require.NoError(t, w.joins(1, 0, math.NewInt(million), 1))
	settlement := types.Settlement{Reward: math.ZeroInt(), Total: math.OneInt(), Computed: 9}
	score := types.Score{Signed: []types.SignedWeight{{Weight: 1, Epochs: 1}}} // as rear
	_, err := w.Settle(w.Ctx, settlement, score, w.Params)
	require.NoError(t, err)
	require.Equal(t, []int64{million, million}, w.balance(1))
}

func TestAVoterThatWasSlashedToNothingGoesOn(t *testing.T) {
	w := newWorld(t)
	w.Params.UnbondingTime = time.Minute
	w.register(0, math.NewInt(10*million))
	require.NoError(t, w.joins(1, 0, math.NewInt(million), 0))
	require.NoError(t, w.joins(1, 0, math.NewInt(million), 1))
	require.NoError(t, w.leaves(1, 0, 5, 0))
	require.NoError(t, w.undelegate(0, 7, 0))
	w.Params.SlashFractionDowntimePpm, w.Params.JailDuration = types.Million, 0
	require.NoError(t, w.Jail(w.Ctx, 0, w.Params))
	require.True(t, w.voter(0).Stake().IsZero())
	require.NoError(t, w.CheckInvariants(w.Ctx))
	require.Equal(t, []int64{0, 0}, w.balance(1))
	require.ErrorIs(t, w.leaves(1, 0, 1, 0), types.ErrNotDelegated)

	require.NoError(t, w.delegate(0, math.NewInt(2*million)))
	require.NoError(t, w.joins(1, 0, math.NewInt(3*million), 2))
	_, err := w.Unjail(w.Ctx, &types.MsgUnjail{Operator: fakes.NewVoter(0).Operator.String()}, 0)
	require.NoError(t, err)
	set, err := w.Eligible(w.Ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(5), set[0].Current)
	require.Equal(t, []int64{2 * million, 0}, w.balance(0))
	require.Equal(t, []int64{3 * million, 3 * million}, w.balance(1), "what was lost is gone, what came since is there")
	require.NoError(t, w.leaves(1, 0, 3*million, 2))
	require.NoError(t, w.CheckInvariants(w.Ctx))
	w.Wait(time.Minute)
	require.Zero(t, w.pay(nil), "what it had undelegated is lost")
	require.NoError(t, w.CheckInvariants(w.Ctx))
}

func TestStakeCountsUpToWhatTheOperatorsOwnLetsCount(t *testing.T) {
	w := newWorld(t)
	w.Params.MinSelfStakePpm = 250_000 // a quarter
	w.register(0, math.NewInt(10*million))
	require.ErrorIs(t, w.joins(1, 0, math.NewInt(30*million+1), 1), types.ErrAboveCap)
	w = newWorld(t)
	w.Params.MinSelfStakePpm = 250_000
	w.register(0, math.NewInt(10*million))
	require.NoError(t, w.joins(1, 0, math.NewInt(30*million), 1))
	power := func() uint64 {
		set, err := w.Eligible(w.Ctx)
		require.NoError(t, err)
		require.NoError(t, w.CheckInvariants(w.Ctx))
		return set[0].Current
	}
	require.Equal(t, uint64(40), power())
	require.NoError(t, w.undelegate(0, 5*million, 1))
	require.Equal(t, uint64(20), power(), "four times its own")
	v := w.voter(0)
	require.Equal(t, []int64{35 * million, 20 * million}, []int64{v.BondedTokens().Int64(), v.Counted(w.Params).Int64()})
	require.ErrorIs(t, w.joins(1, 0, math.OneInt(), 1), types.ErrAboveCap)
	require.NoError(t, w.leaves(1, 0, 15*million, 1))
	require.Equal(t, uint64(20), power())
	require.NoError(t, w.joins(0, 0, math.NewInt(million), 1), "the operator's own is never too much")
	require.Equal(t, uint64(21), power())
	w.Params.MinSelfStakePpm = 500_000
	require.NoError(t, w.Rerank(w.Ctx))
	require.Equal(t, uint64(12), power(), "governance has changed the cap")
	w.Params.MinSelfStakePpm = 0
	require.NoError(t, w.Rerank(w.Ctx))
	require.Equal(t, uint64(21), power(), "no cap")
}

func TestACommissionHoldsFromTheNextEra(t *testing.T) {
	w := newWorld(t)
	w.register(0, math.NewInt(1000*million))
	operator := fakes.NewVoter(0).Operator
	w.Bank.Fund(authtypes.NewModuleAddress(types.RewardsName), math.NewInt(1_000))
	edit := func(ppm uint32, open, oldest uint64) *types.MsgEditVoterResponse {
		resp, err := w.EditVoter(w.Ctx, &types.MsgEditVoter{Operator: operator.String(), CommissionPpm: ppm},
			Eras{Open: types.Era{Index: open, FirstEpoch: 1 + 100*open}, Oldest: types.Era{Index: oldest}, Begun: true})
		require.NoError(t, err)
		return resp
	}
	require.Equal(t, &types.MsgEditVoterResponse{FromEra: 4, FromEpoch: 401}, edit(900_000, 3, 2))
	edit(500_000, 3, 2) // instead
	edit(0, 4, 2)       // from era 5 on
	paid := func(era uint64) int64 {
		before := w.Bank.Of(operator)
		settlement := types.Settlement{Era: types.Era{Index: era}, Reward: math.NewInt(100), Total: math.NewInt(1000)}
		_, err := w.Settle(w.Ctx, settlement, types.Score{Signed: []types.SignedWeight{{Weight: 1000, Epochs: 1}}}, w.Params)
		require.NoError(t, err)
		return w.Bank.Of(operator).Sub(before).Int64()
	}
	require.Equal(t, []int64{0, 0, 50, 0, 0}, []int64{paid(2), paid(3), paid(4), paid(5), paid(6)})
	require.Empty(t, w.voter(0).CommissionChanges)
}

// A bank's restrictions on sends may change after an operator has registered.
func TestACommissionThatTheBankRefusesHaltsNothing(t *testing.T) {
	w := newWorld(t)
	w.register(0, math.NewInt(1000*million))
	operator := fakes.NewVoter(0).Operator
	_, err := w.EditVoter(w.Ctx, &types.MsgEditVoter{Operator: operator.String(), CommissionPpm: 100_000}, Eras{})
	require.NoError(t, err)
	w.Bank.Fund(authtypes.NewModuleAddress(types.RewardsName), math.NewInt(1_000))
	w.Bank.Blocked[string(operator)] = true
	w.settle(0, 1_000, 1_000)
	require.True(t, w.Bank.Of(operator).IsZero())
	require.False(t, w.halfSent(), "half a send is left")
	require.Equal(t, int64(100), w.Bank.OfModule(types.RewardsName).Int64())
	require.Equal(t, int64(1000*million+900), w.voter(0).BondedTokens().Int64())
	require.NoError(t, w.CheckInvariants(w.Ctx))
}

package stake

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/fakes"
	"github.com/dualchain/dualchain/x/finality/types"
)

type world struct {
	*fakes.World
	*Keeper
	t testing.TB
}

func newWorld(t testing.TB) *world {
	w := &world{World: fakes.New(), t: t}
	w.Keeper = New(w.Schema, w.Codec, w.ReadParams, fakes.Accounts{}, w.Bank, w.KeyCache)
	_, err := w.Schema.Build()
	require.NoError(t, err)
	return w
}

// register registers voter i with this stake, which it is given first.
func (w *world) register(i int, stake math.Int) {
	w.t.Helper()
	v := fakes.NewVoter(i)
	w.Bank.Fund(v.Operator, stake)
	_, err := w.RegisterVoter(w.Ctx, v.Registers(w.t, v.Operator, sdk.NewCoin(fakes.Denom, stake)), 0)
	require.NoError(w.t, err)
}

func (w *world) voter(index uint64) types.Voter {
	w.t.Helper()
	v, err := w.Voter(w.Ctx, index)
	require.NoError(w.t, err)
	return v
}

func (w *world) delegate(i int, amount math.Int) error {
	v := fakes.NewVoter(i)
	w.Bank.Fund(v.Operator, amount)
	_, err := w.Delegate(w.Ctx, &types.MsgDelegate{
		Delegator: v.Operator.String(), Voter: v.Operator.String(), Amount: sdk.NewCoin(fakes.Denom, amount),
	}, 0)
	return err
}

func (w *world) undelegate(i int, amount int64, clock uint64) error {
	operator := fakes.NewVoter(i).Operator.String()
	_, err := w.Undelegate(w.Ctx, &types.MsgUndelegate{Delegator: operator, Voter: operator, Amount: fakes.Coin(amount)}, clock)
	return err
}

const million = types.DefaultPowerReduction

func TestAnOperatorAndAKeyRegisterOnceWithProof(t *testing.T) {
	w := newWorld(t)
	w.register(0, math.NewInt(million))
	first, second := fakes.NewVoter(0), fakes.NewVoter(1)
	w.Bank.Blocked[string(fakes.NewVoter(2).Operator)] = true
	for name, tc := range map[string]struct {
		msg *types.MsgRegisterVoter
		err error
	}{
		"an operator again":             {second.Registers(t, first.Operator, fakes.Coin(1)), types.ErrOperatorTaken},
		"a key again":                   {first.Registers(t, second.Operator, fakes.Coin(1)), types.ErrKeyUsed},
		"an account that can't be paid": {second.Registers(t, fakes.NewVoter(2).Operator, fakes.Coin(1)), types.ErrInvalidVoter},
		"another's proof": {func() *types.MsgRegisterVoter {
			msg := second.Registers(t, second.Operator, fakes.Coin(1))
			msg.Operator = fakes.NewVoter(3).Operator.String()
			return msg
		}(), types.ErrInvalidPossession},
	} {
		_, err := w.RegisterVoter(w.Ctx, tc.msg, 1)
		require.ErrorIs(t, err, tc.err, name)
	}
}

func TestProofsAreKeptUntilTheAnchorOnly(t *testing.T) {
	w := newWorld(t)
	for i, clock := range []uint64{0, 1} {
		v := fakes.NewVoter(i)
		w.Bank.Fund(v.Operator, math.NewInt(1))
		_, err := w.RegisterVoter(w.Ctx, v.Registers(t, v.Operator, fakes.Coin(1)), clock)
		require.NoError(t, err)
	}
	var g types.GenesisState
	require.NoError(t, w.ExportGenesis(w.Ctx, &g))
	require.Len(t, g.Possessions, 1)
	require.Zero(t, g.Possessions[0].VoterIndex)
	require.NoError(t, w.ForgetPossessions(w.Ctx))
	g = types.GenesisState{}
	require.NoError(t, w.ExportGenesis(w.Ctx, &g))
	require.Empty(t, g.Possessions)
}

func TestEligibleAreThoseWithMostStakeWhoAreNotJailed(t *testing.T) {
	w := newWorld(t)
	w.Params.MaxVoters, w.Params.MinStake = 3, math.NewInt(2*million)
	for i, units := range []int64{5, 1, 4, 3, 2, 3} {
		w.register(i, math.NewInt(units*million+units)) // a fraction counts for nothing
	}
	eligible := func() map[uint64]uint64 {
		set, err := w.Eligible(w.Ctx)
		require.NoError(t, err)
		_, err = set.Side() // valid: ascending by key, powers above 0
		require.NoError(t, err)
		powers := map[uint64]uint64{}
		for _, m := range set {
			powers[m.Registration] = m.Current
		}
		return powers
	}
	require.Equal(t, map[uint64]uint64{0: 5, 2: 4, 3: 3}, eligible(), "ties by registration")
	require.NoError(t, w.Jail(w.Ctx, 0, w.Params))
	require.Equal(t, map[uint64]uint64{2: 4, 3: 3, 5: 3}, eligible())
	_, _, err := w.Tombstone(w.Ctx, 2, 0, 1)
	require.NoError(t, err)
	require.Equal(t, map[uint64]uint64{3: 3, 4: 2, 5: 3}, eligible())
}

func TestStakeWhosePowerDoesNotFit63BitsIsRefusedAndEarnsNothing(t *testing.T) {
	for _, reduction := range []uint64{1, million, 1_000_000_000_000_000_000, ^uint64(0)} {
		w := newWorld(t)
		w.Params.PowerReduction, w.Params.MinStake = reduction, math.NewIntFromUint64(reduction)
		unit := math.NewIntFromUint64(reduction)
		w.register(0, unit)
		rest := w.Params.PowerLimit().Sub(unit)
		require.ErrorIs(t, w.delegate(0, rest), types.ErrPowerTooLarge, "reduction %d", reduction)
		require.NoError(t, w.delegate(0, rest.SubRaw(1)), "reduction %d", reduction)
		set, err := w.Eligible(w.Ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(1<<63-1), set[0].Current)

		w.Bank.Fund(authtypes.NewModuleAddress(types.RewardsName), math.NewInt(10))
		require.True(t, w.settle(0, 1, 1).IsZero())
		require.Equal(t, w.Params.PowerLimit().SubRaw(1), w.voter(0).BondedTokens())
		require.NoError(t, w.CheckInvariants(w.Ctx))
	}
}

func TestTheSupplyIsCheckedAtGenesisAndWatchedLater(t *testing.T) {
	w := newWorld(t)
	w.Params.PowerReduction = 1_000_000_000_000_000_000
	w.Params.MinStake = math.NewIntFromUint64(w.Params.PowerReduction)
	w.Bank.Extra = w.Params.PowerLimit().SubRaw(1)
	require.NoError(t, w.InitGenesis(w.Ctx, types.GenesisState{Params: w.Params}))
	require.NoError(t, w.WatchSupply(w.Ctx))
	require.Empty(t, w.Ctx.EventManager().Events())
	w.Bank.Extra = w.Params.PowerLimit()
	require.NoError(t, w.WatchSupply(w.Ctx), "minting halts nothing")
	require.Len(t, w.Ctx.EventManager().Events(), 1)
	require.ErrorIs(t, w.InitGenesis(w.Ctx, types.GenesisState{Params: w.Params}), types.ErrInvalidGenesis)
}

func TestAPenaltyTakesTheSameFractionOfAllStake(t *testing.T) {
	w := newWorld(t)
	w.register(0, math.NewInt(1000))
	require.NoError(t, w.undelegate(0, 400, 1))
	penalty, own, err := w.Tombstone(w.Ctx, 0, 50_000, 7)
	require.NoError(t, err)
	require.Equal(t, []int64{50, 50}, []int64{penalty.Int64(), own.Int64()})
	v := w.voter(0)
	require.Equal(t, []int64{570, 380}, []int64{v.BondedTokens().Int64(), v.Unbonding.Tokens.Int64()})
	require.True(t, v.Jailed && v.Tombstoned)
	require.NoError(t, w.Burn(w.Ctx, fakes.Denom, penalty))
	require.NoError(t, w.CheckInvariants(w.Ctx))

	require.ErrorIs(t, w.delegate(0, math.NewInt(1)), types.ErrTombstoned)
	require.ErrorIs(t, w.undelegate(0, 1, 7), types.ErrTombstoned)
	var since []int
	for clock := range uint64(9) {
		found := 0
		require.NoError(t, w.Tombstones(w.Ctx, clock, func(ffg.PublicKey) { found++ }))
		since = append(since, found)
	}
	require.Equal(t, []int{1, 1, 1, 1, 1, 1, 1, 1, 0}, since)
}

// clocks are those that have started, with their ends, and the present time.
type clocks struct {
	now  time.Time
	ends map[uint64]time.Time
	paid map[uint64]bool
}

func (c clocks) Completion(_ context.Context, clock uint64) (time.Time, bool, error) {
	at, started := c.ends[clock]
	return at, started, nil
}

func (c clocks) Ended(_ context.Context, limit int) (ended []types.UnbondingClock, err error) {
	for clock, at := range c.ends {
		if !at.After(c.now) && !c.paid[clock] {
			ended = append(ended, types.UnbondingClock{Clock: clock, CompletionTime: at})
		}
	}
	slices.SortFunc(ended, func(a, b types.UnbondingClock) int { return a.CompletionTime.Compare(b.CompletionTime) })
	return ended[:min(limit, len(ended))], nil
}

func (c clocks) Paid(_ context.Context, clock types.UnbondingClock) error {
	c.paid[clock.Clock] = true
	return nil
}

// pay pays what is due, and returns what the operator of voter 0 has then.
func (w *world) pay(ends map[uint64]time.Time) int64 {
	w.t.Helper()
	c := clocks{now: w.Ctx.BlockTime(), ends: ends, paid: map[uint64]bool{}}
	require.NoError(w.t, w.PayUnbondings(w.Ctx, c))
	require.NoError(w.t, w.CheckInvariants(w.Ctx))
	return w.Bank.Of(fakes.NewVoter(0).Operator).Int64()
}

func TestEntriesArePaidWhenTheirClocksRunOut(t *testing.T) {
	w := newWorld(t)
	w.Params.UnbondingTime = time.Minute
	w.register(0, math.NewInt(1000))
	for clock, amount := range []int64{1, 20, 300} {
		require.NoError(t, w.undelegate(0, amount, uint64(clock)))
	}
	require.Zero(t, w.pay(nil))
	w.Wait(time.Minute)
	require.Equal(t, int64(1), w.pay(nil), "clock 0 has a time of its own")
	end := w.Ctx.BlockTime().Add(time.Minute)
	require.Equal(t, int64(1), w.pay(map[uint64]time.Time{1: end, 2: end}))
	w.Wait(time.Minute)
	require.Equal(t, int64(301), w.pay(map[uint64]time.Time{2: end}), "no clock waits for another")
	require.Equal(t, int64(321), w.pay(map[uint64]time.Time{1: end, 2: end}))
}

func TestNoEntryWaitsForALongerOneThatCameFirst(t *testing.T) {
	for _, clock := range []uint64{0, 1} {
		w := newWorld(t)
		w.Params.UnbondingTime = 10 * time.Minute
		w.register(0, math.NewInt(1000))
		require.NoError(t, w.undelegate(0, 1, clock))
		ends := map[uint64]time.Time{1: w.Ctx.BlockTime().Add(10 * time.Minute), 2: w.Ctx.BlockTime().Add(time.Minute)}
		w.Params.UnbondingTime = time.Minute // by governance
		require.NoError(t, w.undelegate(0, 20, 2*clock))
		w.Wait(time.Minute - time.Second)
		require.Zero(t, w.pay(ends))
		w.Wait(time.Second)
		require.Equal(t, int64(20), w.pay(ends), "clock %d", clock)
		w.Wait(9*time.Minute - time.Second)
		require.Equal(t, int64(20), w.pay(ends), "clock %d", clock)
		w.Wait(time.Second)
		require.Equal(t, int64(21), w.pay(ends), "clock %d", clock)
	}
}

// halfSent reports whether the events show a send that failed halfway.
func (w *world) halfSent() bool {
	return slices.ContainsFunc(w.Ctx.EventManager().Events(), func(e sdk.Event) bool { return e.Type == "coin_spent" })
}

func TestAPayoutThatTheBankRefusesHaltsNothing(t *testing.T) {
	operator := string(fakes.NewVoter(0).Operator)
	for name, tc := range map[string]struct {
		deleted, blocked bool
		paid, pooled     int64
	}{
		"an account that was deleted":                {deleted: true, paid: 21},
		"an account that may not be sent coins":      {blocked: true, paid: 21},
		"one that was deleted and may not be either": {deleted: true, blocked: true, pooled: 21},
	} {
		for _, clock := range []uint64{0, 1} {
			w := newWorld(t)
			w.register(0, math.NewInt(1000))
			require.NoError(t, w.undelegate(0, 1, clock))
			require.NoError(t, w.undelegate(0, 20, clock))
			w.Bank.Deleted[operator], w.Bank.Blocked[operator] = tc.deleted, tc.blocked
			w.Wait(w.Params.UnbondingTime)
			ends := map[uint64]time.Time{1: w.Ctx.BlockTime()}
			for range 2 { // nothing is tried again
				require.Equal(t, tc.paid, w.pay(ends), name)
				require.Equal(t, tc.pooled, w.Bank.OfModule(types.RewardsName).Int64(), name)
			}
			require.False(t, w.halfSent(), name)
			entries, _, err := w.Unbondings(w.Ctx, fakes.NewVoter(0).Operator, nil, clocks{})
			require.NoError(t, err)
			require.Empty(t, entries, name)
		}
	}
}

func TestABlockPaysTheEntriesThatFellDueFirst(t *testing.T) {
	w := newWorld(t)
	w.Params.MaxUnbondings = 3 * payBatch
	w.register(0, math.NewInt(1000))
	for range payBatch {
		require.NoError(t, w.undelegate(0, 1, 2))
	}
	for range payBatch / 2 {
		require.NoError(t, w.undelegate(0, 2, 1))
	}
	now := w.Ctx.BlockTime()
	ends := map[uint64]time.Time{1: now.Add(2), 2: now.Add(1)}
	w.Wait(time.Second)
	require.Equal(t, int64(payBatch), w.pay(ends), "all of clock 2, whose entries came first and fell due first")
	require.Equal(t, int64(2*payBatch), w.pay(ends))
	for range payBatch / 2 {
		require.NoError(t, w.undelegate(0, 1, 3))
		require.NoError(t, w.undelegate(0, 2, 4))
	}
	require.NoError(t, w.undelegate(0, 5, 4))
	ends = map[uint64]time.Time{3: now.Add(2), 4: now.Add(1)}
	require.Equal(t, int64(2*payBatch+payBatch+5+payBatch/2-1), w.pay(ends), "clock 4 and all but one of clock 3")
	require.Equal(t, int64(2*payBatch+payBatch+5+payBatch/2), w.pay(ends))
}

// settle settles an era in which a voter signed all that the era's voters had: it may earn all of the reward, on as much stake as the
// weight says. Stake that joined at clock 1 counted in its last set.
func (w *world) settle(index uint64, reward, weight int64) math.Int {
	w.t.Helper()
	settlement := types.Settlement{Reward: math.NewInt(reward), Total: math.NewInt(weight), Computed: 1}
	score := types.Score{Registration: index, Signed: []types.SignedWeight{{Weight: uint64(weight), Epochs: 1}}, Current: true}
	rest, err := w.Settle(w.Ctx, settlement, score, w.Params)
	require.NoError(w.t, err)
	require.NoError(w.t, w.MoveRewards(w.Ctx, rest, fakes.Denom))
	return rest
}

func TestRewardsAreSplitByCommission(t *testing.T) {
	w := newWorld(t)
	w.register(0, math.NewInt(1000*million))
	w.register(1, math.NewInt(1000*million))
	operator := fakes.NewVoter(0).Operator
	_, err := w.EditVoter(w.Ctx, &types.MsgEditVoter{Operator: operator.String(), CommissionPpm: 100_000}, Eras{})
	require.NoError(t, err)
	w.Bank.Fund(authtypes.NewModuleAddress(types.RewardsName), math.NewInt(500))
	w.settle(0, 200, 1000)
	require.Equal(t, int64(20), w.Bank.Of(operator).Int64())
	require.Equal(t, int64(1000*million+180), w.voter(0).BondedTokens().Int64())
	require.Equal(t, int64(300), w.Bank.OfModule(types.RewardsName).Int64())
	require.NoError(t, w.CheckInvariants(w.Ctx))

	_, _, err = w.Tombstone(w.Ctx, 1, 0, 1)
	require.NoError(t, err)
	require.True(t, w.settle(1, 200, 1000).IsZero(), "a tombstoned voter earns nothing")
	require.Equal(t, int64(300), w.Bank.OfModule(types.RewardsName).Int64())
}

package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// fours makes eras of 4 epochs, settled 4 epochs after their end. Era n has the epochs 4n + 1 to 4n + 4. Its settlement
// begins in block 4n + 9 and pays in block 4n + 10.
func fours(p *types.Params) {
	p.EraLength, p.VoteWindow, p.RewardFractionPpm, p.JailDuration = 4, 4, types.Million, 10*time.Second
}

// payFee makes a block with a transaction that pays a fee. The whole fee reaches the finality pool in the next block.
func payFee(f *fixture.Fixture, fee int64) {
	f.T.Helper()
	send := banktypes.NewMsgSend(fixture.Alice.Address(), fixture.Bob.Address(), sdk.NewCoins(fixture.Udual(1)))
	f.DoTx(fixture.Tx{From: fixture.Alice, Msgs: []sdk.Msg{send}, Fee: sdk.NewCoins(fixture.Udual(fee))}).OK()
}

func finalityPool(f *fixture.Fixture) math.Int {
	return f.App.BankKeeper.GetBalance(f.Ctx(), authtypes.NewModuleAddress(types.RewardsName), "udual").Amount
}

// until makes blocks up to a height.
func until(f *fixture.Fixture, height int64) *fixture.Fixture {
	f.T.Helper()
	return f.Blocks(int(height - f.Height()))
}

func jailed(f *fixture.Fixture, n int) []int {
	f.T.Helper()
	var out []int
	for i := range n {
		if f.Voter(i).Jailed {
			out = append(out, i)
		}
	}
	return out
}

func TestRewardsAreWeightTimesParticipation(t *testing.T) {
	tenths := fixture.Genesis(func(e app.Encoding, state app.GenesisState) {
		fixture.Change(e.Codec, state, types.ModuleName, func(g *types.GenesisState) { g.Voters[0].CommissionPpm = 100_000 })
	})
	f := fixture.New(t, fixture.Voters(50, 30, 20), fixture.Params(fours), tenths).Blocks(1)
	f.Honest(0, 1, 2).Blocks(2) // epochs 1 and 2: all vote
	f.Honest(0, 2).Blocks(2)    // epochs 3 and 4: voter 1 is away
	f.Honest(0, 1, 2)
	payFee(f, 1_000_001)
	until(f, 9)
	require.Equal(t, int64(1_000_001), finalityPool(f).Int64())
	commission := f.Balance(fixture.Operator(0))

	f.Blocks(1)
	require.Len(t, fixture.EventsOf[types.EventEraSettled](f), 1)
	// expected 4 × 100; signed 4 × 50, 2 × 30, 4 × 20; each reward rounded down
	rewards := []int64{1_000_001 * 200 / 400, 1_000_001 * 60 / 400, 1_000_001 * 80 / 400}
	tenth := rewards[0] / 10
	require.Equal(t, commission.AddRaw(tenth), f.Balance(fixture.Operator(0)))
	require.Equal(t, fixture.Dual(50).Amount.AddRaw(rewards[0]-tenth), f.Voter(0).BondedTokens())
	require.Equal(t, fixture.Dual(30).Amount.AddRaw(rewards[1]), f.Voter(1).BondedTokens())
	require.Equal(t, fixture.Dual(20).Amount.AddRaw(rewards[2]), f.Voter(2).BondedTokens())
	require.Equal(t, 1_000_001-rewards[0]-rewards[1]-rewards[2], finalityPool(f).Int64(), "what absence leaves stays for the next era")
}

func TestDelegatorsShareTheRewardsOfTheirPool(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50), fixture.Params(fours), setPeriod(1)).Honest(0)
	f.Delegate(fixture.Alice, 0, fixture.Dual(150)).OK()
	for range 40 {
		if _, joining := delegated(f, fixture.Alice, 0); joining.IsZero() {
			break
		}
		f.Blocks(1)
	}
	payFee(f, 4_000_000)
	f.Blocks(5)
	balance, joining := delegated(f, fixture.Alice, 0)
	require.Equal(t, fixture.Dual(153).Amount.String(), balance.String(), "three quarters of 4")
	require.True(t, joining.IsZero())
}

// This test recomputes an era's payments from the bitfields, epoch by epoch, over sets that change within the era.
func TestRewardsFollowTheLargerOfTheTwoPowersOfEachEpoch(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 30, 20), setPeriod(3), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow, p.RewardFractionPpm = 12, 4, types.Million
	})).Honest(0, 1, 2)
	f.Delegate(fixture.Bob, 1, fixture.Dual(100)).OK()
	f.Undelegate(fixture.Operator(0), 0, fixture.Dual(25)).OK()
	f.Blocks(3).Honest(1, 0).Blocks(3)
	f.Register(3, 40).OK()
	f.Honest(0, 1, 2, 3)
	payFee(f, 7_777_777)
	until(f, 17)
	before := make([]math.Int, 4)
	signed, expected := make([]uint64, 4), uint64(0)
	earning := []uint64{25, 30, 20, 0} // what has left earns nothing any more, what joined earns nothing yet
	sets := map[uint64]bool{}
	for epoch := uint64(1); epoch <= 12; epoch++ {
		tally, err := f.App.FinalityKeeper.Tally(f.Ctx(), epoch)
		require.NoError(t, err)
		sets[checkpoint(f, epoch).Pair] = true
		for i := range 4 {
			before[i] = f.Voter(i).BondedTokens()
			rear, current := powers(f, epoch, i)
			expected += max(rear, current)
			if position, member := f.Set(epoch).Position(fixture.NewVoter(i).Key); member && tally.Get(position) {
				signed[i] += min(max(rear, current), earning[i])
			}
		}
	}
	require.Len(t, sets, 5)
	pool := finalityPool(f)
	f.Blocks(1)
	for i := range 4 {
		reward := pool.Mul(math.NewIntFromUint64(signed[i])).Quo(math.NewIntFromUint64(expected))
		require.Equal(t, before[i].Add(reward).String(), f.Voter(i).BondedTokens().String(), "voter %d", i)
	}
}

func TestNobodyIsPaidBeforeTheAnchorOrWithoutFees(t *testing.T) {
	f := fixture.New(t, fixture.Params(fours))
	payFee(f, 1000)
	f.Blocks(3)
	require.Zero(t, finalityPool(f).Int64(), "nobody could earn it")
	f.Register(0, 1).OK()
	f.Honest(0).Blocks(20)
	require.Equal(t, fixture.Dual(1).Amount, f.Voter(0).BondedTokens())
	payFee(f, 1000)
	f.Blocks(1)
	require.Equal(t, int64(1000), finalityPool(f).Int64())
}

func TestTheFinalityPoolGetsItsShareOfFeesAndInflation(t *testing.T) {
	f := fixture.New(t, fixture.Voters(5), fixture.Inflation("0.1"), fixture.Params(func(p *types.Params) { p.RewardFractionPpm = 250_000 }))
	collector := authtypes.NewModuleAddress(authtypes.FeeCollectorName)
	payFee(f.Blocks(1), 1_000_003)
	collected := f.App.BankKeeper.GetBalance(f.Ctx(), collector, "udual").Amount
	before := finalityPool(f)
	f.Blocks(1)
	require.Equal(t, int64(1_000_003), collected.Int64(), "what came before went to x/distribution")
	provision, err := f.App.MintKeeper.Minter.Get(f.Ctx())
	require.NoError(t, err)
	params, err := f.App.MintKeeper.Params.Get(f.Ctx())
	require.NoError(t, err)
	minted := provision.BlockProvision(params).Amount
	require.True(t, minted.IsPositive())
	require.Equal(t, before.Add(collected.Add(minted).QuoRaw(4)).String(), finalityPool(f).String())
}

func TestATombstonedVoterIsNotPaid(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30, 30), fixture.Params(fours)).Honest(0, 1, 2)
	payFee(f, 1_000_000)
	until(f, 7)
	f.Report(fixture.Bob, f.DoubleVote(3, 1)).OK()
	stake := f.Voter(1).BondedTokens()
	until(f, 10)
	require.Equal(t, stake, f.Voter(1).BondedTokens())
	require.Equal(t, fixture.Dual(40).Amount.AddRaw(400_000), f.Voter(0).BondedTokens())
	require.Equal(t, int64(300_000), finalityPool(f).Int64())
}

func TestAVoterBelowMinParticipationIsJailed(t *testing.T) {
	for _, tc := range []struct {
		name    string
		minimum uint32 // ppm; the voter signs 2 of 4 epochs
		jailed  []int
	}{
		{"exactly the minimum", 500_000, nil},
		{"just below", 500_001, []int{2}},
		{"no minimum", 0, nil},
		{"all or nothing", types.Million, []int{2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := fixture.New(t, fixture.Voters(50, 50, 10), fixture.Params(fours), fixture.Params(func(p *types.Params) { p.MinParticipationPpm = tc.minimum }))
			f.Honest(0, 1, 2).Blocks(3).Honest(0, 1).Blocks(2).Honest(0, 1, 2)
			until(f, 9)
			require.Empty(t, jailed(f, 3), "too early")
			f.Blocks(1)
			require.Equal(t, tc.jailed, jailed(f, 3))
		})
	}
}

func TestTheWorstAreJailedFirstUpToATenthOfTheCurrentSide(t *testing.T) {
	for _, tc := range []struct {
		name   string
		powers []uint64
		away   [][]int // by epoch, 1 to 4
		jailed []int
	}{
		{"the first, at any power", []uint64{80, 20}, [][]int{{1}, {1}, {1}, {1}}, []int{1}},
		{"exactly a tenth", []uint64{90, 5, 5}, [][]int{{1, 2}, {1, 2}, {1, 2}, {1, 2}}, []int{1, 2}},
		{"one above a tenth", []uint64{89, 5, 6}, [][]int{{1, 2}, {1, 2}, {1, 2}, {1, 2}}, []int{1}},
		{"ties by registration", []uint64{80, 5, 5, 5, 5}, [][]int{{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}}, []int{1, 2}},
		{"the worst first", []uint64{80, 5, 5, 5, 5}, [][]int{{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 2, 3, 4}, {3, 4}}, []int{3, 4}},
		{"the first fills it", []uint64{80, 12, 4, 4}, [][]int{{1, 2, 3}, {1, 2, 3}, {1, 2, 3}, {1, 2, 3}}, []int{1}},
		{"nobody was away", []uint64{80, 20}, [][]int{nil, nil, nil, nil}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := fixture.New(t, fixture.Voters(tc.powers...), fixture.Params(fours)).Blocks(1)
			for _, away := range tc.away {
				f.Honest(except(len(tc.powers), away)...).Blocks(1)
			}
			f.Honest(except(len(tc.powers), nil)...)
			until(f, 10)
			require.Equal(t, tc.jailed, jailed(f, len(tc.powers)))
		})
	}
}

func except(n int, away []int) []int {
	var present []int
	for i := range n {
		absent := false
		for _, a := range away {
			absent = absent || a == i
		}
		if !absent {
			present = append(present, i)
		}
	}
	return present
}

func TestNobodyIsJailedInAnEraInWhichAnEpochMissedQuorum(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 40, 10), fixture.Params(fours), fixture.Params(func(p *types.Params) {
		p.SlashFractionDowntimePpm = 10_000
	}))
	f.Honest(0, 1).Blocks(2).Honest(0).Blocks(1).Honest(0, 1) // epoch 2 has 50 of 100
	until(f, 13)
	require.False(t, checkpoint(f, 2).Justified)
	require.Empty(t, jailed(f, 3))
	require.Equal(t, fixture.Dual(10).Amount, f.Voter(2).BondedTokens())
	until(f, 14)
	require.Equal(t, []int{2}, jailed(f, 3), "by the next era")
}

func TestAVoterJailedForAbsenceLosesTheDowntimeFraction(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 50, 10), fixture.Params(fours), fixture.Params(func(p *types.Params) { p.SlashFractionDowntimePpm = 10_000 }))
	f.Honest(0, 1)
	f.Undelegate(fixture.Operator(2), 2, fixture.Dual(4)).OK()
	supply := f.App.BankKeeper.GetSupply(f.Ctx(), "udual").Amount
	until(f, 10)
	require.Equal(t, []int{2}, jailed(f, 3))
	require.Equal(t, of(fixture.Dual(6).Amount, 990_000).String(), f.Voter(2).BondedTokens().String())
	require.Equal(t, of(fixture.Dual(4).Amount, 990_000).String(), f.Voter(2).Unbonding.Tokens.String())
	require.Equal(t, supply.Sub(of(fixture.Dual(10).Amount, 10_000)), f.App.BankKeeper.GetSupply(f.Ctx(), "udual").Amount)
	require.False(t, f.Voter(2).Tombstoned)
}

func TestUnjailing(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 50, 10), fixture.Params(fours), setPeriod(3)).Honest(0, 1)
	f.Unjail(2).Fails(types.ErrNotJailed)
	until(f, 10)
	require.Equal(t, f.Now().Add(10*time.Second), f.Voter(2).JailedUntil)
	until(f, 18)
	f.Unjail(2).Fails(types.ErrStillJailed)
	requirePowers(f, 2, 0, 0)
	f.Unjail(2).OK()
	require.Equal(t, int64(20), f.Height(), "10 s later exactly")
	require.False(t, f.Voter(2).Jailed)
	f.Honest(0, 1, 2)
	untilPair(f, pair(f)+3)
	requirePowers(f, 2, 10, 10)
	f.Blocks(20)
	require.False(t, f.Voter(2).Jailed)
}

func TestAVoterIsNotJailedAgainForWhatItMissedBeforeUnjailing(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 50, 10), fixture.Params(fours), fixture.Params(func(p *types.Params) {
		p.JailDuration, p.SlashFractionDowntimePpm = 0, 10_000
	})).Honest(0, 1)
	until(f, 10)
	require.Equal(t, []int{2}, jailed(f, 3))
	once := f.Voter(2).BondedTokens()
	f.Unjail(2).OK() // block 11, head 10: accountable from epoch 11
	require.Equal(t, uint64(11), f.Voter(2).AccountableFrom)
	until(f, 18) // the eras of the epochs 5 to 8 and 9 to 12 are settled in blocks 14 and 18
	require.Empty(t, jailed(f, 3))
	require.Equal(t, once, f.Voter(2).BondedTokens())
	until(f, 21)
	require.Empty(t, jailed(f, 3))
	f.Blocks(1) // the era of the epochs 13 to 16, all missed after unjailing
	require.Equal(t, []int{2}, jailed(f, 3))
	require.True(t, f.Voter(2).BondedTokens().LT(once))
}

func TestAJailedVoterIsNotSettledForAbsenceAgain(t *testing.T) {
	f := fixture.New(t, fixture.Voters(50, 50, 10), fixture.Params(fours), fixture.Params(func(p *types.Params) {
		p.SlashFractionDowntimePpm, p.SetPeriod = 10_000, 1000
	})).Honest(0, 1)
	until(f, 10)
	until := f.Voter(2).JailedUntil
	f.Blocks(30)
	requirePowers(f, 2, 10, 10) // still in both sides, and still away
	require.Equal(t, of(fixture.Dual(10).Amount, 990_000).String(), f.Voter(2).BondedTokens().String())
	require.Equal(t, until, f.Voter(2).JailedUntil)
}

func TestAVoterThatIsJailedAlreadyTakesNobodysPlaceInTheTenth(t *testing.T) {
	f := fixture.New(t, fixture.Voters(80, 12, 4), fixture.Params(fours), setPeriod(1000)).Honest(0, 2)
	until(f, 10)
	require.Equal(t, []int{1}, jailed(f, 3))
	f.Honest(0)
	until(f, 18) // voter 2 was away in the epochs 10 to 12 of the third era; both sides still have voter 1
	require.Equal(t, []int{1, 2}, jailed(f, 3))
}

// manyVoters is a chain with more voters than one block settles, in eras of 2 epochs.
func manyVoters(t *testing.T) *fixture.Fixture {
	powers, all := make([]uint64, 520), make([]int, 520)
	for i := range powers {
		powers[i], all[i] = 1, i
	}
	f := fixture.New(t, fixture.Voters(powers...), fixture.Params(func(p *types.Params) {
		p.EraLength, p.VoteWindow, p.RewardFractionPpm = 2, 2, types.Million
	}))
	payFee(f, 520_000_000)
	f.Vote(1, all...).Blocks(1).Vote(2, all[:400]...).Blocks(2)
	require.Empty(t, fixture.EventsOf[types.EventRewardPaid](f))
	return f
}

func TestSettlementIsSpreadOverBlocks(t *testing.T) {
	f := manyVoters(t)
	f.Blocks(1)
	for f.Height() < 6 && len(fixture.EventsOf[types.EventRewardPaid](f)) == 0 {
		f.Blocks(1)
	}
	require.Len(t, fixture.EventsOf[types.EventRewardPaid](f), 500)
	require.Empty(t, fixture.EventsOf[types.EventEraSettled](f))
	require.Equal(t, fixture.Dual(1).Amount.AddRaw(1_000_000), f.Voter(0).BondedTokens(), "520,000,000 / 520")
	require.Equal(t, fixture.Dual(1).Amount.AddRaw(500_000), f.Voter(499).BondedTokens(), "half of the epochs")
	require.Equal(t, fixture.Dual(1).Amount, f.Voter(500).BondedTokens())

	f.Blocks(1)
	require.Len(t, fixture.EventsOf[types.EventRewardPaid](f), 20)
	require.Len(t, fixture.EventsOf[types.EventEraSettled](f), 1)
	require.Equal(t, fixture.Dual(1).Amount.AddRaw(500_000), f.Voter(519).BondedTokens())
	require.Equal(t, int64(60_000_000), finalityPool(f).Int64())
}

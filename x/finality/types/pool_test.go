package types

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"
)

func pool(tokens, shares int64) Pool { return Pool{math.NewInt(tokens), math.NewInt(shares)} }

func TestJoiningTakesWhatTheSharesAreWorth(t *testing.T) {
	huge := math.NewIntFromUint64(1).MulRaw(1 << 62).MulRaw(1 << 62).MulRaw(1 << 3) // 2^127, one bit too many
	for _, tc := range []struct {
		name         string
		pool         Pool
		amount       math.Int
		shares, cost int64
		err          error
	}{
		{name: "the first: one share a coin", pool: pool(0, 0), amount: math.NewInt(7), shares: 7, cost: 7},
		{name: "the first after everybody left", pool: pool(3, 0), amount: math.NewInt(7), shares: 7, cost: 7},
		{name: "a pool that was slashed by half", pool: pool(50, 100), amount: math.NewInt(10), shares: 20, cost: 10},
		{name: "a pool that earned as much again", pool: pool(200, 100), amount: math.NewInt(10), shares: 5, cost: 10},
		{name: "less than all, rather than a fraction of a share", pool: pool(200, 100), amount: math.NewInt(11), shares: 5, cost: 10},
		{name: "exactly one share", pool: pool(200, 100), amount: math.NewInt(2), shares: 1, cost: 2},
		{name: "less than one share", pool: pool(200, 100), amount: math.NewInt(1), err: ErrInvalidAmount},
		{name: "a pool that was slashed to nothing", pool: pool(0, 100), amount: math.NewInt(1), err: ErrPoolEmpty},
		{name: "more than fits", pool: pool(0, 0), amount: huge, err: ErrInvalidAmount},
		{name: "more than fits on top", pool: pool(1, 1), amount: huge, err: ErrInvalidAmount},
		{name: "more shares than fit", pool: Pool{math.NewInt(1), huge.QuoRaw(2)}, amount: math.NewInt(2), err: ErrInvalidAmount},
	} {
		t.Run(tc.name, func(t *testing.T) {
			joined, shares, cost, err := tc.pool.Join(tc.amount)
			require.ErrorIs(t, err, tc.err)
			if tc.err != nil {
				return
			}
			require.Equal(t, []int64{tc.shares, tc.cost}, []int64{shares.Int64(), cost.Int64()})
			require.Equal(t, tc.pool.Tokens.Add(cost), joined.Tokens)
			require.Equal(t, tc.pool.Shares.Add(shares), joined.Shares)
		})
	}
}

func TestSharesForIsTheLeastThatIsWorthTheAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPool(t)
		amount := math.NewInt(rapid.Int64Range(1, 1<<40).Draw(t, "amount"))
		shares, err := p.SharesFor(amount)
		require.NoError(t, err)
		require.True(t, p.Worth(shares).GTE(amount), "%s shares are worth %s", shares, p.Worth(shares))
		require.True(t, p.Worth(shares.SubRaw(1)).LT(amount))
	})
	_, err := pool(0, 5).SharesFor(math.OneInt())
	require.ErrorIs(t, err, ErrPoolEmpty)
	_, err = pool(5, 5).SharesFor(math.NewInt(1 << 62).MulRaw(1 << 62).MulRaw(1 << 3))
	require.ErrorIs(t, err, ErrInvalidAmount)
}

func drawPool(t *rapid.T) Pool {
	return pool(rapid.Int64Range(1, 1<<40).Draw(t, "tokens"), rapid.Int64Range(1, 1<<40).Draw(t, "shares"))
}

// When one owner joins or leaves, no other owner's shares lose worth, and all shares together are never worth more than the pool.
func TestNobodyPaysForOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pool(0, 0)
		owned := map[int]math.Int{}
		worth := func() map[int]math.Int {
			out := map[int]math.Int{}
			for owner, shares := range owned {
				out[owner] = p.Worth(shares)
			}
			return out
		}
		requireNoLoss := func(before map[int]math.Int, except int) {
			for owner, was := range before {
				require.True(t, owner == except || p.Worth(owned[owner]).GTE(was), "owner %d: %s before, %s after", owner, was, p.Worth(owned[owner]))
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				owner, before := rapid.IntRange(0, 3).Draw(t, "owner"), worth()
				joined, shares, cost, err := p.Join(math.NewInt(rapid.Int64Range(1, 1<<40).Draw(t, "amount")))
				if err != nil {
					return
				}
				if owned[owner].IsNil() {
					owned[owner], before[owner] = math.ZeroInt(), math.ZeroInt()
				}
				p, owned[owner] = joined, owned[owner].Add(shares)
				requireNoLoss(before, owner)
				require.True(t, p.Worth(owned[owner]).LTE(before[owner].Add(cost).AddRaw(1)), "gained by joining")
			},
			"leave": func(t *rapid.T) {
				owner, before := rapid.IntRange(0, 3).Draw(t, "owner"), worth()
				if owned[owner].IsNil() || !owned[owner].IsPositive() {
					return
				}
				shares := math.NewInt(rapid.Int64Range(1, owned[owner].Int64()).Draw(t, "shares"))
				left, tokens := p.Leave(shares)
				require.True(t, tokens.LTE(before[owner]), "took out more than it had")
				p, owned[owner] = left, owned[owner].Sub(shares)
				requireNoLoss(before, owner)
			},
			"slash": func(t *rapid.T) {
				p.Tokens = p.Tokens.Sub(Fraction(p.Tokens, rapid.Uint32Range(0, 200_000).Draw(t, "ppm")))
			},
			"reward": func(t *rapid.T) {
				if p.Shares.IsPositive() {
					p.Tokens = p.Tokens.AddRaw(rapid.Int64Range(0, 1<<30).Draw(t, "reward"))
				}
			},
			"": func(t *rapid.T) {
				sum, shares := math.ZeroInt(), math.ZeroInt()
				for owner, w := range worth() {
					sum, shares = sum.Add(w), shares.Add(owned[owner])
				}
				require.False(t, p.Tokens.IsNegative())
				require.Equal(t, p.Shares.String(), shares.String())
				require.True(t, sum.LTE(p.Tokens), "%s of %s", sum, p.Tokens)
			},
		})
	})
}

func TestFractionRoundsDown(t *testing.T) {
	for _, tc := range []struct {
		amount int64
		ppm    uint32
		part   int64
	}{{100, 50_000, 5}, {99, 50_000, 4}, {19, 50_000, 0}, {20, 50_000, 1}, {7, Million, 7}, {7, 0, 0}, {0, Million, 0}} {
		require.Equal(t, tc.part, Fraction(math.NewInt(tc.amount), tc.ppm).Int64(), "%d ppm of %d", tc.ppm, tc.amount)
	}
}

package types

import (
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"
)

// pool is a pool with this price, tokens for each 2⁶⁴ shares.
func pool(tokens, shares int64) Pool {
	p := NewPool(0)
	p.Tokens, p.Shares = math.NewInt(tokens), units(shares)
	return p
}

// units is n × 2⁶⁴: the shares of n base units in a new pool.
func units(n int64) math.Int {
	return math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(n), shareBits))
}

func TestJoiningMakesSharesAtThePrice(t *testing.T) {
	for _, tc := range []struct {
		name   string
		pool   Pool
		amount math.Int
		shares math.Int
		err    error
	}{
		{name: "the first: 2⁶⁴ shares a base unit", pool: pool(0, 0), amount: math.NewInt(7), shares: units(7)},
		{name: "a pool that was slashed by half", pool: pool(50, 100), amount: math.NewInt(10), shares: units(20)},
		{name: "a pool that earned as much again", pool: pool(200, 100), amount: math.NewInt(11), shares: units(11).QuoRaw(2)},
		{name: "less than a share", pool: Pool{0, math.NewInt(4), math.NewInt(2), math.ZeroInt(), math.ZeroInt()}, amount: math.NewInt(1), err: ErrInvalidAmount},
		{
			name: "exactly a share", pool: Pool{0, math.NewInt(4), math.NewInt(2), math.ZeroInt(), math.ZeroInt()},
			amount: math.NewInt(2), shares: math.OneInt(),
		},
		{name: "as much as fits", pool: pool(0, 0), amount: bits(maxTokenBits), shares: bits(maxTokenBits).Mul(units(1))},
		{name: "more than fits", pool: pool(0, 0), amount: bits(maxTokenBits).AddRaw(1), err: ErrInvalidAmount},
		{name: "more than fits on top", pool: pool(1, 1), amount: bits(maxTokenBits), err: ErrInvalidAmount},
		{
			name:   "more shares than fit",
			pool:   Pool{0, math.OneInt(), bits(maxShareBits), math.ZeroInt(), math.ZeroInt()},
			amount: math.OneInt(), err: ErrInvalidAmount,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, own := range []bool{false, true} {
				joined := tc.pool
				shares, err := joined.Join(tc.amount, own)
				require.ErrorIs(t, err, tc.err)
				if tc.err != nil {
					require.Equal(t, tc.pool, joined)
					continue
				}
				require.Equal(t, tc.shares.String(), shares.String())
				require.Equal(t, tc.pool.Tokens.Add(tc.amount).String(), joined.Tokens.String())
				require.Equal(t, tc.pool.Shares.Add(shares).String(), joined.Shares.String())
				require.Equal(t, own, joined.OwnShares.Equal(shares))
			}
		})
	}
}

// bits is the largest number of n bits.
func bits(n uint) math.Int {
	limit := new(big.Int).Lsh(big.NewInt(1), n)
	return math.NewIntFromBigInt(limit.Sub(limit, big.NewInt(1)))
}

// owners are accounts with shares of one pool; owner 0 is the operator.
type owners struct {
	Pool
	shares [4]math.Int
}

func newOwners() *owners {
	o := &owners{Pool: NewPool(0)}
	for i := range o.shares {
		o.shares[i] = math.ZeroInt()
	}
	return o
}

func (o *owners) exact() (worth [4]*big.Rat) {
	for i, shares := range o.shares {
		worth[i] = o.exactWorth(shares)
	}
	return worth
}

// leave takes an amount out, and abandons what is left if that is less than a base unit, as the keeper does.
func (o *owners) leave(i int, amount math.Int) {
	rest := new(big.Rat).Sub(o.exactWorth(o.shares[i]), new(big.Rat).SetInt(amount.BigInt()))
	o.shares[i] = o.Take(o.shares[i], amount, i == 0)
	if rest.Cmp(big.NewRat(1, 1)) < 0 {
		o.Abandon(o.shares[i], i == 0)
		o.shares[i] = math.ZeroInt()
	}
}

// In exact arithmetic, an owner that joins or leaves loses less than a base unit and a share to the pool, and no other owner loses anything.
func TestAnOperationMovesLessThanABaseUnitToThePoolAndNothingOutOfIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newOwners()
		check := func(before [4]*big.Rat, actor int, gained math.Int) {
			price := o.exactWorth(math.OneInt())
			for i, after := range o.exact() {
				change := new(big.Rat).Sub(after, before[i])
				if i != actor {
					require.GreaterOrEqual(t, change.Sign(), 0, "owner %d lost %s", i, change)
					continue
				}
				change.Sub(change, new(big.Rat).SetInt(gained.BigInt()))
				require.LessOrEqual(t, change.Sign(), 0, "the actor gained %s", change)
				require.Negative(t, change.Neg(change).Cmp(price.Add(price, big.NewRat(1, 1))), "the actor lost %s", change)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				i, before := rapid.IntRange(0, 3).Draw(t, "owner"), o.exact()
				amount := math.NewInt(rapid.OneOf(rapid.Int64Range(1, 3), rapid.Int64Range(1, 1<<40)).Draw(t, "amount"))
				shares, err := o.Join(amount, i == 0)
				require.NoError(t, err)
				o.shares[i] = o.shares[i].Add(shares)
				check(before, i, amount)
			},
			"leave": func(t *rapid.T) {
				i, before := rapid.IntRange(0, 3).Draw(t, "owner"), o.exact()
				worth := o.Worth(o.shares[i])
				if !worth.IsPositive() {
					return
				}
				amount := math.NewInt(rapid.OneOf(rapid.Just(worth.Int64()), rapid.Int64Range(1, worth.Int64())).Draw(t, "amount"))
				o.leave(i, amount)
				check(before, i, amount.Neg())
			},
			"slash": func(t *rapid.T) {
				before, own := o.Tokens, o.exactWorth(o.OwnShares)
				taken, lost := o.slash(rapid.Uint32Range(0, 200_000).Draw(t, "ppm"))
				require.Equal(t, before.Sub(taken).String(), o.Tokens.String())
				exact := new(big.Rat).Sub(own, o.exactWorth(o.OwnShares))
				require.True(t, new(big.Rat).SetInt(lost.BigInt()).Cmp(exact) <= 0, "the operator lost %s, not %s", exact, lost)
			},
			"reward": func(t *rapid.T) {
				if o.Shares.IsPositive() {
					o.Tokens = o.Tokens.Add(Fraction(o.Tokens, rapid.Uint32Range(0, 100_000).Draw(t, "ppm")))
				}
			},
			"": func(t *rapid.T) {
				sum := o.UnownedShares
				for _, shares := range o.shares {
					sum = sum.Add(shares)
				}
				require.Equal(t, o.Shares.String(), sum.String())
				require.Equal(t, o.shares[0].String(), o.OwnShares.String())
				require.NoError(t, o.Validate())
			},
		})
	})
}

// An attacker leaves as little as it can beside fractions of a base unit, again and again, to make a share dear: others would then lose
// to rounding what a share is worth.
func TestThePriceOfAShareCanNotBeDrivenUpByRounding(t *testing.T) {
	o := newOwners()
	join := func(i int, amount int64) {
		shares, err := o.Join(math.NewInt(amount), i == 0)
		require.NoError(t, err)
		o.shares[i] = o.shares[i].Add(shares)
	}
	join(1, 3)
	join(2, 2)
	o.slash(300_000) // each has a fraction of a base unit
	highest := o.exactWorth(math.OneInt())
	for range 10_000 {
		join(2, 1_000_003)
		o.leave(2, o.Worth(o.shares[2]))
		join(2, 2)
		if worth := o.Worth(o.shares[1]); worth.GT(math.OneInt()) {
			o.leave(1, worth.SubRaw(1))
		}
	}
	price := o.exactWorth(math.OneInt())
	require.Negative(t, price.Cmp(highest.Mul(highest, big.NewRat(1_000_001, 1_000_000))), "%s for a share", price)
}

func TestNothingIsLeftWhenTheLastOwnerLeaves(t *testing.T) {
	fresh := NewPool(0)
	o := newOwners()
	shares, err := o.Join(math.NewInt(10), true)
	require.NoError(t, err)
	o.shares[0] = shares
	o.slash(333_333)
	o.Tokens = o.Tokens.AddRaw(4)
	o.leave(0, o.Worth(shares))
	require.Equal(t, fresh.String(), o.Pool.String())
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

// Somebody joins a voter with one base unit whenever the pair changes. Stake that joined before is delayed by at most an era in whose last
// epoch the voter was in the current set.
func TestDustDelaysTheStakeThatJoinsByAtMostAnEra(t *testing.T) {
	v := Voter{}
	v.AddPools()
	_, err := v.Entrance(1).Join(math.NewInt(1000), false)
	require.NoError(t, err)
	first := v.Joining[0].Pool.Number
	var earning []uint64
	for pair := uint64(2); pair < 12; pair++ { // a pair each era, computed before the dust joined
		_, err := v.Entrance(pair).Join(math.OneInt(), false)
		require.NoError(t, err)
		for _, p := range v.Promote(true, pair-1) {
			earning = append(earning, p.Pool)
		}
		require.LessOrEqual(t, len(v.Joining), 2)
		require.Equal(t, pair > 2, slices.Contains(earning, first), "pair %d", pair)
	}
	require.Len(t, earning, 9, "each pool waits for one era")
}

package types

import (
	"math/big"

	"cosmossdk.io/math"
)

// Stake is owned by shares of pools: penalties lower and rewards raise what a share is worth, in one step for all owners (protocol
// §10). A pool begins with 2⁶⁴ shares for each base unit, and only rewards make a share dearer. So rounding to whole shares moves
// next to nothing, and rounding to whole base units moves less than one, from the sender of an operation to nobody: what can't be paid stays in the
// pool as unowned shares, or else it would raise the price of the shares that are left, without a bound if they are few.

// shareBits is the binary logarithm of the shares for a base unit when a pool begins.
const shareBits = 64

// Bounds of a pool: maxTokenBits holds all stake that has a power (63 bits) at any power_reduction (64 bits); an Int has 256 bits.
const (
	maxTokenBits = powerBits + 64
	maxShareBits = 255
)

// NewPool returns an empty pool.
func NewPool(number uint64) Pool {
	zero := math.ZeroInt()
	return Pool{Number: number, Tokens: zero, Shares: zero, OwnShares: zero, UnownedShares: zero}
}

// mulQuo returns a × b ÷ c, rounded down. The product may exceed 256 bits.
func mulQuo(a, b, c math.Int) *big.Int {
	product := new(big.Int).Mul(a.BigInt(), b.BigInt())
	return product.Quo(product, c.BigInt())
}

// Worth returns the base units that shares are worth, rounded down.
func (p Pool) Worth(shares math.Int) math.Int {
	if !p.Shares.IsPositive() {
		return math.ZeroInt()
	}
	return math.NewIntFromBigInt(mulQuo(shares, p.Tokens, p.Shares))
}

// exactWorth returns what shares are worth.
func (p Pool) exactWorth(shares math.Int) *big.Rat {
	if !p.Shares.IsPositive() {
		return new(big.Rat)
	}
	return new(big.Rat).SetFrac(new(big.Int).Mul(shares.BigInt(), p.Tokens.BigInt()), p.Shares.BigInt())
}

// Join adds amount base units, more than 0, and returns the shares that they make. own says that they are the operator's.
// It returns ErrInvalidAmount if they make no share, or more than a pool can hold.
func (p *Pool) Join(amount math.Int, own bool) (math.Int, error) {
	if tokens := new(big.Int).Add(p.Tokens.BigInt(), amount.BigInt()); tokens.BitLen() > maxTokenBits {
		return math.Int{}, ErrInvalidAmount.Wrapf("expected pools of at most %d bits, found %s", maxTokenBits, tokens)
	}
	shares := new(big.Int).Lsh(amount.BigInt(), shareBits)
	if p.Shares.IsPositive() {
		shares = mulQuo(amount, p.Shares, p.Tokens)
	}
	if shares.Sign() <= 0 {
		return math.Int{}, ErrInvalidAmount.Wrapf("expected more than the worth of a share, %s ÷ %s; found %s", p.Tokens, p.Shares, amount)
	}
	if sum := new(big.Int).Add(p.Shares.BigInt(), shares); sum.BitLen() > maxShareBits {
		return math.Int{}, ErrInvalidAmount.Wrapf("expected at most %d bits of shares, found %s", maxShareBits, sum)
	}
	made := math.NewIntFromBigInt(shares)
	p.Tokens, p.Shares = p.Tokens.Add(amount), p.Shares.Add(made)
	if own {
		p.OwnShares = p.OwnShares.Add(made)
	}
	return made, nil
}

// Take takes amount base units, at most the worth of the owner's shares, out of the pool and returns the shares that are left to
// the owner.
func (p *Pool) Take(owned, amount math.Int, own bool) (left math.Int) {
	if !amount.IsPositive() {
		return owned
	}
	spent := math.NewIntFromBigInt(mulQuo(amount, p.Shares, p.Tokens))
	if p.exactWorth(spent).Cmp(new(big.Rat).SetInt(amount.BigInt())) < 0 {
		spent = spent.AddRaw(1)
	}
	p.Tokens, p.Shares = p.Tokens.Sub(amount), p.Shares.Sub(spent)
	if own {
		p.OwnShares = p.OwnShares.Sub(spent)
	}
	return owned.Sub(spent)
}

// Abandon leaves shares in the pool without an owner.
func (p *Pool) Abandon(shares math.Int, own bool) {
	p.UnownedShares = p.UnownedShares.Add(shares)
	if own {
		p.OwnShares = p.OwnShares.Sub(shares)
	}
}

// slash takes a fraction of the tokens, and returns what it took and the operator's part of that, rounded down.
func (p *Pool) slash(ppm uint32) (taken, own math.Int) {
	taken = Fraction(p.Tokens, ppm)
	if !p.Shares.IsPositive() {
		return taken, math.ZeroInt()
	}
	own = math.NewIntFromBigInt(mulQuo(taken, p.OwnShares, p.Shares))
	p.Tokens = p.Tokens.Sub(taken)
	return taken, own
}

// worthless reports whether there are shares and nothing behind them.
func (p Pool) worthless() bool { return p.Shares.IsPositive() && !p.Tokens.IsPositive() }

// Validate checks the amounts by themselves.
func (p Pool) Validate() error {
	for _, amount := range []math.Int{p.Tokens, p.Shares, p.OwnShares, p.UnownedShares} {
		if amount.IsNil() || amount.IsNegative() || amount.BigInt().BitLen() > maxShareBits {
			return ErrInvalidAmount.Wrapf("pool %d: expected amounts from 0 to %d bits, found %s", p.Number, maxShareBits, amount)
		}
	}
	if p.Tokens.BigInt().BitLen() > maxTokenBits {
		return ErrInvalidAmount.Wrapf("pool %d: expected at most %d bits of tokens, found %s", p.Number, maxTokenBits, p.Tokens)
	}
	if p.Tokens.IsPositive() != p.Shares.IsPositive() {
		return ErrInvalidAmount.Wrapf("pool %d: expected tokens and shares or neither, found %s and %s", p.Number, p.Tokens, p.Shares)
	}
	return nil
}

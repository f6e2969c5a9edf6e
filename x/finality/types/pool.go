package types

import "cosmossdk.io/math"

// Pool is stake owned by shares: penalties lower and rewards raise what a share is worth, in one step for all owners
// (protocol §10). Rounding always favours the pool, by less than one coin.
type Pool struct{ Tokens, Shares math.Int }

// Worth returns the coins that shares are worth, rounded down.
func (p Pool) Worth(shares math.Int) math.Int {
	if !p.Shares.IsPositive() {
		return math.ZeroInt()
	}
	return shares.Mul(p.Tokens).Quo(p.Shares)
}

// maxBits bounds tokens and shares: it holds all stake that has a power (63 bits) at any power_reduction (64 bits), and a product
// of two still fits the 256 bits of an Int. A pool whose shares would exceed it was slashed to next to nothing again and again.
const maxBits = powerBits + 64

func (p Pool) fits() error {
	if p.Tokens.BigInt().BitLen() > maxBits || p.Shares.BigInt().BitLen() > maxBits {
		return ErrInvalidAmount.Wrapf("expected pools of at most %d bits, found %s tokens and %s shares", maxBits, p.Tokens, p.Shares)
	}
	return nil
}

// Join adds at most amount coins. It takes only what the new shares are worth, so nobody pays for a fraction of a share.
func (p Pool) Join(amount math.Int) (joined Pool, shares, cost math.Int, err error) {
	if !p.Shares.IsPositive() {
		joined = Pool{p.Tokens.Add(amount), amount}
		return joined, amount, amount, joined.fits()
	}
	if !p.Tokens.IsPositive() {
		return p, shares, cost, ErrPoolEmpty
	}
	if amount.BigInt().BitLen() > maxBits {
		return p, shares, cost, ErrInvalidAmount.Wrapf("expected at most %d bits, found %s", maxBits, amount)
	}
	shares = amount.Mul(p.Shares).Quo(p.Tokens)
	if !shares.IsPositive() {
		return p, shares, cost, ErrInvalidAmount.Wrapf("expected at least %s, the worth of one share; found %s",
			ceilQuo(p.Tokens, p.Shares), amount)
	}
	if err := (Pool{p.Tokens.Add(amount), p.Shares.Add(shares)}).fits(); err != nil {
		return p, shares, cost, err
	}
	cost = ceilQuo(shares.Mul(p.Tokens), p.Shares)
	return Pool{p.Tokens.Add(cost), p.Shares.Add(shares)}, shares, cost, nil
}

// SharesFor returns the least shares that are worth amount coins or more.
func (p Pool) SharesFor(amount math.Int) (math.Int, error) {
	if !p.Tokens.IsPositive() {
		return math.Int{}, ErrPoolEmpty
	}
	if amount.BigInt().BitLen() > maxBits {
		return math.Int{}, ErrInvalidAmount.Wrapf("expected at most %d bits, found %s", maxBits, amount)
	}
	return ceilQuo(amount.Mul(p.Shares), p.Tokens), nil
}

// Leave takes shares out and returns the coins that they were worth.
func (p Pool) Leave(shares math.Int) (left Pool, tokens math.Int) {
	tokens = p.Worth(shares)
	return Pool{p.Tokens.Sub(tokens), p.Shares.Sub(shares)}, tokens
}

func ceilQuo(a, b math.Int) math.Int { return a.Add(b).SubRaw(1).Quo(b) }

// Bonded returns the voter's bonded pool.
func (v Voter) Bonded() Pool { return Pool{v.Tokens, v.Shares} }

// SetBonded replaces the voter's bonded pool.
func (v *Voter) SetBonded(p Pool) { v.Tokens, v.Shares = p.Tokens, p.Shares }

// Unbonding returns the voter's unbonding pool.
func (v Voter) Unbonding() Pool { return Pool{v.UnbondingTokens, v.UnbondingShares} }

// SetUnbonding replaces the voter's unbonding pool.
func (v *Voter) SetUnbonding(p Pool) { v.UnbondingTokens, v.UnbondingShares = p.Tokens, p.Shares }

// Stake returns everything behind the voter's key that can be slashed.
func (v Voter) Stake() math.Int { return v.Tokens.Add(v.UnbondingTokens) }

package types

import (
	"math/big"
	"slices"

	"cosmossdk.io/math"
)

// A voter's bonded stake is in one pool that earns rewards and up to two that join it. Stake joins an open pool. When an era is
// settled in whose last epoch the voter was in the current set, a joining pool whose stake counted in that set is promoted: it becomes
// part of the bonded pool. Otherwise it is closed, unless an older one waits, so that nobody delays it by joining again and again.
// So all stake in the bonded pool, but what eras have paid since, had power in each epoch of the next era in which the voter has any.

// AddPools gives a new voter its pools.
func (v *Voter) AddPools() {
	v.Bonded, v.Unbonding = v.newPool(), v.newPool()
}

// FirstBond gives a new voter of a genesis its pools and returns its operator's delegation of an amount.
func (v *Voter) FirstBond(amount math.Int) (Delegation, error) {
	v.AddPools()
	shares, err := v.Bonded.Join(amount, true)
	return Delegation{VoterIndex: v.Index, Delegator: v.Operator, Positions: []Position{{Pool: v.Bonded.Number, Shares: shares}}}, err
}

func (v *Voter) newPool() Pool {
	pool := NewPool(v.NextPool)
	v.NextPool++
	return pool
}

// BondedTokens returns the bonded stake.
func (v Voter) BondedTokens() math.Int { return v.Bonded.Tokens.Add(v.JoiningTokens()) }

// JoiningTokens returns the bonded stake that earns nothing yet.
func (v Voter) JoiningTokens() math.Int {
	sum := math.ZeroInt()
	for _, j := range v.Joining {
		sum = sum.Add(j.Pool.Tokens)
	}
	return sum
}

// Stake returns everything behind the voter's key that can be slashed.
func (v Voter) Stake() math.Int { return v.BondedTokens().Add(v.Unbonding.Tokens) }

// OwnTokens returns the operator's own bonded stake.
func (v Voter) OwnTokens() math.Int {
	own := v.Bonded.Worth(v.Bonded.OwnShares)
	for _, j := range v.Joining {
		own = own.Add(j.Pool.Worth(j.Pool.OwnShares))
	}
	return own
}

// Counted returns what counts of the bonded stake: at most the operator's own ÷ min_self_stake (protocol §8).
func (v Voter) Counted(p Params) math.Int {
	bonded := v.BondedTokens()
	if p.MinSelfStakePpm == 0 {
		return bonded
	}
	return math.MinInt(bonded, v.OwnTokens().MulRaw(Million).QuoRaw(int64(p.MinSelfStakePpm)))
}

// Owned returns the voter's pool with a number, or nil if it is neither its bonded nor a joining pool.
func (v *Voter) Owned(number uint64) *Pool {
	if v.Bonded.Number == number {
		return &v.Bonded
	}
	for i := range v.Joining {
		if v.Joining[i].Pool.Number == number {
			return &v.Joining[i].Pool
		}
	}
	return nil
}

// Entrance returns the pool that stake joins when the pair with this unbonding clock is in force. Before the anchor, where clocks are
// 0, that is the bonded pool: all sets are computed after it.
func (v *Voter) Entrance(clock uint64) *Pool {
	if clock == 0 {
		return &v.Bonded
	}
	if n := len(v.Joining); n == 0 || v.Joining[n-1].Closed {
		v.Joining = append(v.Joining, JoiningPool{Pool: v.newPool()})
	}
	last := &v.Joining[len(v.Joining)-1]
	last.Clock = clock
	return &last.Pool
}

// Promote makes joining pools part of the bonded pool, if the voter was in the current set and that was computed, at the pair with this
// index, after their stake joined. It closes the first that is left, and returns what the owners of promoted pools can take.
func (v *Voter) Promote(current bool, computed uint64) []Promotion {
	var promotions []Promotion
	var rest []JoiningPool
	for _, j := range v.Joining {
		counted := current && j.Clock <= computed
		if counted && !j.Pool.Shares.IsPositive() {
			continue
		}
		if counted {
			if promotion, err := v.promote(j.Pool); err == nil {
				promotions = append(promotions, promotion)
				continue
			} // more than the bonded pool can hold: it stays apart
		}
		j.Closed = j.Closed || len(rest) == 0
		rest = append(rest, j)
	}
	v.Joining = rest
	return promotions
}

func (v *Voter) promote(p Pool) (Promotion, error) {
	shares, err := v.Bonded.Join(p.Tokens, false)
	if err != nil {
		return Promotion{}, err
	}
	unowned := math.NewIntFromBigInt(mulQuo(shares, p.UnownedShares, p.Shares))
	v.Bonded.UnownedShares = v.Bonded.UnownedShares.Add(unowned)
	return Promotion{
		VoterIndex: v.Index, Pool: p.Number, Into: v.Bonded.Number,
		BondedShares: shares.Sub(unowned), Shares: p.Shares.Sub(p.UnownedShares),
	}, nil
}

// Claim takes an owner's part out of a promotion: bonded shares for shares of the pool that was promoted.
func (p *Promotion) Claim(shares math.Int) math.Int {
	claimed := math.NewIntFromBigInt(mulQuo(p.BondedShares, shares, p.Shares))
	p.BondedShares, p.Shares = p.BondedShares.Sub(claimed), p.Shares.Sub(shares)
	return claimed
}

// Slash takes a fraction of all stake behind the voter, and returns what it took, and the operator's part of that. Shares of a pool that
// it leaves empty are worth nothing; a new pool takes its place.
func (v *Voter) Slash(ppm uint32) (taken, own math.Int) {
	taken, own = math.ZeroInt(), math.ZeroInt()
	slash := func(p *Pool) {
		t, o := p.slash(ppm)
		taken, own = taken.Add(t), own.Add(o)
	}
	for _, p := range []*Pool{&v.Bonded, &v.Unbonding} {
		if slash(p); p.worthless() {
			*p = v.newPool()
		}
	}
	var joining []JoiningPool
	for _, j := range v.Joining {
		if slash(&j.Pool); !j.Pool.worthless() {
			joining = append(joining, j)
		}
	}
	v.Joining = joining
	return taken, own
}

// CommissionIn returns the commission that an unsettled era pays.
func (v Voter) CommissionIn(era uint64) uint32 {
	commission := v.CommissionPpm
	for _, c := range v.CommissionChanges {
		if c.FromEra <= era {
			commission = c.CommissionPpm
		}
	}
	return commission
}

// SettleCommission makes the commission of an era the voter's, and keeps the changes of later ones.
func (v *Voter) SettleCommission(era uint64) {
	v.CommissionPpm = v.CommissionIn(era)
	var later []CommissionChange
	for _, c := range v.CommissionChanges {
		if c.FromEra > era {
			later = append(later, c)
		}
	}
	v.CommissionChanges = later
}

// Announce announces the commission of an era and those that follow, in place of what was announced for it.
func (v *Voter) Announce(era uint64, commission uint32) {
	v.CommissionChanges = slices.DeleteFunc(slices.Clone(v.CommissionChanges), func(c CommissionChange) bool { return c.FromEra >= era })
	if commission != v.CommissionIn(era) {
		v.CommissionChanges = append(v.CommissionChanges, CommissionChange{FromEra: era, CommissionPpm: commission})
	}
}

// Dust reports whether what remains of an owner's positions, once amount base units are taken, is worth less than one.
func (v *Voter) Dust(positions []Position, amount math.Int) bool {
	rest := new(big.Rat).SetInt(amount.BigInt())
	rest.Neg(rest)
	for _, p := range positions {
		rest.Add(rest, v.Owned(p.Pool).exactWorth(p.Shares))
	}
	return rest.Cmp(big.NewRat(1, 1)) < 0
}

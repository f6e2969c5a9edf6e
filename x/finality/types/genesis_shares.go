package types

import (
	"math/big"

	"cosmossdk.io/math"
)

// maxPools bounds the pools that a voter of a genesis has had. An era takes one or two numbers.
const maxPools = 1 << 48

// owned names a pool of a voter. Delegations own parts of bonded and joining pools, entries parts of unbonding ones.
type owned struct {
	voter, pool uint64
	unbonding   bool
}

// shareBooks are sums of the owners' shares, and of the operators' among them, by pool.
type shareBooks struct {
	voters   []Voter
	all, own map[owned]*big.Int
}

// ValidateShares checks that the shares of each pool are those of its owners and of nobody, and that the operators' are what the
// pools say. InitGenesis asks, and so do the invariants.
func (g GenesisState) ValidateShares() error {
	b := shareBooks{voters: g.Voters, all: map[owned]*big.Int{}, own: map[owned]*big.Int{}}
	for _, d := range g.Delegations {
		if len(d.Positions) == 0 {
			return ErrInvalidGenesis.Wrapf("delegation of %s with voter %d: expected positions, found none", d.Delegator, d.VoterIndex)
		}
		for i, p := range d.Positions {
			if i > 0 && p.Pool <= d.Positions[i-1].Pool {
				return ErrInvalidGenesis.Wrapf("delegation of %s: expected pools in ascending order, found %d before %d", d.Delegator, d.Positions[i-1].Pool, p.Pool)
			}
			if err := b.add("delegation", owned{d.VoterIndex, p.Pool, false}, d.Delegator, p.Shares); err != nil {
				return err
			}
		}
	}
	for _, u := range g.Unbondings {
		if err := b.add("unbonding", owned{u.VoterIndex, u.Pool, true}, u.Delegator, u.Shares); err != nil {
			return err
		}
	}
	for i, p := range g.Promotions {
		if i > 0 && !ascending(g.Promotions[i-1], p) {
			return ErrInvalidGenesis.Wrapf("promotions: expected ascending voters and pools, found %d/%d twice or late", p.VoterIndex, p.Pool)
		}
		if err := b.promote(p); err != nil {
			return err
		}
	}
	for _, v := range g.Voters {
		if err := b.check(v); err != nil {
			return err
		}
	}
	return nil
}

func ascending(a, b Promotion) bool {
	return a.VoterIndex < b.VoterIndex || a.VoterIndex == b.VoterIndex && a.Pool < b.Pool
}

// add counts an owner's shares.
func (b shareBooks) add(what string, id owned, owner string, shares math.Int) error {
	if id.voter >= uint64(len(b.voters)) {
		return ErrInvalidGenesis.Wrapf("%s: expected a voter below %d, found %d", what, len(b.voters), id.voter)
	}
	v := b.voters[id.voter]
	if id.pool >= v.NextPool {
		return ErrInvalidGenesis.Wrapf("%s with voter %d: expected a pool below %d, found %d", what, id.voter, v.NextPool, id.pool)
	}
	if shares.IsNil() || !shares.IsPositive() {
		return ErrInvalidGenesis.Wrapf("%s with voter %d: expected shares above 0, found %s", what, id.voter, shares)
	}
	b.plus(b.all, id, shares)
	if owner == v.Operator {
		b.plus(b.own, id, shares)
	}
	return nil
}

func (b shareBooks) plus(sums map[owned]*big.Int, id owned, shares math.Int) {
	sum := new(big.Int).Set(shares.BigInt())
	if before, has := sums[id]; has {
		sum.Add(sum, before)
	}
	sums[id] = sum
}

// promote counts what owners have not taken as shares of the bonded pool, unless that was slashed to nothing meanwhile.
func (b shareBooks) promote(p Promotion) error {
	if p.VoterIndex >= uint64(len(b.voters)) {
		return ErrInvalidGenesis.Wrapf("promotion: expected a voter below %d, found %d", len(b.voters), p.VoterIndex)
	}
	for _, amount := range []math.Int{p.BondedShares, p.Shares} {
		if amount.IsNil() || amount.IsNegative() || amount.BigInt().BitLen() > maxShareBits {
			return ErrInvalidGenesis.Wrapf("promotion of pool %d: expected amounts from 0 to %d bits, found %s", p.Pool, maxShareBits, amount)
		}
	}
	v, id := b.voters[p.VoterIndex], owned{p.VoterIndex, p.Pool, false}
	if p.Pool >= v.NextPool || p.Into >= v.NextPool || v.Owned(p.Pool) != nil {
		return ErrInvalidGenesis.Wrapf("promotion of pool %d of voter %d into %d: expected former pools", p.Pool, p.VoterIndex, p.Into)
	}
	if sum, has := b.all[id]; !has || sum.Cmp(p.Shares.BigInt()) != 0 {
		return ErrInvalidGenesis.Wrapf("promotion of pool %d of voter %d: expected shares of %s, the sum of its owners'; found %s", p.Pool, p.VoterIndex, sum, p.Shares)
	}
	if p.Into == v.Bonded.Number {
		b.plus(b.all, owned{p.VoterIndex, p.Into, false}, p.BondedShares)
		if _, has := b.own[id]; has {
			return ErrInvalidGenesis.Wrapf("promotion of pool %d of voter %d: expected the operator's part to be taken", p.Pool, p.VoterIndex)
		}
	}
	return nil
}

// check compares a voter's pools with their owners' shares.
func (b shareBooks) check(v Voter) error {
	if len(v.Joining) > 2 || len(v.Joining) == 2 && (!v.Joining[0].Closed || v.Joining[1].Closed) {
		return ErrInvalidGenesis.Wrapf("voter %d: expected two joining pools at most, of two the first closed and the second open; found %d", v.Index, len(v.Joining))
	}
	if v.NextPool > maxPools {
		return ErrInvalidGenesis.Wrapf("voter %d: expected a next pool of at most %d, found %d", v.Index, uint64(maxPools), v.NextPool)
	}
	pools, numbers := []Pool{v.Bonded}, map[uint64]bool{v.Unbonding.Number: true}
	for _, j := range v.Joining {
		if j.Clock == 0 {
			return ErrInvalidGenesis.Wrapf("voter %d: expected joining pools with a clock, found none", v.Index)
		}
		pools = append(pools, j.Pool)
	}
	for _, p := range pools {
		if numbers[p.Number] {
			return ErrInvalidGenesis.Wrapf("voter %d: pool %d stands twice", v.Index, p.Number)
		}
		numbers[p.Number] = true
		if err := b.checkPool(v, p, owned{v.Index, p.Number, false}); err != nil {
			return err
		}
	}
	return b.checkPool(v, v.Unbonding, owned{v.Index, v.Unbonding.Number, true})
}

func (b shareBooks) checkPool(v Voter, p Pool, id owned) error {
	if err := p.Validate(); err != nil {
		return ErrInvalidGenesis.Wrapf("voter %d: %s", v.Index, err)
	}
	if p.Number >= v.NextPool {
		return ErrInvalidGenesis.Wrapf("voter %d: expected pools below %d, found %d", v.Index, v.NextPool, p.Number)
	}
	b.plus(b.all, id, p.UnownedShares)
	if sum := b.all[id]; sum.Cmp(p.Shares.BigInt()) != 0 {
		return ErrInvalidGenesis.Wrapf("voter %d: pool %d: expected %s shares, the sum of its owners' and nobody's; found %s", v.Index, p.Number, sum, p.Shares)
	}
	b.plus(b.own, id, math.ZeroInt())
	if sum := b.own[id]; sum.Cmp(p.OwnShares.BigInt()) != 0 {
		return ErrInvalidGenesis.Wrapf("voter %d: pool %d: expected %s shares of the operator, found %s", v.Index, p.Number, sum, p.OwnShares)
	}
	return nil
}

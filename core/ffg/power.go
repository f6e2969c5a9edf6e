package ffg

import (
	"cmp"
	"math/big"
	"math/bits"
)

// Power is a total of voting powers, Hi·2^64 + Lo, in units of stake / power_reduction (protocol §7). A sum of fewer
// than 2^64 powers cannot overflow it.
type Power struct{ Hi, Lo uint64 }

// Add returns p + v.
func (p Power) Add(v uint64) Power { return p.Plus(Power{Lo: v}) }

// Plus returns p + q.
func (p Power) Plus(q Power) Power {
	lo, carry := bits.Add64(p.Lo, q.Lo, 0)
	hi, _ := bits.Add64(p.Hi, q.Hi, carry)
	return Power{Hi: hi, Lo: lo}
}

// IsZero reports whether there is no power at all.
func (p Power) IsZero() bool { return p == Power{} }

// Cmp returns −1, 0 or +1 as p is less than, equal to or greater than q.
func (p Power) Cmp(q Power) int {
	return cmp.Or(cmp.Compare(p.Hi, q.Hi), cmp.Compare(p.Lo, q.Lo))
}

// Big returns p as a new big integer.
func (p Power) Big() *big.Int {
	hi := new(big.Int).SetUint64(p.Hi)
	return hi.Lsh(hi, 64).Or(hi, new(big.Int).SetUint64(p.Lo))
}

// String returns p in decimal.
func (p Power) String() string { return p.Big().String() }

// product is a Power times a small factor in 192 bits, most significant word first, which no factor overflows.
type product [3]uint64

func (p Power) times(k uint64) product {
	loCarry, lo := bits.Mul64(p.Lo, k)
	hiCarry, hi := bits.Mul64(p.Hi, k)
	hi, carry := bits.Add64(hi, loCarry, 0)
	return product{hiCarry + carry, hi, lo}
}

func (a product) atLeast(b product) bool {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]), cmp.Compare(a[2], b[2])) >= 0
}

// Quorum reports whether w is at least two thirds of a total that is not zero (protocol §5).
func Quorum(w, total Power) bool { return !total.IsZero() && w.times(3).atLeast(total.times(2)) }

// AtLeastThird reports whether w is at least one third of a total that is not zero: what two conflicting quorums must
// share, and so what accountable safety promises to find guilty (protocol §1).
func AtLeastThird(w, total Power) bool { return !total.IsZero() && w.times(3).atLeast(total.times(1)) }

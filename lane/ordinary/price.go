package ordinary

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"

	"cosmossdk.io/math"
)

// ReplacementPercent is how much more fee per gas a transaction must pay than the one that it replaces.
const ReplacementPercent = 10

// words is the length of a product: a fee has 4 words, and two factors of one word are multiplied with it.
const words = 6

// Price is a fee per gas, kept as a fraction so that comparing two of them is exact. The zero Price is the lowest.
type Price struct {
	Fee math.Int
	Gas uint64
}

// String returns the fraction, such as "500/200000".
func (p Price) String() string {
	if p.Fee.IsNil() || p.Gas == 0 {
		return "0"
	}
	return fmt.Sprintf("%s/%d", p.Fee, p.Gas)
}

// price is a Price in words, least significant first: comparing two allocates nothing.
type price struct {
	fee [words]uint64
	gas uint64
}

// newPrice returns fee / gas. Negative fees do not exist, and a transaction without gas can't run, so both count as 0.
func newPrice(fee math.Int, gas uint64) price {
	p := price{gas: max(gas, 1)}
	if gas == 0 || fee.IsNil() || !fee.IsPositive() {
		return p
	}
	var buffer [32]byte // math.Int has at most 256 bits
	fee.BigIntMut().FillBytes(buffer[:])
	for i := range 4 {
		p.fee[i] = binary.BigEndian.Uint64(buffer[24-8*i:])
	}
	return p
}

// multiply returns x · m. The caller sees to it that the product fits.
func multiply(x [words]uint64, m uint64) (product [words]uint64) {
	var carry uint64
	for i := range x {
		high, low := bits.Mul64(x[i], m)
		var over uint64
		product[i], over = bits.Add64(low, carry, 0)
		carry = high + over
	}
	return product
}

func compareWords(a, b [words]uint64) int {
	for i := words - 1; i >= 0; i-- {
		switch {
		case a[i] < b[i]:
			return -1
		case a[i] > b[i]:
			return 1
		}
	}
	return 0
}

// compare returns -1 if p is lower than other, 0 if they are equal and 1 if p is higher.
func (p price) compare(other price) int {
	return compareWords(multiply(p.fee, other.gas), multiply(other.fee, p.gas))
}

// replaces reports whether p is at least [ReplacementPercent] above other.
func (p price) replaces(other price) bool {
	mine := multiply(multiply(p.fee, other.gas), 100)
	return compareWords(mine, multiply(multiply(other.fee, p.gas), 100+ReplacementPercent)) >= 0 && p.compare(other) > 0
}

func (p price) bigFee() *big.Int {
	var buffer [32]byte
	for i := range 4 {
		binary.BigEndian.PutUint64(buffer[24-8*i:], p.fee[i])
	}
	return new(big.Int).SetBytes(buffer[:])
}

func (p price) public() Price {
	return Price{Fee: math.NewIntFromBigInt(p.bigFee()), Gas: p.gas}
}

// feeAbove returns the lowest whole fee for this gas that is above p.
func (p price) feeAbove(gas uint64) *big.Int {
	fee := new(big.Int).Mul(p.bigFee(), new(big.Int).SetUint64(gas))
	fee.Quo(fee, new(big.Int).SetUint64(max(p.gas, 1)))
	return fee.Add(fee, big.NewInt(1))
}

// feeToReplace returns the lowest whole fee for this gas that replaces p.
func (p price) feeToReplace(gas uint64) *big.Int {
	fee := new(big.Int).Mul(p.bigFee(), new(big.Int).SetUint64(gas))
	fee.Mul(fee, big.NewInt(100+ReplacementPercent))
	divisor := new(big.Int).Mul(new(big.Int).SetUint64(max(p.gas, 1)), big.NewInt(100))
	quotient, rest := new(big.Int).QuoRem(fee, divisor, new(big.Int))
	if rest.Sign() > 0 || quotient.Sign() == 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient
}

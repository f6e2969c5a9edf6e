package ffg

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math/bits"
)

// Errors of Bitfield.Validate.
var (
	ErrBitfieldLength = errors.New("wrong bitfield length")
	ErrStrayBits      = errors.New("bits set beyond the last position")
)

// Bitfield is a set of positions in a voter set of n voters: (n+7)/8 bytes, position i at byte i/8, bit i mod 8 from
// the least significant (protocol §2). Set operations treat bytes that one operand lacks as zero.
type Bitfield []byte

// NewBitfield returns an empty set over n positions. A negative n counts as 0.
func NewBitfield(n int) Bitfield { return make(Bitfield, bitfieldSize(n)) }

// SingleBit returns the set {i} over n positions, empty if i is not one of them.
func SingleBit(n, i int) Bitfield {
	b := NewBitfield(n)
	if i < n {
		b.Set(i)
	}
	return b
}

func bitfieldSize(n int) int {
	if n <= 0 {
		return 0
	}
	return (n-1)/8 + 1
}

// Validate returns an error wrapping ErrBitfieldLength or ErrStrayBits unless b is exactly as long as n positions need
// and has no bit set from position n on.
func (b Bitfield) Validate(n int) error {
	if size := bitfieldSize(n); len(b) != size {
		return fmt.Errorf("%w: expected %d bytes for %d voters, found %d", ErrBitfieldLength, size, n, len(b))
	}
	if n%8 != 0 && len(b) > 0 && b[len(b)-1]>>(n%8) != 0 {
		return fmt.Errorf("%w: expected none from %d on, found last byte %#08b", ErrStrayBits, n, b[len(b)-1])
	}
	return nil
}

// Get reports whether position i is in the set. Positions outside the bitfield are not.
func (b Bitfield) Get(i int) bool { return i >= 0 && i/8 < len(b) && b[i/8]>>(i%8)&1 == 1 }

// Set adds position i, in place. It ignores positions outside the bitfield.
func (b Bitfield) Set(i int) {
	if i >= 0 && i/8 < len(b) {
		b[i/8] |= 1 << (i % 8)
	}
}

// Count returns how many positions are in the set.
func (b Bitfield) Count() int {
	n := 0
	for _, x := range b {
		n += bits.OnesCount8(x)
	}
	return n
}

// IsEmpty reports whether no position is in the set.
func (b Bitfield) IsEmpty() bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// Equal reports whether b and o are the same bytes.
func (b Bitfield) Equal(o Bitfield) bool { return bytes.Equal(b, o) }

// Disjoint reports whether no position is in both sets.
func (b Bitfield) Disjoint(o Bitfield) bool {
	for i := range min(len(b), len(o)) {
		if b[i]&o[i] != 0 {
			return false
		}
	}
	return true
}

// StrictSupersetOf reports whether b holds every position of o and at least one more.
func (b Bitfield) StrictSupersetOf(o Bitfield) bool {
	return o.AndNot(b).IsEmpty() && !b.AndNot(o).IsEmpty()
}

// Or returns the union as a new bitfield, as long as the longer of the two.
func (b Bitfield) Or(o Bitfield) Bitfield {
	if len(b) < len(o) {
		b, o = o, b
	}
	union := append(NewBitfield(0), b...)
	for i, x := range o {
		union[i] |= x
	}
	return union
}

// AndNot returns the positions of b that are not in o as a new bitfield, as long as b.
func (b Bitfield) AndNot(o Bitfield) Bitfield {
	rest := append(NewBitfield(0), b...)
	for i := range min(len(rest), len(o)) {
		rest[i] &^= o[i]
	}
	return rest
}

// Indices yields the positions in the set, ascending.
func (b Bitfield) Indices() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, x := range b {
			for ; x != 0; x &= x - 1 {
				if !yield(i*8 + bits.TrailingZeros8(x)) {
					return
				}
			}
		}
	}
}

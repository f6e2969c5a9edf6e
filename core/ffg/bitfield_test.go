package ffg_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
)

func TestBitfieldIsExactlyAsLongAsItsVoters(t *testing.T) {
	for _, tc := range []struct {
		name string
		b    ffg.Bitfield
		n    int
		want error
	}{
		{"none of none", ffg.Bitfield{}, 0, nil},
		{"nil of none", nil, 0, nil},
		{"one byte of none", ffg.Bitfield{0}, 0, ffg.ErrBitfieldLength},
		{"none of one", ffg.Bitfield{}, 1, ffg.ErrBitfieldLength},
		{"the only bit of one", ffg.Bitfield{0b1}, 1, nil},
		{"second bit of one", ffg.Bitfield{0b10}, 1, ffg.ErrStrayBits},
		{"highest bit of seven", ffg.Bitfield{0b0100_0000}, 7, nil},
		{"eighth bit of seven", ffg.Bitfield{0b1000_0000}, 7, ffg.ErrStrayBits},
		{"all bits of eight", ffg.Bitfield{0xff}, 8, nil},
		{"a byte too many for eight", ffg.Bitfield{0xff, 0}, 8, ffg.ErrBitfieldLength},
		{"a byte too few for nine", ffg.Bitfield{0xff}, 9, ffg.ErrBitfieldLength},
		{"ninth bit of nine", ffg.Bitfield{0, 0b1}, 9, nil},
		{"tenth bit of nine", ffg.Bitfield{0, 0b10}, 9, ffg.ErrStrayBits},
		{"negative number of voters", ffg.Bitfield{}, -1, nil},
		{"one byte of a negative number", ffg.Bitfield{0}, -1, ffg.ErrBitfieldLength},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.b.Validate(tc.n); !errors.Is(err, tc.want) {
				t.Errorf("expected error %v, found %v", tc.want, err)
			}
		})
	}
}

func TestBitfieldStartsAtTheLeastSignificantBit(t *testing.T) {
	if b := ffg.SingleBit(16, 0); !b.Equal(ffg.Bitfield{0b1, 0}) {
		t.Errorf("expected position 0 at bit 0 of byte 0, found %08b", b)
	}
	if b := ffg.SingleBit(16, 11); !b.Equal(ffg.Bitfield{0, 0b1000}) {
		t.Errorf("expected position 11 at bit 3 of byte 1, found %08b", b)
	}
}

func TestBitfieldIgnoresPositionsOutside(t *testing.T) {
	b := ffg.NewBitfield(8)
	for _, i := range []int{-1, -8, 8, 1 << 40} {
		b.Set(i)
		if b.Get(i) {
			t.Errorf("expected position %d to be outside", i)
		}
	}
	if !b.IsEmpty() {
		t.Errorf("expected nothing set, found %08b", b)
	}
	for _, i := range []int{-1, 5, 7} {
		if b := ffg.SingleBit(5, i); !b.IsEmpty() || b.Validate(5) != nil {
			t.Errorf("expected position %d of 5 to be ignored, found %08b", i, b)
		}
	}
}

// A bitfield behaves as a set of integers does.
func TestBitfieldIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "voters")
		draw := func(name string) (ffg.Bitfield, map[int]bool) {
			b, set := ffg.NewBitfield(n), map[int]bool{}
			for _, i := range rapid.SliceOf(rapid.IntRange(0, n-1)).Draw(t, name) {
				b.Set(i)
				set[i] = true
			}
			return b, set
		}
		a, setA := draw("a")
		b, setB := draw("b")

		union, rest, shared := maps.Clone(setA), maps.Clone(setA), 0
		maps.Copy(union, setB)
		for i := range setB {
			if setA[i] {
				shared++
			}
			delete(rest, i)
		}
		for name, tc := range map[string]struct {
			b   ffg.Bitfield
			set map[int]bool
		}{"a": {a, setA}, "a or b": {a.Or(b), union}, "b or a": {b.Or(a), union}, "a and not b": {a.AndNot(b), rest}} {
			want := slices.Sorted(maps.Keys(tc.set))
			if got := slices.Collect(tc.b.Indices()); !slices.Equal(got, want) {
				t.Fatalf("%s: expected %v, found %v", name, want, got)
			}
			if tc.b.Count() != len(want) || tc.b.IsEmpty() != (len(want) == 0) || tc.b.Validate(n) != nil {
				t.Fatalf("%s: expected %d positions of %d, found %08b", name, len(want), n, tc.b)
			}
			for i := range n {
				if tc.b.Get(i) != tc.set[i] {
					t.Fatalf("%s: expected %t at %d", name, tc.set[i], i)
				}
			}
		}
		if got, want := a.Disjoint(b), shared == 0; got != want {
			t.Fatalf("disjoint: expected %t, found %t", want, got)
		}
		if got, want := a.StrictSupersetOf(b), shared == len(setB) && len(setA) > len(setB); got != want {
			t.Fatalf("strict superset: expected %t, found %t", want, got)
		}
		if got, want := a.Equal(b), maps.Equal(setA, setB); got != want {
			t.Fatalf("equal: expected %t, found %t", want, got)
		}
	})
}

func TestBitfieldOperationsTakeMissingBytesAsZero(t *testing.T) {
	short, long := ffg.Bitfield{0b11}, ffg.Bitfield{0b01, 0b1}
	if got := short.Or(long); !got.Equal(ffg.Bitfield{0b11, 0b1}) {
		t.Errorf("or: found %08b", got)
	}
	if got := short.AndNot(long); !got.Equal(ffg.Bitfield{0b10}) {
		t.Errorf("short and not long: found %08b", got)
	}
	if got := long.AndNot(short); !got.Equal(ffg.Bitfield{0, 0b1}) {
		t.Errorf("long and not short: found %08b", got)
	}
	if long.StrictSupersetOf(short) || !long.StrictSupersetOf(ffg.Bitfield{0b1}) || long.Disjoint(short) {
		t.Error("expected comparisons to see bytes that one side lacks as zero")
	}
}

func TestBitfieldOperationsLeaveTheirOperandsAlone(t *testing.T) {
	a, b := ffg.Bitfield{0b01}, ffg.Bitfield{0b10}
	a.Or(b).Set(7)
	a.AndNot(b).Set(7)
	if !a.Equal(ffg.Bitfield{0b01}) || !b.Equal(ffg.Bitfield{0b10}) {
		t.Errorf("expected unchanged operands, found %08b and %08b", a, b)
	}
}

func TestBitfieldIndicesCanBeStopped(t *testing.T) {
	for i := range (ffg.Bitfield{0xff, 0xff}).Indices() {
		if i == 3 {
			return
		}
	}
	t.Error("expected to meet position 3")
}

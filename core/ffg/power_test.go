package ffg_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
)

func TestQuorumIsTwoThirdsRoundedUp(t *testing.T) {
	huge := ffg.Power{Hi: math.MaxUint32, Lo: math.MaxUint64} // 2^96 − 1, which 3 divides
	twoThirds := ffg.Power{Hi: 0xaaaaaaaa, Lo: 0xaaaaaaaaaaaaaaaa}
	for _, tc := range []struct {
		name     string
		w, total ffg.Power
		want     bool
	}{
		{"nothing of nothing", ffg.Power{}, ffg.Power{}, false},
		{"something of nothing", ffg.Power{Lo: 1}, ffg.Power{}, false},
		{"nothing of one", ffg.Power{}, ffg.Power{Lo: 1}, false},
		{"one of one", ffg.Power{Lo: 1}, ffg.Power{Lo: 1}, true},
		{"one of two", ffg.Power{Lo: 1}, ffg.Power{Lo: 2}, false},
		{"one of three", ffg.Power{Lo: 1}, ffg.Power{Lo: 3}, false},
		{"two of three", ffg.Power{Lo: 2}, ffg.Power{Lo: 3}, true},
		{"two of four", ffg.Power{Lo: 2}, ffg.Power{Lo: 4}, false},
		{"three of four", ffg.Power{Lo: 3}, ffg.Power{Lo: 4}, true},
		{"66 of 100", ffg.Power{Lo: 66}, ffg.Power{Lo: 100}, false},
		{"67 of 100", ffg.Power{Lo: 67}, ffg.Power{Lo: 100}, true},
		{"two thirds of 2^96 − 1", twoThirds, huge, true},
		{"one less", ffg.Power{Hi: twoThirds.Hi, Lo: twoThirds.Lo - 1}, huge, false},
		{"half of all that a Power holds", ffg.Power{Hi: math.MaxUint64 / 2}, ffg.Power{Hi: math.MaxUint64}, false},
		{"all that a Power holds", ffg.Power{Hi: math.MaxUint64, Lo: math.MaxUint64}, ffg.Power{Hi: math.MaxUint64, Lo: math.MaxUint64}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := ffg.Quorum(tc.w, tc.total); got != tc.want {
				t.Errorf("%s of %s: expected %t, found %t", tc.w, tc.total, tc.want, got)
			}
		})
	}
}

func TestAtLeastThird(t *testing.T) {
	for _, tc := range []struct {
		w, total uint64
		want     bool
	}{{0, 0, false}, {1, 0, false}, {0, 1, false}, {1, 2, true}, {1, 3, true}, {1, 4, false}, {33, 100, false}, {34, 100, true}} {
		if got := ffg.AtLeastThird(ffg.Power{Lo: tc.w}, ffg.Power{Lo: tc.total}); got != tc.want {
			t.Errorf("%d of %d: expected %t, found %t", tc.w, tc.total, tc.want, got)
		}
	}
}

// Power agrees with arbitrary precision on everything it answers, over its whole range.
func TestPowerIsExact(t *testing.T) {
	word := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, math.MaxUint64, math.MaxUint64 - 1, 1 << 63}))
	draw := func(t *rapid.T, name string) ffg.Power {
		return ffg.Power{Hi: word.Draw(t, name+" hi"), Lo: word.Draw(t, name+" lo")}
	}
	scaled := func(p ffg.Power, k int64) *big.Int { return new(big.Int).Mul(p.Big(), big.NewInt(k)) }
	rapid.Check(t, func(t *rapid.T) {
		p, q, v := draw(t, "p"), draw(t, "q"), word.Draw(t, "v")
		modulus := new(big.Int).Lsh(big.NewInt(1), 128)
		sum := new(big.Int).Add(p.Big(), q.Big())
		if got := p.Plus(q).Big(); got.Cmp(sum.Mod(sum, modulus)) != 0 {
			t.Fatalf("%s + %s: expected %s, found %s", p, q, sum, got)
		}
		if p.Add(v) != p.Plus(ffg.Power{Lo: v}) {
			t.Fatalf("expected Add to be Plus of one word")
		}
		if got, want := p.Cmp(q), p.Big().Cmp(q.Big()); got != want {
			t.Fatalf("compare %s with %s: expected %d, found %d", p, q, want, got)
		}
		if p.IsZero() != (p.Big().Sign() == 0) || p.String() != p.Big().String() {
			t.Fatalf("expected %s to print as %s", p, p.Big())
		}
		if got, want := ffg.Quorum(p, q), q.Big().Sign() > 0 && scaled(p, 3).Cmp(scaled(q, 2)) >= 0; got != want {
			t.Fatalf("quorum of %s in %s: expected %t, found %t", p, q, want, got)
		}
		if got, want := ffg.AtLeastThird(p, q), q.Big().Sign() > 0 && scaled(p, 3).Cmp(q.Big()) >= 0; got != want {
			t.Fatalf("third of %s in %s: expected %t, found %t", p, q, want, got)
		}
	})
}

package ffg_test

import (
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
)

func TestSideIsAscendingAndHasPower(t *testing.T) {
	for _, tc := range []struct {
		name string
		side ffg.Side
		want error
	}{
		{"one", ffg.Side{{key(1), 1}}, nil},
		{"two", ffg.Side{{key(1), 1}, {key(2), math.MaxUint64}}, nil},
		{"nobody", nil, ffg.ErrNoPower},
		{"without power", ffg.Side{{key(1), 1}, {key(2), 0}}, ffg.ErrNoPower},
		{"descending", ffg.Side{{key(2), 1}, {key(1), 1}}, ffg.ErrSetOrder},
		{"twice the same", ffg.Side{{key(1), 1}, {key(1), 2}}, ffg.ErrSetOrder},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.side.Validate(); !errors.Is(err, tc.want) {
				t.Errorf("expected error %v, found %v", tc.want, err)
			}
		})
	}
}

func TestVoterSetIsAscendingAndHasPowerInBothSides(t *testing.T) {
	for _, tc := range []struct {
		name string
		set  ffg.VoterSet
		want error
	}{
		{"one in both", ffg.VoterSet{{key(1), 1, 1}}, nil},
		{"one in each", ffg.VoterSet{{key(1), 1, 0}, {key(2), 0, 1}}, nil},
		{"nobody", nil, ffg.ErrNoPower},
		{"no rear", ffg.VoterSet{{key(1), 0, 1}}, ffg.ErrNoPower},
		{"no current", ffg.VoterSet{{key(1), 1, 0}}, ffg.ErrNoPower},
		{"a voter in neither", ffg.VoterSet{{key(1), 1, 1}, {key(2), 0, 0}}, ffg.ErrNoPower},
		{"descending", ffg.VoterSet{{key(2), 1, 1}, {key(1), 1, 1}}, ffg.ErrSetOrder},
		{"twice the same", ffg.VoterSet{{key(1), 1, 1}, {key(1), 1, 1}}, ffg.ErrSetOrder},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.set.Validate(); !errors.Is(err, tc.want) {
				t.Errorf("expected error %v, found %v", tc.want, err)
			}
		})
	}
}

var anySide = rapid.Custom(func(t *rapid.T) ffg.Side {
	powers := rapid.MapOfN(rapid.IntRange(0, 20), rapid.Uint64Min(1), 1, 12).Draw(t, "powers")
	var side ffg.Side
	for _, k := range slices.Sorted(maps.Keys(powers)) {
		side = append(side, ffg.Member{Key: key(k), Power: powers[k]})
	}
	return side
})

func TestStitchedPairKeepsBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rear, current := anySide.Draw(t, "rear"), anySide.Draw(t, "current")
		pair := ffg.Stitch(rear, current)
		if err := pair.Validate(); err != nil {
			t.Fatalf("expected a valid pair: %v", err)
		}
		if !slices.Equal(pair.RearSide(), rear) || !slices.Equal(pair.CurrentSide(), current) {
			t.Fatalf("expected %v and %v, found %v", rear, current, pair)
		}
		if r, c := pair.Totals(); r != rear.Total() || c != current.Total() {
			t.Fatalf("expected totals %s and %s, found %s and %s", rear.Total(), current.Total(), r, c)
		}
		for i, v := range pair {
			if p, ok := pair.Position(v.Key); !ok || p != i {
				t.Fatalf("expected %s at %d, found %d, %t", v.Key, i, p, ok)
			}
		}
		if _, ok := pair.Position(key(21)); ok {
			t.Fatal("expected an unknown key to have no position")
		}
	})
}

func TestQuorumNeedsBothSides(t *testing.T) {
	// Power by position: rear 2 1 0 0, current 0 1 1 1.
	pair := ffg.Stitch(
		ffg.Side{{key(1), 2}, {key(2), 1}},
		ffg.Side{{key(2), 1}, {key(3), 1}, {key(4), 1}},
	)
	for _, tc := range []struct {
		name          string
		signers       []int
		rear, current uint64
		want          bool
	}{
		{"nobody", nil, 0, 0, false},
		{"two thirds of the rear side only", []int{0}, 2, 0, false},
		{"two thirds of the current side only", []int{2, 3}, 0, 2, false},
		{"all of the rear and a third of the current side", []int{0, 1}, 3, 1, false},
		{"a third of the rear and all of the current side", []int{1, 2, 3}, 1, 3, false},
		{"two thirds of both", []int{0, 2, 3}, 2, 2, true},
		{"everybody", []int{0, 1, 2, 3}, 3, 3, true},
		{"a bit beyond the set weighs nothing", []int{0, 2, 7}, 2, 1, false},
		{"the bit after the set's last weighs nothing", []int{0, 2, 4}, 2, 1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			signers := ffg.NewBitfield(8)
			for _, i := range tc.signers {
				signers.Set(i)
			}
			rear, current := pair.Powers(signers)
			if rear != (ffg.Power{Lo: tc.rear}) || current != (ffg.Power{Lo: tc.current}) {
				t.Errorf("expected powers %d and %d, found %s and %s", tc.rear, tc.current, rear, current)
			}
			if got := pair.Quorum(signers); got != tc.want {
				t.Errorf("expected quorum %t, found %t", tc.want, got)
			}
		})
	}
	if (ffg.VoterSet{{key(1), 1, 0}}).Quorum(ffg.Bitfield{1}) {
		t.Error("expected no quorum in a set whose one side is empty")
	}
}

func TestPowersAddUpBeyond64Bits(t *testing.T) {
	pair := ffg.VoterSet{{key(1), math.MaxUint64, math.MaxUint64}, {key(2), math.MaxUint64, 1}}
	rear, current := pair.Totals()
	if rear != (ffg.Power{Hi: 1, Lo: math.MaxUint64 - 1}) || current != (ffg.Power{Hi: 1}) {
		t.Errorf("expected totals above 2^64, found %s and %s", rear, current)
	}
	if pair.Quorum(ffg.SingleBit(2, 0)) {
		t.Error("expected half of the rear side to be no quorum")
	}
}

func TestInstallsOnWhatThePairInForceFinalized(t *testing.T) {
	for _, tc := range []struct {
		name                             string
		epoch, finalized, first, period_ uint64
		want                             bool
	}{
		{"the anchor is final, one epoch later", 1, 0, 0, 1, true},
		{"period not over", 9, 5, 0, 10, false},
		{"period just over", 10, 5, 0, 10, true},
		{"finalized the first of the pair", 15, 10, 10, 5, true},
		{"finalized the last of the older pair", 15, 9, 10, 5, false},
		{"period one short since the first", 14, 10, 10, 5, false},
		{"no period at all", 11, 10, 10, 0, true},
		{"the pair's own first checkpoint", 10, 10, 10, 0, false},
		{"before the pair's first checkpoint", 9, 10, 10, 0, false},
		{"period longer than all epochs", math.MaxUint64 - 1, 10, 0, math.MaxUint64, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := ffg.Installs(tc.epoch, tc.finalized, tc.first, tc.period_); got != tc.want {
				t.Errorf("expected %t, found %t", tc.want, got)
			}
		})
	}
}

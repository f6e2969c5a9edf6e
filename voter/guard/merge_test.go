package guard

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
)

// The votes of a small world: epochs up to 7, two forks.
const lastEpoch = 7

func everyVote() (all []ffg.Vote) {
	for target := range uint64(lastEpoch + 1) {
		for source := range target {
			all = append(all, link(source, target, 1), link(source, target, 2))
		}
	}
	return all
}

// allows reports whether the ledger lets a record be signed.
func (l *ledger) allows(r Record) bool {
	_, kind := l.conflict(r)
	return l.knows(r) || kind == 0 && l.floor.above(r)
}

var records = rapid.Custom(func(t *rapid.T) Record {
	target := rapid.Uint64Range(1, lastEpoch).Draw(t, "target")
	v := link(rapid.Uint64Range(0, target-1).Draw(t, "source"), target, rapid.ByteRange(1, 2).Draw(t, "fork"))
	r := recordOf(v)
	if rapid.IntRange(0, 3).Draw(t, "root unknown") == 0 {
		r.Root = ffg.Root{}
	}
	return r
})

// signedSome returns a ledger after some votes and an import, with all that it approved or imported.
func signedSome(t *rapid.T) (*ledger, []Record) {
	l, keep := new(ledger), rapid.SampledFrom([]int{Minimal, 3, Complete}).Draw(t, "keep")
	var approved []Record
	if rapid.Bool().Draw(t, "with an import") {
		approved = rapid.SliceOfN(records, 1, 4).Draw(t, "imported before")
		l, _ = l.merge(approved)
		l.forget(keep)
	}
	for _, r := range rapid.SliceOfN(records, 0, 6).Draw(t, "approved") {
		if r.Root == (ffg.Root{}) || l.knows(r) || !l.allows(r) {
			continue
		}
		l.insert(r)
		l.forget(keep)
		approved = append(approved, r)
	}
	return l, approved
}

func TestAMergedLedgerProtectsAgainstBothSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, approved := signedSome(t)
		file := rapid.SliceOfN(records, 1, 5).Draw(t, "file")
		kept := *before
		kept.records = slices.Clone(before.records)
		merged, clashes := before.merge(file)
		if !reflect.DeepEqual(*before, kept) {
			t.Fatalf("expected the ledger left alone, found %+v", before)
		}
		least := file[0]
		for _, r := range file {
			least.Source, least.Target = min(least.Source, r.Source), min(least.Target, r.Target)
		}
		for _, v := range everyVote() {
			r := recordOf(v)
			allowed := merged.allows(r)
			identical := slices.Contains(file, r) || slices.Contains(approved, r)
			if allowed && !before.allows(r) {
				t.Fatalf("loosened: %+v was refused before, and %+v allows it", r, merged)
			}
			// EIP-3076, conditions 4 and 5.
			if below := r.Source < least.Source || r.Target <= least.Target && !identical; allowed && below {
				t.Fatalf("%+v is below what the file begins with, %+v, and %+v allows it", r, least, merged)
			}
			// Condition 3, and the same for what was approved here.
			slashable := slices.ContainsFunc(slices.Concat(approved, file), func(other Record) bool { return clash(r, other) != 0 })
			if allowed && slashable {
				t.Fatalf("%+v is slashable with the file or with %+v, and %+v allows it", r, approved, merged)
			}
			if must := !slashable && r.Source >= least.Source && r.Target > least.Target && before.allows(r); must && !allowed && len(clashes) == 0 {
				t.Fatalf("%+v conflicts with nothing, and %+v refuses it", r, merged)
			}
		}
		checkInvariants(t, merged)
		if again, _ := merged.merge(file); !reflect.DeepEqual(again, merged) {
			t.Fatalf("again: expected %+v, found %+v", merged, again)
		}
	})
}

func checkInvariants(t *rapid.T, l *ledger) {
	if _, taken := l.find(l.floor.Target); l.floor != (Floor{}) && !taken {
		t.Fatalf("expected a record at the floor, found %+v", l)
	}
	for i, r := range l.records {
		if r.Target < l.floor.Target || r.Target > l.floor.Target && r.Source < l.floor.Source {
			t.Fatalf("expected no record below the floor, found %+v in %+v", r, l)
		}
		if i > 0 && (r.Target <= l.records[i-1].Target || r.Source < l.records[i-1].Source) {
			t.Fatalf("expected records that ascend, found %+v", l)
		}
	}
}

// What was exported protects a new ledger as much as the old one.
func TestAnExportProtectsAsTheLedgerDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, _ := signedSome(t)
		checkInvariants(t, l)
		minimal := rapid.Bool().Draw(t, "minimal")
		exported := l.export(minimal)
		if minimal && len(exported) > 1 {
			t.Fatalf("expected one record at most, found %+v", exported)
		}
		there, clashes := new(ledger).merge(exported)
		if len(clashes) > 0 {
			t.Fatalf("expected an export without clashes, found %+v of %+v", clashes, l)
		}
		for _, v := range everyVote() {
			if r := recordOf(v); there.allows(r) && !l.allows(r) {
				t.Fatalf("%+v is refused by %+v and allowed by %+v", r, l, there)
			}
		}
		if again := there.export(minimal); !reflect.DeepEqual(again, exported) && len(exported) > 0 {
			t.Fatalf("expected the same export again, %+v, found %+v", exported, again)
		}
	})
}

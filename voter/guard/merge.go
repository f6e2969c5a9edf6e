package guard

import (
	"cmp"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// Clash is two votes of one key that must not both have been signed.
type Clash struct{ First, Second Record }

// merge returns what protects against everything that l stands for and the records of an interchange file together, and
// which of them clash. It never loosens. EIP-3076's conditions:
//
//   - (3) what is slashable with any of them is refused: the records of both are remembered. Of a vote that one side knows
//     without its signing root, the merged record has none.
//   - (4, 5) nothing is below the file's lowest source, nor up to its lowest target but for an identical vote: the floor
//     rises to them. What lies between two files is therefore closed, too.
//   - Votes that clash, in the file or between it and l, can't both be remembered as safe: the floor rises above them all, and
//     none of them is signed again.
func (l *ledger) merge(file []Record) (*ledger, []Clash) {
	if len(file) == 0 {
		return l, nil
	}
	lowest := file[0]
	for _, r := range file {
		lowest.Source, lowest.Target = min(lowest.Source, r.Source), min(lowest.Target, r.Target)
	}
	merged := &ledger{floor: l.floor.raise(lowest)}
	all, clashes := l.join(file)
	var top Record // of those with a lower target, the one with the highest source
	for _, r := range all {
		if r.Target > l.floor.Target && top.Source < l.floor.Source {
			top = Record{Source: l.floor.Source, Target: l.floor.Target} // what l has forgotten, too
		}
		if r.Source < top.Source {
			clashes = append(clashes, Clash{First: r.Record, Second: top})
			r.clashes = true
		}
		if r.clashes {
			merged.floor = merged.floor.raise(top).raise(r.Record)
			r.Root = ffg.Root{}
		}
		if r.Source >= top.Source {
			top = r.Record
		}
		merged.records = append(merged.records, r.Record)
	}
	merged.records = slices.DeleteFunc(merged.records, func(r Record) bool { return r.Target < merged.floor.Target })
	return merged, clashes
}

// joined is the record of a target from both sides.
type joined struct {
	Record
	clashes bool // two different votes have this target
}

// join returns the records of both sides by target, ascending, one of each, and the double votes among them.
func (l *ledger) join(file []Record) (all []joined, clashes []Clash) {
	records := slices.Concat(l.records, file)
	slices.SortStableFunc(records, func(a, b Record) int { return cmp.Compare(a.Target, b.Target) })
	for _, r := range records {
		if len(all) == 0 || all[len(all)-1].Target != r.Target {
			all = append(all, joined{Record: r})
			continue
		}
		one := &all[len(all)-1]
		bothKnown := one.Root != ffg.Root{} && r.Root != ffg.Root{}
		if one.Source != r.Source || bothKnown && one.Root != r.Root {
			clashes = append(clashes, Clash{First: one.Record, Second: r})
			one.clashes = true
		}
		one.Source = max(one.Source, r.Source)
		if one.Root != r.Root {
			one.Root = ffg.Root{}
		}
	}
	return all, clashes
}

package guard

import (
	"cmp"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// Clash is two votes of one key that must not both have been signed.
type Clash struct{ First, Second Record }

// merge returns a ledger that protects all votes of l and of an interchange file's records, and the pairs of them that clash.
// It never loosens protection. It meets EIP-3076's conditions:
//
//   - (3) A vote that is slashable with any of the records is refused, since the merged ledger remembers those of both sides. If
//     one side knows a vote without its signing root, the merged record has none.
//   - (4, 5) A vote below the file's lowest source is refused. So is one up to its lowest target, unless it is identical: the
//     floor rises to both. This also closes the gap between two files.
//   - Votes that clash, in the file or between it and l, can't both be safe. The floor rises above all of them, so none of them
//     is signed again.
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
	var top Record // the record with the highest source among those with a lower target
	for _, r := range all {
		if r.Target > l.floor.Target && top.Source < l.floor.Source {
			top = Record{Source: l.floor.Source, Target: l.floor.Target} // stands for the votes that l has forgotten
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

// joined is the record of one target, joined from both sides.
type joined struct {
	Record
	clashes bool // two different votes have this target
}

// join returns the records of both sides, one for each target, ascending, and the double votes among them.
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

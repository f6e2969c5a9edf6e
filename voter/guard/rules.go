package guard

import (
	"cmp"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
)

// Record is a remembered vote: the epochs that it spans, and its signing root. EIP-3076 calls it a signed attestation.
type Record struct {
	Source, Target uint64   // epochs
	Root           ffg.Root // the signing root, or zero if unknown; then no vote counts as identical
}

// Floor stands for forgotten votes, and for votes that another machine may have signed. It is their highest source and their
// highest target. The zero Floor stands for no votes.
type Floor struct{ Source, Target uint64 }

// raise returns the floor that also stands for r.
func (f Floor) raise(r Record) Floor {
	return Floor{Source: max(f.Source, r.Source), Target: max(f.Target, r.Target)}
}

// above reports whether no vote under the floor can conflict with r. A vote (s, t) under it has s ≤ f.Source and
// t ≤ f.Target. Above f.Target r is no double vote of it and not surrounded by it; from f.Source on r doesn't surround it.
func (f Floor) above(r Record) bool { return r.Source >= f.Source && r.Target > f.Target }

// ledger is what one key may have signed in one domain.
//
// Its records ascend by target, and no two of them conflict. So their sources ascend too, though not strictly, and a vote that
// conflicts with any of them conflicts with a neighbour. No record is below floor.Target. If there is a floor, one record is at
// floor.Target, so that it can be signed again.
type ledger struct {
	floor   Floor
	records []Record
}

// find returns the index of a target among the records, and whether there is a record of it.
func (l *ledger) find(target uint64) (at int, taken bool) {
	return slices.BinarySearchFunc(l.records, target, func(r Record, target uint64) int { return cmp.Compare(r.Target, target) })
}

// knows reports whether r is remembered with the same signing root.
func (l *ledger) knows(r Record) bool {
	at, taken := l.find(r.Target)
	return taken && l.records[at] == r && r.Root != ffg.Root{}
}

// conflict returns a record that r conflicts with and the offence, or 0.
func (l *ledger) conflict(r Record) (Record, ffg.OffenceKind) {
	at, taken := l.find(r.Target)
	if taken {
		return l.records[at], clash(l.records[at], r)
	}
	for _, near := range l.records[max(at-1, 0):min(at+1, len(l.records))] {
		if kind := clash(near, r); kind != 0 {
			return near, kind
		}
	}
	return Record{}, 0
}

// clash returns which slashing condition two records break (protocol §8), or 0. Records of one target whose signing roots aren't
// both known count as different.
func clash(a, b Record) ffg.OffenceKind {
	switch {
	case a == b && a.Root != ffg.Root{}:
		return 0
	case a.Target == b.Target:
		return ffg.DoubleVote
	case a.span().Surrounds(b.span()), b.span().Surrounds(a.span()):
		return ffg.SurroundVote
	default:
		return 0
	}
}

func (r Record) span() ffg.Span { return ffg.Span{Source: r.Source, Target: r.Target} }

// insert remembers a record that conflicts with none.
func (l *ledger) insert(r Record) {
	at, _ := l.find(r.Target)
	l.records = slices.Insert(l.records, at, r)
}

// forget raises the floor to the oldest of the newest keep records, and drops the records below. With fewer records it changes
// nothing. With keep 1 it is EIP-3076's minimal strategy: one record, with the floor at it.
func (l *ledger) forget(keep int) {
	if len(l.records) < keep {
		return
	}
	oldest := len(l.records) - keep
	for _, r := range l.records[:oldest+1] {
		l.floor = l.floor.raise(r)
	}
	l.records = slices.Delete(l.records, 0, oldest)
}

// latest is the record with the highest target.
func (l *ledger) latest() (Record, bool) {
	if len(l.records) == 0 {
		return Record{}, false
	}
	return l.records[len(l.records)-1], true
}

package guard

import "github.com/dualchain/dualchain/ffg"

// Floor stands for votes that were forgotten to bound the file: the highest source and the highest target among them.
// The zero Floor stands for no votes.
type Floor struct{ Source, Target uint64 }

// raise returns the floor with one more forgotten vote under it.
func (f Floor) raise(v ffg.Vote) Floor {
	return Floor{Source: max(f.Source, v.Source.Epoch), Target: max(f.Target, v.Target.Epoch)}
}

// check returns nil if no vote under the floor can conflict with v, else a *BelowFloor. A forgotten vote (s, t) has
// s ≤ f.Source and t ≤ f.Target. Above f.Target v is no double vote of it and not surrounded by it; from f.Source
// on v doesn't surround it.
func (f Floor) check(v ffg.Vote) error {
	if v.Source.Epoch < f.Source || v.Target.Epoch <= f.Target {
		return &BelowFloor{Vote: v, Floor: f}
	}
	return nil
}

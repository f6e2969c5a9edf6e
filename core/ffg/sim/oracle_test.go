package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

// Over arbitrary trees and links, slashable or not, the rules applied link by link give the same result as the
// definition.
func TestJudgementFollowsTheDefinition(t *testing.T) {
	finals := 0
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var side ffg.Side
		for v := range 4 {
			side = append(side, ffg.Member{Key: voterKey(v), Power: 1})
		}
		trunk := NewFork(RealRules(), 100, side)
		tree := NewTree(trunk.Checkpoint(0), trunk.Voters(0))
		forks := []*Fork{trunk}
		for i := range 9 {
			f := forks[rng.IntN(len(forks))]
			if rng.IntN(5) == 0 {
				f = f.Clone()
				forks = append(forks, f)
			}
			if err := f.Propose(ffg.Domain(fmt.Sprint(i)), nil); err != nil {
				t.Fatal(err)
			}
			if err := tree.Add(f.Checkpoint(f.Head()), f.Voters(f.Head())); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			f := forks[rng.IntN(len(forks))]
			if f.Head() == 0 {
				continue
			}
			target := 1 + rng.Uint64N(f.Head())
			vote := ffg.Vote{Source: f.Checkpoint(target - 1 - min(target-1, rng.Uint64N(3))).Ref(), Target: f.Checkpoint(target).Ref()}
			for v := range 2 + rng.IntN(3) {
				tree.Sign(voterKey(v), vote)
			}
		}
		justified, finalized, err := tree.judge(RealRules())
		if err != nil {
			t.Fatal(err)
		}
		wantJustified, wantFinalized := tree.define()
		if !slices.Equal(justified, wantJustified) || !slices.Equal(finalized, wantFinalized) {
			t.Fatalf("seed %d: expected %v and %v, found %v and %v", seed, wantJustified, wantFinalized, justified, finalized)
		}
		for at, final := range finalized {
			if final && at > 0 {
				finals++
			}
		}
	}
	if finals < 3000 {
		t.Errorf("expected at least one finalized checkpoint a tree, found %d in all", finals)
	}
}

func TestTreeRefusesCheckpointsThatHangInTheAir(t *testing.T) {
	side := ffg.Side{{Key: voterKey(1), Power: 1}}
	f := NewFork(RealRules(), 100, side)
	for i := range 2 {
		if err := f.Propose(ffg.Domain(fmt.Sprint(i)), nil); err != nil {
			t.Fatal(err)
		}
	}
	tree := NewTree(f.Checkpoint(0), f.Voters(0))
	if err := tree.Add(f.Checkpoint(2), f.Voters(2)); err == nil {
		t.Error("expected the parent to be missing")
	}
	broken := f.Checkpoint(1)
	broken.Height = 0
	if err := tree.Add(broken, f.Voters(1)); err == nil {
		t.Error("expected a checkpoint that does not extend its parent to be refused")
	}
}

package sim_test

import (
	"errors"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/ffg/sim"
)

func villains() []sim.Adversary {
	all := []sim.Adversary{
		sim.Absent(), sim.Equivocate(), sim.Surround(), sim.Withhold(), sim.Late(), sim.Partition(), sim.Rotate(),
	}
	return append(all, sim.Together("all together", all...), sim.Together("split and rotate", sim.Equivocate(), sim.Rotate(), sim.Late()))
}

func schedule(seed uint64, bounded bool) sim.Schedule {
	return sim.Schedule{Seed: seed, Steps: 400, Common: 2, MaxEpochs: 12, MaxForks: 3, SetSize: 4, Bounded: bounded}
}

// While hostile voters hold less than a third of every set, no adversary makes two conflicting checkpoints final. Once
// the adversary stops, honest voters finalize something new.
func TestHonestTwoThirdsAreSafeAndAlive(t *testing.T) {
	for _, villain := range villains() {
		t.Run(villain.Name, func(t *testing.T) {
			var finalized, pairs uint64
			for seed := range uint64(60) {
				w := sim.NewWorld(sim.RealRules(), villain, schedule(seed, true))
				if err := errors.Join(w.Run(), w.Check()); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				for _, f := range w.Forks {
					finalized, pairs = max(finalized, f.Finalized()), max(pairs, f.Checkpoint(f.Head()).Pair)
				}
				if err := w.Revive(); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			if finalized < 3 || pairs < 2 {
				t.Errorf("expected finality and rotation in the midst of the attack, found epoch %d final and pair %d", finalized, pairs)
			}
		})
	}
}

// With any number of hostile voters, two conflicting checkpoints are final only at the cost of a third of a set.
func TestEveryViolationIsPaidFor(t *testing.T) {
	conflicts := map[string]int{}
	for _, villain := range villains() {
		t.Run(villain.Name, func(t *testing.T) {
			for seed := range uint64(100) {
				w := sim.NewWorld(sim.RealRules(), villain, schedule(seed, false))
				if err := errors.Join(w.Run(), w.Check()); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if _, _, found, _ := w.Tree.Conflict(sim.RealRules()); found {
					conflicts[villain.Name]++
				}
			}
		})
	}
	if conflicts["equivocate"] < 5 {
		t.Errorf("expected equivocation to succeed in at least 5 runs, found %v", conflicts)
	}
	t.Logf("conflicts by villain: %v", conflicts)
}

// Random runs find the coarser mistakes too; the exhaustive search finds the finer ones.
func TestRandomRunsCatchCoarseMutants(t *testing.T) {
	third := sim.RealRules()
	third.Quorum = func(voters ffg.VoterSet, signers ffg.Bitfield) bool {
		rear, current := voters.Powers(signers)
		allRear, allCurrent := voters.Totals()
		return ffg.AtLeastThird(rear, allRear) && ffg.AtLeastThird(current, allCurrent)
	}
	accountable := func(w *sim.World, rules sim.Rules) error { return w.Tree.Accountable(rules) }
	revive := func(w *sim.World, _ sim.Rules) error { return w.Revive() }
	for _, tc := range []struct {
		name    string
		rules   sim.Rules
		villain sim.Adversary
		judge   func(*sim.World, sim.Rules) error
		want    error
	}{
		{"a third is a quorum", third, sim.Partition(), accountable, sim.ErrConflict},
		{"any descendant finalizes", sim.WithAnyDescendant(), sim.Late(), accountable, sim.ErrConflict},
		{"same source punished", sim.WithWideSurround(), sim.Partition(), revive, sim.ErrStuck},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for seed := range uint64(500) {
				w := sim.NewWorld(tc.rules, tc.villain, schedule(seed, true))
				if err := w.Run(); err != nil {
					t.Fatal(err)
				}
				if err := tc.judge(w, tc.rules); errors.Is(err, tc.want) {
					t.Logf("seed %d: %v", seed, err)
					return
				}
			}
			t.Errorf("expected %v in one of 500 runs, found none", tc.want)
		})
	}
}

func TestEqualSchedulesRunEqually(t *testing.T) {
	run := func() *sim.World {
		w := sim.NewWorld(sim.RealRules(), sim.Together("all", villains()...), schedule(7, false))
		if err := w.Run(); err != nil {
			t.Fatal(err)
		}
		return w
	}
	a, b := run(), run()
	if len(a.Forks) != len(b.Forks) || len(a.Voters) != len(b.Voters) {
		t.Fatalf("expected equal worlds, found %d and %d forks, %d and %d voters", len(a.Forks), len(b.Forks), len(a.Voters), len(b.Voters))
	}
	for i := range a.Forks {
		if got, want := b.Forks[i].Checkpoint(b.Forks[i].Head()), a.Forks[i].Checkpoint(a.Forks[i].Head()); got != want {
			t.Errorf("fork %d: expected %+v, found %+v", i, want, got)
		}
	}
}

package sim_test

import (
	"errors"
	"flag"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/ffg/sim"
)

var deep = flag.Bool("deep", false, "also search the largest bounds (minutes, 2 GB)")

// search builds a model under some rules and visits all of its states.
type search func(t *testing.T, rules sim.Rules) sim.Result

func fixed(honest int, hostile uint64, last int) search {
	return func(t *testing.T, rules sim.Rules) sim.Result {
		m, err := sim.NewFixed(rules, honest, hostile, last)
		if err != nil {
			t.Fatal(err)
		}
		return sim.Search(m)
	}
}

func installing(common, last int) search {
	return func(t *testing.T, rules sim.Rules) sim.Result {
		m, err := sim.NewInstalling(rules, common, last)
		if err != nil {
			t.Fatal(err)
		}
		return sim.Search(m)
	}
}

// The numbers of states show when a model changes. TLC counts 826,449 too, for KFinality with V = 3, MAXE = 4.
func TestRealRulesHoldInEveryReachableState(t *testing.T) {
	for _, tc := range []struct {
		name   string
		search search
		states int
		deep   bool
	}{
		{"two voters, 4 epochs", fixed(2, 0, 4), 6_801, false},
		{"three voters, 4 epochs", fixed(3, 0, 4), 826_449, false},
		{"three voters against one hostile, 4 epochs", fixed(3, 1, 4), 826_449, true},
		{"four voters against one hostile, 3 epochs", fixed(4, 1, 3), 76_563, false},
		{"rotation, 1 common epoch of 4", installing(1, 4), 11_237, false},
		{"rotation, 1 common epoch of 5", installing(1, 5), 143_473, false},
		{"rotation, 2 common epochs of 5", installing(2, 5), 218_305, false},
		{"rotation, 1 common epoch of 6", installing(1, 6), 2_014_699, true},
		{"rotation, 2 common epochs of 6", installing(2, 6), 5_006_106, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.deep && !*deep {
				t.Skip("only with -deep")
			}
			result := tc.search(t, sim.RealRules())
			if result.Violation != nil {
				t.Fatalf("%v after\n%s", result.Violation, strings.Join(result.Trace, "\n"))
			}
			if result.States != tc.states {
				t.Errorf("expected %d states, found %d", tc.states, result.States)
			}
		})
	}
}

// Each search must be able to fail: it passes under the real rules and finds what each broken rule allows.
func TestSearchCatchesEveryMutant(t *testing.T) {
	for _, tc := range []struct {
		name   string
		mutant sim.Rules
		search search
		want   error
	}{
		{"surround votes unpunished", sim.WithoutSurround(), fixed(2, 0, 4), sim.ErrConflict},
		{"any descendant finalizes", sim.WithAnyDescendant(), fixed(2, 0, 4), sim.ErrConflict},
		{"quorum off by one", sim.WithLaxQuorum(), fixed(2, 0, 4), sim.ErrConflict},
		{"same source punished", sim.WithWideSurround(), fixed(2, 0, 4), sim.ErrStuck},
		{"rotation without the rear set", sim.WithoutRear(), installing(1, 4), sim.ErrConflict},
		{"rotation on what an older pair finalized", sim.WithOldInstalls(), installing(1, 5), sim.ErrConflict},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if result := tc.search(t, sim.RealRules()); result.Violation != nil {
				t.Fatalf("real rules: %v after\n%s", result.Violation, strings.Join(result.Trace, "\n"))
			}
			result := tc.search(t, tc.mutant)
			if !errors.Is(result.Violation, tc.want) {
				t.Fatalf("expected %v, found %v in %d states", tc.want, result.Violation, result.States)
			}
			t.Logf("%v after\n%s", result.Violation, strings.Join(result.Trace, "\n"))
		})
	}
}

func TestModelsRefuseWhatTheyCannotHold(t *testing.T) {
	for name, build := range map[string]func() error{
		"no honest voter":          func() error { _, err := sim.NewFixed(sim.RealRules(), 0, 0, 2); return err },
		"five honest voters":       func() error { _, err := sim.NewFixed(sim.RealRules(), 5, 0, 2); return err },
		"a third hostile and more": func() error { _, err := sim.NewFixed(sim.RealRules(), 3, 2, 2); return err },
		"six fixed epochs":         func() error { _, err := sim.NewFixed(sim.RealRules(), 1, 0, 6); return err },
		"eight epochs":             func() error { _, err := sim.NewInstalling(sim.RealRules(), 0, 8); return err },
	} {
		if build() == nil {
			t.Errorf("%s: expected an error", name)
		}
	}
}

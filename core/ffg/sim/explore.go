package sim

import (
	"errors"
	"slices"
)

// Violations that the models, trees and worlds of this package find.
var (
	ErrConflict = errors.New("conflicting checkpoints are final") // and too few voters are guilty
	ErrStuck    = errors.New("honest voters cannot go on")        // nothing new can become final
)

// Model is a finite world whose states Search visits. States are values: indistinguishable states are equal.
type Model[S comparable] interface {
	// Start returns the first state.
	Start() S
	// Next yields every state that is reachable in one step, in any order. It may repeat states.
	Next(s S, yield func(S))
	// Check returns what is wrong with a state, or nil.
	Check(s S) error
	// Step describes the step from one state to the next.
	Step(from, to S) string
}

// Result is the result of Search.
type Result struct {
	States    int      // states visited: all of them unless Violation is set
	Violation error    // Check's error for the nearest bad state
	Trace     []string // steps from the start to that state
}

// Search visits every reachable state, nearest first, and stops at the first one that fails its check.
func Search[S comparable](m Model[S]) Result {
	start := m.Start()
	states, parents := []S{start}, []int32{-1}
	known := map[S]struct{}{start: {}}
	for at := 0; at < len(states); at++ {
		if err := m.Check(states[at]); err != nil {
			return Result{States: len(states), Violation: err, Trace: trace(m, states, parents, at)}
		}
		m.Next(states[at], func(next S) {
			if _, ok := known[next]; !ok {
				known[next] = struct{}{}
				states, parents = append(states, next), append(parents, int32(at))
			}
		})
	}
	return Result{States: len(states)}
}

func trace[S comparable](m Model[S], states []S, parents []int32, at int) (steps []string) {
	for ; parents[at] >= 0; at = int(parents[at]) {
		steps = append(steps, m.Step(states[parents[at]], states[at]))
	}
	slices.Reverse(steps)
	return steps
}

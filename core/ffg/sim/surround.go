package sim

import "github.com/dualchain/dualchain/core/ffg"

// Surround returns the adversary whose voters sign links between any two checkpoints of a fork, canonical or not. Such
// votes count in certificates that are made off chain.
func Surround() Adversary {
	return Adversary{Name: "surround", Votes: func(w *World, v *Voter) error {
		f := w.Forks[w.rng.IntN(len(w.Forks))]
		for target := f.Head(); target > 0; target-- {
			source := w.rng.Uint64N(target)
			w.Sign(v, ffg.Vote{Source: f.Checkpoint(source).Ref(), Target: f.Checkpoint(target).Ref()})
		}
		return nil
	}}
}

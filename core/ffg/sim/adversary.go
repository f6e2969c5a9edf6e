package sim

import "github.com/dualchain/dualchain/core/ffg"

// Adversary is one adversary: what it does where hostile voters and proposers decide. A nil field acts honestly.
type Adversary struct {
	Name string
	// Hears reports whether the network shows a fork to a voter at this moment.
	Hears func(w *World, v *Voter, fork int) bool
	// Includes reports whether the proposers of a fork include a vote in the next block.
	Includes func(w *World, fork int, s Signed) bool
	// Votes takes the turn of a hostile voter.
	Votes func(w *World, v *Voter) error
	// Elects returns the eligible set of a fork that installs a pair. World.Elect keeps it bounded.
	Elects func(w *World, fork int) ffg.Side
}

// Together returns an adversary that at every turn acts as a random one of the given adversaries.
func Together(name string, villains ...Adversary) Adversary {
	one := func(w *World) Adversary { return villains[w.rng.IntN(len(villains))] }
	return Adversary{
		Name:     name,
		Hears:    func(w *World, v *Voter, fork int) bool { return w.hears(one(w), v, fork) },
		Includes: func(w *World, fork int, s Signed) bool { return w.includes(one(w), fork, s) },
		Votes:    func(w *World, v *Voter) error { return w.votes(one(w), v) },
		Elects:   func(w *World, fork int) ffg.Side { return w.elects(one(w), fork) },
	}
}

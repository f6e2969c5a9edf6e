package sim

import "github.com/dualchain/dualchain/core/ffg"

// Rotate returns the villain that replaces all voters whenever a fork installs a pair, by nobody who voted before on any.
func Rotate() Adversary {
	return Adversary{Name: "rotate", Elects: func(w *World, _ int) ffg.Side { return w.Elect(0) }}
}

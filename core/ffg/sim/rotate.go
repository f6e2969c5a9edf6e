package sim

import "github.com/dualchain/dualchain/core/ffg"

// Rotate returns the adversary that replaces all voters by new ones when a fork installs a pair.
func Rotate() Adversary {
	return Adversary{Name: "rotate", Elects: func(w *World, _ int) ffg.Side { return w.Elect(0) }}
}

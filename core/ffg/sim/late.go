package sim

// Late returns the adversary whose proposers leave out most votes at any moment. So forks learn at different times, and
// in another order, which common checkpoints are justified.
func Late() Adversary {
	return Adversary{Name: "late", Includes: func(w *World, _ int, _ Signed) bool { return w.rng.IntN(6) == 0 }}
}

package sim

// Late returns the villain whose proposers leave most votes out at any moment, so that forks learn at different times,
// and in another order, what they have justified in common.
func Late() Adversary {
	return Adversary{Name: "late", Includes: func(w *World, _ int, _ Signed) bool { return w.rng.IntN(6) == 0 }}
}

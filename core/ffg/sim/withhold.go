package sim

// Withhold returns the villain that votes like everybody else but lets its votes out two epochs late, so that every
// deciding vote falls past the boundary that it decides on (protocol §5: why k = 1 is not enough).
func Withhold() Adversary {
	return Adversary{Name: "withhold", Includes: func(w *World, fork int, s Signed) bool {
		return !s.Voter.Hostile || s.Vote.Target.Epoch+2 <= w.Forks[fork].Head()
	}}
}

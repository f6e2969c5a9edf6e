package sim

// Withhold returns the adversary that casts honest votes but releases them two epochs late. So every deciding vote comes
// after the boundary that it decides (protocol §5 says why k = 1 is not enough).
func Withhold() Adversary {
	return Adversary{Name: "withhold", Includes: func(w *World, fork int, s Signed) bool {
		return !s.Voter.Hostile || s.Vote.Target.Epoch+2 <= w.Forks[fork].Head()
	}}
}

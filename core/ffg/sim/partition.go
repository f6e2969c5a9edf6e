package sim

// Partition returns the adversary that shows each voter only one fork.
func Partition() Adversary {
	return Adversary{Name: "partition", Hears: func(w *World, v *Voter, fork int) bool {
		return v.Number%len(w.Forks) == fork
	}}
}

package sim

// Partition returns the villain that shows each voter one fork only.
func Partition() Adversary {
	return Adversary{Name: "partition", Hears: func(w *World, v *Voter, fork int) bool {
		return v.Number%len(w.Forks) == fork
	}}
}

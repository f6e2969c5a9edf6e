package sim

// Absent returns the adversary whose voters never vote.
func Absent() Adversary {
	return Adversary{Name: "absent", Votes: func(*World, *Voter) error { return nil }}
}

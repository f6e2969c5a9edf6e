package sim

// Equivocate returns the adversary whose voters sign everything that each fork would count.
func Equivocate() Adversary {
	return Adversary{Name: "equivocate", Votes: func(w *World, v *Voter) error {
		for _, f := range w.Forks {
			for e := uint64(1); e <= f.Head(); e++ {
				if _, ok := f.Voters(e).Position(v.Key); ok {
					w.Sign(v, f.Vote(e))
				}
			}
		}
		return nil
	}}
}

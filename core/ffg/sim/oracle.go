package sim

// define returns which nodes are justified and which are finalized by the definitions of protocol §5, word for word, over
// arbitrary links. It checks ffg.Finalizes and shares no code with it.
func (t *Tree) define() (justified, finalized []bool) {
	justified, finalized = make([]bool, len(t.nodes)), make([]bool, len(t.nodes))
	justified[0], finalized[0] = true, true
	supermajority := func(l edge) bool {
		voters := t.nodes[l.target].voters
		rear, current := voters.Powers(l.signers)
		allRear, allCurrent := voters.Totals()
		return 3*rear.Lo >= 2*allRear.Lo && 3*current.Lo >= 2*allCurrent.Lo && justified[l.source]
	}
	for changed := true; changed; {
		changed = false
		for _, l := range t.links {
			if !justified[l.target] && supermajority(l) {
				justified[l.target], changed = true, true
			}
		}
	}
	for _, l := range t.links {
		every := supermajority(l)
		for between := l.target; between != l.source; between = t.nodes[between].parent {
			every = every && justified[between]
		}
		finalized[l.source] = finalized[l.source] || every
	}
	return justified, finalized
}

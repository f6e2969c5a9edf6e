package watch

import (
	"sync"

	"github.com/dualchain/dualchain/core/ffg"
)

// maxPlaces bounds the bits that are remembered for a node, far above the keys of a process. Above it they are asked for again.
const maxPlaces = 1 << 16

// places are the bits of keys in one voter set, as a node has told them. A bit depends only on the set's hash and the key, so it is asked
// for once per set. That a key has none is asked each time: a node that erred once must not keep a key from voting. Each node has places of
// its own, so that none is believed about another's answers.
type places struct {
	mu   sync.Mutex
	set  ffg.Root
	size int
	of   map[ffg.PublicKey]int
}

// place returns a key's bit in the voter set of a duty, and whether it is known.
func (p *places) place(key ffg.PublicKey, duty Duty) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set != duty.VoterSetHash || p.size != duty.Size {
		return 0, false
	}
	position, known := p.of[key]
	return position, known
}

// keep remembers the bit in a key's duty, and forgets those in other voter sets.
func (p *places) keep(key ffg.PublicKey, duty Duty) {
	if !duty.Member {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set != duty.VoterSetHash || p.size != duty.Size || len(p.of) >= maxPlaces {
		p.set, p.size, p.of = duty.VoterSetHash, duty.Size, map[ffg.PublicKey]int{}
	}
	p.of[key] = duty.Position
}

// forget makes the next round ask for a key's bit again.
func (p *places) forget(key ffg.PublicKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.of, key)
}

// Doubt makes the next round ask again for the bit of a key that the duty's node has told, because a vote with it is refused or not
// recorded.
func (p *Pool) Doubt(duty Duty, key ffg.PublicKey) {
	if duty.from != nil {
		duty.from.forget(key)
	}
}

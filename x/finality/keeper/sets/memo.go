package sets

import (
	"sync"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
)

// Set is a stitched voter set ready for use.
type Set struct {
	Hash          ffg.Root
	Voters        ffg.VoterSet
	Keys          *bls.KeySet
	Rear, Current ffg.Power // totals
}

// memo remembers voter sets by their hash, in memory. It works out again what it has forgotten; no state transition can tell the
// difference.
type memo struct {
	keys *bls.Cache

	mu         sync.Mutex
	sets       map[ffg.Root]*Set
	successors map[[2]ffg.Root]*Set // by (hash of the pair, hash of its next set)
}

// maxCachedSets bounds the memory: a set of 10,000 voters takes about 6 MB.
const maxCachedSets = 16

func newMemo(keys *bls.Cache) *memo {
	return &memo{keys: keys, sets: map[ffg.Root]*Set{}, successors: map[[2]ffg.Root]*Set{}}
}

// newSet works out the set with this hash.
func (m *memo) newSet(hash ffg.Root, voters ffg.VoterSet) (*Set, error) {
	keys := make([]*bls.PublicKey, len(voters))
	for i, voter := range voters {
		key, err := m.keys.Parse(voter.Key)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	s := &Set{Hash: hash, Voters: voters, Keys: bls.NewKeySet(keys)}
	s.Rear, s.Current = voters.Totals()
	return s, nil
}

func (m *memo) set(hash ffg.Root) (*Set, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, found := m.sets[hash]
	return s, found
}

func (m *memo) addSet(s *Set) {
	m.mu.Lock()
	defer m.mu.Unlock()
	state.Remember(m.sets, s.Hash, s, maxCachedSets)
}

// prepare remembers a set before anybody asks for it, so that the first votes of an installed pair cost a block no more
// than those that follow. It leaves out a set with a bad key: Set returns that error.
func (m *memo) prepare(hash ffg.Root, voters ffg.VoterSet) {
	if _, known := m.set(hash); known {
		return
	}
	if s, err := m.newSet(hash, voters); err == nil {
		m.addSet(s)
	}
}

func (m *memo) successor(pair, next ffg.Root) (*Set, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, found := m.successors[[2]ffg.Root{pair, next}]
	return s, found
}

func (m *memo) addSuccessor(pair, next ffg.Root, s *Set) {
	m.mu.Lock()
	defer m.mu.Unlock()
	state.Remember(m.successors, [2]ffg.Root{pair, next}, s, maxCachedSets)
}

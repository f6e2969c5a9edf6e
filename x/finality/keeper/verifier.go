package keeper

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// verifier remembers, in memory, what is a pure function of its key: voter sets by their hash, and aggregates that
// verified by their content. So ProcessProposal and FinalizeBlock share one verification, and no key is decompressed
// twice. What it has forgotten it works out again; no state transition can tell the difference.
type verifier struct {
	keys *bls.Cache

	mu         sync.Mutex
	sets       map[ffg.Root]*set
	successors map[[2]ffg.Root]*set // by (hash of the pair, hash of its next set)
	verified   map[[32]byte]struct{}
}

// Bounds of the memory: a set of 10,000 voters takes about 6 MB, a verified aggregate 40 bytes, a key 350.
const (
	maxCachedSets     = 16
	maxCachedVerified = 1 << 16
	maxCachedKeys     = 1 << 17
)

// set is a stitched voter set ready for use.
type set struct {
	hash          ffg.Root
	voters        ffg.VoterSet
	keys          *bls.KeySet
	rear, current ffg.Power // totals
}

func newVerifier() *verifier {
	return &verifier{
		keys:       bls.NewCache(maxCachedKeys),
		sets:       map[ffg.Root]*set{},
		successors: map[[2]ffg.Root]*set{},
		verified:   map[[32]byte]struct{}{},
	}
}

// newSet works out the set with this hash.
func (v *verifier) newSet(hash ffg.Root, voters ffg.VoterSet) (*set, error) {
	keys := make([]*bls.PublicKey, len(voters))
	for i, voter := range voters {
		key, err := v.keys.Parse(voter.Key)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	s := &set{hash: hash, voters: voters, keys: bls.NewKeySet(keys)}
	s.rear, s.current = voters.Totals()
	return s, nil
}

func (v *verifier) set(hash ffg.Root) (*set, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, found := v.sets[hash]
	return s, found
}

func (v *verifier) addSet(s *set) {
	v.mu.Lock()
	defer v.mu.Unlock()
	remember(v.sets, s.hash, s, maxCachedSets)
}

// prepare remembers a set before anybody asks for it, so that the first votes of an installed pair cost a block no more
// than those that follow. A set with a bad key is not remembered: whoever asks for it learns why.
func (v *verifier) prepare(hash ffg.Root, voters ffg.VoterSet) {
	if _, known := v.set(hash); known {
		return
	}
	if s, err := v.newSet(hash, voters); err == nil {
		v.addSet(s)
	}
}

func (v *verifier) successor(pair, next ffg.Root) (*set, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s, found := v.successors[[2]ffg.Root{pair, next}]
	return s, found
}

func (v *verifier) addSuccessor(pair, next ffg.Root, s *set) {
	v.mu.Lock()
	defer v.mu.Unlock()
	remember(v.successors, [2]ffg.Root{pair, next}, s, maxCachedSets)
}

// verify checks the aggregate's signature by its signers in s, whose bitfield must be valid for s.
func (v *verifier) verify(s *set, agg ffg.AggregateVote, domain ffg.Root) error {
	root := agg.Vote.SigningRoot(domain)
	id := contentID(s.hash, root, agg)
	v.mu.Lock()
	_, known := v.verified[id]
	v.mu.Unlock()
	if known {
		return nil
	}
	if err := s.keys.VerifyAggregate(agg.Signers.Indices(), agg.Signers.Count(), root, agg.Signature); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	remember(v.verified, id, struct{}{}, maxCachedVerified)
	return nil
}

// contentID commits to everything that the verdict depends on.
func contentID(set, root ffg.Root, agg ffg.AggregateVote) [32]byte {
	h := sha256.New()
	h.Write(set[:])
	h.Write(root[:])
	h.Write(agg.Signature[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(agg.Signers))))
	h.Write(agg.Signers)
	return [32]byte(h.Sum(nil))
}

// remember adds to a map, dropping an arbitrary entry when it is full.
func remember[K comparable, V any](m map[K]V, key K, value V, size int) {
	if _, known := m[key]; !known && len(m) >= size {
		for old := range m {
			delete(m, old)
			break
		}
	}
	m[key] = value
}

package votes

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/keeper/sets"
)

// verified remembers, in memory, aggregates that verified, by their content. So ProcessProposal and FinalizeBlock share one
// verification. It verifies again what it has forgotten; no state transition can tell the difference.
type verified struct {
	mu      sync.Mutex
	content map[[32]byte]struct{}
}

// maxVerified bounds the memory, at 40 bytes an aggregate.
const maxVerified = 1 << 16

func newVerified() *verified { return &verified{content: map[[32]byte]struct{}{}} }

// verify checks the aggregate's signature by its signers in s, whose bitfield must be valid for s.
func (v *verified) verify(s *sets.Set, agg ffg.AggregateVote, domain ffg.Root) error {
	root := agg.Vote.SigningRoot(domain)
	id := contentID(s.Hash, root, agg)
	v.mu.Lock()
	_, known := v.content[id]
	v.mu.Unlock()
	if known {
		return nil
	}
	if err := s.Keys.VerifyAggregate(agg.Signers.Indices(), agg.Signers.Count(), root, agg.Signature); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	state.Remember(v.content, id, struct{}{}, maxVerified)
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

package votes

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/keeper/sets"
	"github.com/dualchain/dualchain/x/finality/types"
)

// verified remembers, in memory, what verified, by its content. So ProcessProposal and FinalizeBlock share one verification. It
// verifies again what it has forgotten; no state transition can tell the difference, and the gas is the same.
type verified struct {
	mu      sync.Mutex
	content map[[32]byte]struct{}
}

// maxVerified bounds the memory, at 40 bytes an entry.
const maxVerified = 1 << 16

func newVerified() *verified { return &verified{content: map[[32]byte]struct{}{}} }

func (v *verified) has(id [32]byte) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, known := v.content[id]
	return known
}

func (v *verified) add(ids ...[32]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, id := range ids {
		state.Remember(v.content, id, struct{}{}, maxVerified)
	}
}

// verify checks the aggregate's signature by its signers in s, whose bitfield must be valid for s.
func (v *verified) verify(s *sets.Set, agg ffg.AggregateVote, domain ffg.Root) error {
	root := agg.Vote.SigningRoot(domain)
	id := contentID(s.Hash, root, agg)
	if v.has(id) {
		return nil
	}
	if err := s.Keys.VerifyAggregate(agg.Signers.Indices(), agg.Signers.Count(), root, agg.Signature); err != nil {
		return err
	}
	v.add(id)
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

// possession is a claim to possess a key.
type possession struct {
	key   *bls.PublicKey
	root  ffg.Root // which contains the key's bytes
	proof ffg.Signature
}

func (p possession) id() [32]byte {
	h := sha256.New()
	h.Write(p.root[:])
	h.Write(p.proof[:])
	return [32]byte(h.Sum(nil))
}

// possessions checks all claims together, but for those that it remembers. Errors: types.ErrInvalidPossession.
func (v *verified) possessions(claims []possession) error {
	var ids, roots [][32]byte
	var keys []*bls.PublicKey
	var proofs [][bls.SignatureSize]byte
	for _, claim := range claims {
		if id := claim.id(); !v.has(id) {
			ids, roots = append(ids, id), append(roots, claim.root)
			keys, proofs = append(keys, claim.key), append(proofs, claim.proof)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := bls.VerifyPossessions(keys, roots, proofs); err != nil {
		return types.ErrInvalidPossession.Wrap(err.Error())
	}
	v.add(ids...)
	return nil
}

package cert

import (
	"bytes"
	"errors"
	"fmt"

	ics23 "github.com/cosmos/ics23/go"

	"github.com/dualchain/dualchain/core/ffg"
)

// StateProof shows what a store of the application has under a key, or that it has nothing: ICS-23 proofs of the key in
// the store's IAVL tree and of the store in the multistore, whose root is the app hash. The state after block h has its
// app hash in the header of block h + 1.
type StateProof struct {
	Store string `json:"store"`
	Key   Bytes  `json:"key,omitempty"`
	// Value is empty if the store does not have the key: IAVL has no empty values.
	Value Bytes `json:"value,omitempty"`
	// InStore and InApp are ics23.CommitmentProof in protobuf, as an ABCI query with prove returns them.
	InStore Bytes      `json:"in_store,omitempty"`
	InApp   Bytes      `json:"in_app,omitempty"`
	App     FieldProof `json:"app_hash"`
	Block   BlockProof `json:"block"` // the block after the state's
}

// maxCommitment bounds each of a state's two ICS-23 proofs in bytes. A tree of 2⁶⁴ keys has proofs of a twentieth of that,
// and reading a hostile one takes many times its size.
const maxCommitment = 64 << 10

// validate checks what both forms require.
func (p StateProof) validate() error {
	for _, proof := range []struct {
		name string
		size int
	}{{"in_store", len(p.InStore)}, {"in_app", len(p.InApp)}} {
		if proof.size > maxCommitment {
			return fmt.Errorf("%s: expected at most %d bytes, found %d: %w", proof.name, maxCommitment, proof.size, ErrEncoding)
		}
	}
	return validateName("store", p.Store)
}

// Height returns the height of the block after which the state was this, provided that Verify succeeds.
func (p StateProof) Height() uint64 { return p.Block.Height - 1 }

// Exists reports whether the store has the key, provided that Verify succeeds.
func (p StateProof) Exists() bool { return len(p.Value) > 0 }

// Verify checks that the state was this after a block whose successor is under the checkpoint. The error is a *StepError
// of StepInclusion, StepHeader or StepState.
func (p StateProof) Verify(under ffg.Checkpoint) error {
	if err := p.Block.Verify(under); err != nil {
		return err
	}
	if err := p.App.verify(FieldAppHash, p.Block.Hash); err != nil {
		return fail(StepHeader, 0, "app hash of block %d: %w", p.Block.Height, err)
	}
	if err := p.verifyState(); err != nil {
		return fail(StepState, 0, "key %x of store %s after block %d: %w", []byte(p.Key), p.Store, p.Height(), err)
	}
	return nil
}

// verifyState checks the two ICS-23 proofs against the app hash.
func (p StateProof) verifyState() error {
	inApp, err := decodeCommitment(p.InApp)
	if err != nil {
		return fmt.Errorf("store in the multistore: %w", err)
	}
	inStore, err := decodeCommitment(p.InStore)
	if err != nil {
		return fmt.Errorf("key in the store: %w", err)
	}
	// The proof that the store is there says which root it claims to have; the app hash vouches for it.
	storeRoot := inApp.GetExist().GetValue()
	if !verifyCommitment(ics23.TendermintSpec, p.App.Hash[:], inApp, []byte(p.Store), storeRoot) {
		return fmt.Errorf("store in the multistore: %w", errCommitment)
	}
	if !verifyCommitment(ics23.IavlSpec, storeRoot, inStore, p.Key, p.Value) {
		return fmt.Errorf("key in the store: %w", errCommitment)
	}
	return nil
}

var errCommitment = errors.New("the ICS-23 proof does not lead to the root")

// decodeCommitment reads a proof of one key's existence or absence in the encoding that ics23 itself writes.
func decodeCommitment(b []byte) (*ics23.CommitmentProof, error) {
	proof := new(ics23.CommitmentProof)
	if err := proof.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrEncoding)
	}
	if proof.GetExist() == nil && proof.GetNonexist() == nil {
		return nil, fmt.Errorf("expected a proof of existence or of absence: %w", ErrEncoding)
	}
	if again, err := proof.Marshal(); err != nil || !bytes.Equal(again, b) {
		return nil, fmt.Errorf("another encoding of the same ICS-23 proof: %w", ErrEncoding)
	}
	return proof, nil
}

// verifyCommitment checks that a tree has the value under the key, or no such key if value is empty. The library panics on
// some proofs that no tree has, which therefore prove nothing.
func verifyCommitment(spec *ics23.ProofSpec, root []byte, proof *ics23.CommitmentProof, key, value []byte) (ok bool) {
	defer func() { _ = recover() }() // ok is false then
	if len(value) > 0 {
		return ics23.VerifyMembership(spec, root, proof, key, value)
	}
	return ics23.VerifyNonMembership(spec, root, proof, key)
}

func (p StateProof) write(w *writer) {
	w.bytes(1, []byte(p.Store))
	w.bytes(2, p.Key)
	w.bytes(4, p.Value)
	w.bytes(4, p.InStore)
	w.bytes(4, p.InApp)
	p.App.write(w)
	p.Block.write(w)
}

func readStateProof(r *reader) StateProof {
	return StateProof{
		Store: string(r.bytes(1)), Key: r.bytes(2), Value: r.bytes(4), InStore: r.bytes(4), InApp: r.bytes(4),
		App: readFieldProof(r), Block: readBlockProof(r),
	}
}

package cert

import (
	"fmt"

	"github.com/dualchain/dualchain/ffg"
)

// Kind says what a proof shows.
type Kind string

// The kinds of proofs.
const (
	KindBlock Kind = "block"
	KindTx    Kind = "tx"
	KindState Kind = "state"
)

// Proof is everything that an offline verifier needs besides a trusted checkpoint: hand-overs from there to a checkpoint,
// and what is shown to be under it. Exactly one of Block, Tx and State is set.
type Proof struct {
	Kind    Kind   `json:"kind"`
	ChainID string `json:"chain_id"`
	// Trust has the contents and members of the checkpoint where HandOvers start, for a verifier that has only its epoch
	// and root: see Trust.At. A verifier that has a trust of its own ignores it.
	Trust *Trust `json:"trust,omitempty"`
	// HandOvers lead from the trusted checkpoint to the one that the rest is under, whose certificate is the last one's. There
	// are none if the trusted checkpoint itself is late enough.
	HandOvers []HandOver  `json:"hand_overs,omitempty"`
	Block     *BlockProof `json:"block,omitempty"`
	Tx        *TxProof    `json:"tx,omitempty"`
	State     *StateProof `json:"state,omitempty"`
}

// Outcome is what a proof has shown.
type Outcome struct {
	Kind Kind
	// Trust is where the hand-overs led: a later verification may start there.
	Trust Trust
	// HandOvers is how many were verified.
	HandOvers int
	// Height and BlockHash name the block of a block or tx proof, and the block after which the state was this: for a state
	// the hash is that of the block after, which holds its app hash.
	Height    uint64
	BlockHash ffg.Root
	// Tx is set for a transaction, final whatever its Code, and failed unless that is 0.
	Tx *TxProof
	// State is set for a state.
	State *StateProof
}

// VerifyProof checks a proof against a trusted checkpoint. The error is a *StepError of any step but StepDecode and
// StepConsistency.
func VerifyProof(p Proof, trust Trust, o Options) (Outcome, error) {
	reached, verified, err := VerifyChain(ffg.Domain(p.ChainID), trust, p.HandOvers, o)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Kind: p.Kind, Trust: reached, HandOvers: verified}
	switch p.Kind {
	case KindBlock:
		out.Height, out.BlockHash = p.Block.Height, p.Block.Hash
		return out, p.Block.Verify(reached.Checkpoint)
	case KindTx:
		out.Height, out.BlockHash, out.Tx = p.Tx.Block.Height, p.Tx.Block.Hash, p.Tx
		return out, p.Tx.Verify(reached.Checkpoint)
	default:
		out.Height, out.BlockHash, out.State = p.State.Height(), p.State.Block.Hash, p.State
		return out, p.State.Verify(reached.Checkpoint)
	}
}

// validate checks that the kind is that of the one part that is there, and that names fit their encoding.
func (p Proof) validate() error {
	var kinds []Kind
	if p.Block != nil {
		kinds = append(kinds, KindBlock)
	}
	if p.Tx != nil {
		kinds = append(kinds, KindTx)
	}
	if p.State != nil {
		kinds = append(kinds, KindState)
	}
	if len(kinds) != 1 || kinds[0] != p.Kind {
		return fmt.Errorf("expected the part for kind %q alone, found parts for %q: %w", p.Kind, kinds, ErrEncoding)
	}
	return nil
}

package cert

import (
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// Proof is everything that an offline verifier needs besides a trusted checkpoint: hand-overs from there to a later
// checkpoint, and a part that is under it. Exactly one of Block, Tx and State is set.
type Proof struct {
	ChainID string `json:"chain_id"`
	// Trust has the contents and members of the checkpoint where HandOvers start, for a verifier that has only its epoch
	// and root: see Trust.At. A verifier with a trust of its own ignores it.
	Trust *Trust `json:"trust,omitempty"`
	// HandOvers lead from the trusted checkpoint to the one that the rest is under, which the last one's certificate proves
	// final. The list is empty if the trusted checkpoint itself is late enough.
	HandOvers []HandOver  `json:"hand_overs,omitempty"`
	Block     *BlockProof `json:"block,omitempty"`
	Tx        *TxProof    `json:"tx,omitempty"`
	State     *StateProof `json:"state,omitempty"`
}

// Kind says what a proof shows.
type Kind string

// The kinds of proofs.
const (
	KindBlock Kind = "block"
	KindTx    Kind = "tx"
	KindState Kind = "state"
)

// Outcome is what a proof has shown to be final.
type Outcome struct {
	Kind Kind
	// Trust is where the hand-overs led: a later verification may start there.
	Trust Trust
	// Height is that of the block, of the transaction's block, or of the block after which the state was this.
	Height uint64
	// Tx is set for a transaction. It is final in any case, and failed if the code of its result isn't 0.
	Tx *TxProof
	// State is set for a state.
	State *StateProof
}

// part is the block, transaction or state that is under the checkpoint.
type part struct {
	subject Subject
	height  uint64
	verify  func(under ffg.Checkpoint) error
}

// part returns the part that is set.
func (p Proof) part() (part, error) {
	var parts []part
	if b := p.Block; b != nil {
		parts = append(parts, part{BlockSubject(b.Height), b.Height, b.Verify})
	}
	if t := p.Tx; t != nil {
		parts = append(parts, part{TxSubject(t.Hash), t.Block.Height, t.Verify})
	}
	if s := p.State; s != nil {
		parts = append(parts, part{StateSubject(s.Store, s.Key, s.Height()), s.Height(), s.Verify})
	}
	if len(parts) != 1 {
		return part{}, fmt.Errorf("expected one of block, tx and state, found %d: %w", len(parts), ErrEncoding)
	}
	return parts[0], nil
}

// TrustAt returns the trust that the proof brings along, for a verifier that knows only the epoch and the root of the
// checkpoint where it starts. The error is a *StepError of StepTrust.
func (p Proof) TrustAt(ref ffg.Ref) (Trust, error) {
	if p.Trust == nil {
		return Trust{}, fail(StepTrust, 0, "expected the members of epoch %d in the proof, found none", ref.Epoch)
	}
	return *p.Trust, p.Trust.At(ref)
}

// VerifyProof checks a proof about a subject against a trusted checkpoint of the chain with this id: the hand-overs, then what they
// lead to. The id must not come from the proof: voters may sign on several chains, and a checkpoint does not contain the id. Nor
// may the subject: a valid proof of another payment is valid. The error is a *StepError, of StepDecode for a proof without a part
// or with several.
func VerifyProof(p Proof, chainID string, trust Trust, about Subject, o Options) (Outcome, error) {
	what, err := p.part()
	if err != nil {
		return Outcome{}, fail(StepDecode, 0, "proof: %w", err)
	}
	if p.ChainID != chainID {
		return Outcome{}, fail(StepChain, 0, "expected a proof for chain %s, found one for %s", chainID, p.ChainID)
	}
	if err := about.Check(p); err != nil {
		return Outcome{}, err
	}
	reached, _, err := VerifyChain(ffg.Domain(chainID), trust, p.HandOvers, o)
	if err != nil {
		return Outcome{}, err
	}
	if err := what.verify(reached.Checkpoint); err != nil {
		return Outcome{}, err
	}
	return Outcome{Kind: what.subject.Kind, Trust: reached, Height: what.height, Tx: p.Tx, State: p.State}, nil
}

// How the part is written.
const (
	proofOfBlock = 0
	proofOfTx    = 1
	proofOfState = 2
)

// Encode returns the canonical binary form (protocol §13.4). Errors are those of Certificate.Encode, and ErrEncoding for a proof
// without a part or with several, or names that are not 1 to 64 characters of printable ASCII.
func (p Proof) Encode() ([]byte, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	return encode(p.write)
}

// DecodeProof reads what Encode wrote. The error is a *StepError of StepDecode.
func DecodeProof(b []byte) (Proof, error) { return decode("proof", b, readProof, Proof.Encode) }

// validate checks what both forms require.
func (p Proof) validate() error {
	if _, err := p.part(); err != nil {
		return err
	}
	if err := validateName("chain id", p.ChainID); err != nil {
		return err
	}
	if p.State == nil {
		return nil
	}
	return p.State.validate()
}

// validateName allows only characters that every JSON encoder writes alike.
func validateName(what, name string) error {
	if len(name) == 0 || len(name) > 64 {
		return fmt.Errorf("%s: expected 1 to 64 characters, found %d: %w", what, len(name), ErrEncoding)
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return fmt.Errorf("%s: expected printable ASCII, found %q: %w", what, name, ErrEncoding)
		}
	}
	return nil
}

func (p Proof) write(w *writer) {
	w.bytes(1, []byte(p.ChainID))
	w.bool(p.Trust != nil)
	if p.Trust != nil {
		p.Trust.write(w)
	}
	w.length(4, len(p.HandOvers))
	for _, h := range p.HandOvers {
		h.write(w)
	}
	switch {
	case p.Block != nil:
		w.uint8(proofOfBlock)
		p.Block.write(w)
	case p.Tx != nil:
		w.uint8(proofOfTx)
		p.Tx.write(w)
	default:
		w.uint8(proofOfState)
		p.State.write(w)
	}
}

func readProof(r *reader) (p Proof) {
	p.ChainID = string(r.bytes(1))
	if r.bool() {
		trust := readTrust(r)
		p.Trust = &trust
	}
	p.HandOvers = list(r, 4, ffg.CheckpointSize, readHandOver)
	switch kind := r.uint8(); kind {
	case proofOfBlock:
		block := readBlockProof(r)
		p.Block = &block
	case proofOfTx:
		tx := readTxProof(r)
		p.Tx = &tx
	case proofOfState:
		state := readStateProof(r)
		p.State = &state
	default:
		r.fail("expected a proof of kind 0, 1 or 2, found %d", kind)
	}
	return p
}

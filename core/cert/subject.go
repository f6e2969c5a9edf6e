package cert

import (
	"bytes"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// Subject is what a proof must be about. The zero value is anything: then the caller has to look at the Outcome, because a
// valid proof of something else is valid too.
type Subject struct {
	Kind Kind
	// TxHash is the SHA-256 of a transaction's bytes.
	TxHash ffg.Root
	// Height is that of a block, or of the block after which the state is meant. A state of any height is meant if it is 0.
	Height uint64
	// Store and Key name a piece of state.
	Store string
	Key   []byte
}

// TxSubject is the transaction with this hash.
func TxSubject(hash ffg.Root) Subject { return Subject{Kind: KindTx, TxHash: hash} }

// BlockSubject is the block of this height.
func BlockSubject(height uint64) Subject { return Subject{Kind: KindBlock, Height: height} }

// StateSubject is what a store has under a key after the block of this height, or after any block if it is 0.
func StateSubject(store string, key []byte, height uint64) Subject {
	return Subject{Kind: KindState, Store: store, Key: key, Height: height}
}

// String names the subject.
func (s Subject) String() string {
	switch {
	case s.Kind == KindTx:
		return "transaction " + s.TxHash.String()
	case s.Kind == KindBlock:
		return fmt.Sprintf("block %d", s.Height)
	case s.Kind == KindState && s.Height > 0:
		return fmt.Sprintf("store %s, key %x, after block %d", s.Store, s.Key, s.Height)
	case s.Kind == KindState:
		return fmt.Sprintf("store %s, key %x", s.Store, s.Key)
	default:
		return "anything"
	}
}

// Subject returns what a proof is about, or the zero value if it has no part or several.
func (p Proof) Subject() Subject {
	what, _ := p.part()
	return what.subject
}

// Check returns an error if a proof is about something else. It verifies nothing. The error is a *StepError of StepSubject.
func (s Subject) Check(p Proof) error {
	found := p.Subject()
	if s.Kind == KindState && s.Height == 0 {
		found.Height = 0
	}
	if s.Kind == "" || s.Kind == found.Kind && s.TxHash == found.TxHash && s.Height == found.Height &&
		s.Store == found.Store && bytes.Equal(s.Key, found.Key) {
		return nil
	}
	return fail(StepSubject, 0, "expected a proof of %s, found one of %s", s, p.Subject())
}

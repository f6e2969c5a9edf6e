package light

import (
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/cert"
)

// ErrConflict is wrapped by everything that a client refuses because two valid certificates conflict.
var ErrConflict = errors.New("two valid certificates conflict")

// Conflict holds two chains of certificates from one trusted checkpoint that cannot both be honest, and what they prove. It is
// kept as JSON and can be submitted to the chain: see docs/light-client.md.
type Conflict struct {
	ChainID string       `json:"chain_id"`
	Mode    string       `json:"mode"`
	Trust   cert.Trust   `json:"trust"`
	Dispute cert.Dispute `json:"dispute"`
	First   Testimony    `json:"first"`
	Second  Testimony    `json:"second"`
}

// Testimony is one of the two chains, and the provider that gave it.
type Testimony struct {
	Provider  string          `json:"provider"`
	HandOvers []cert.HandOver `json:"hand_overs,omitempty"`
}

// Error names the conflicting checkpoints, and claims no more about guilt than the certificates prove.
func (c *Conflict) Error() string {
	guilty := map[string]bool{}
	for _, e := range c.Dispute.Evidence {
		for _, key := range e.Guilty {
			guilty[key.String()] = true
		}
	}
	proven := "they prove nobody guilty: at least two thirds of a voter set were dishonest, or left long ago"
	if len(guilty) > 0 {
		proven = fmt.Sprintf("they prove %d voters guilty", len(guilty))
	}
	return fmt.Sprintf("%s: in epoch %d, %s finalizes %s and %s finalizes %s; %s", ErrConflict, c.Dispute.Epoch,
		c.First.Provider, c.Dispute.First, c.Second.Provider, c.Dispute.Second, proven)
}

// Unwrap returns ErrConflict.
func (c *Conflict) Unwrap() error { return ErrConflict }

// ReadConflict reads a conflict's JSON. It verifies nothing: cert.Compare does.
func ReadConflict(content []byte) (*Conflict, error) {
	var c Conflict
	if err := cert.ReadJSON(content, &c); err != nil {
		return nil, fmt.Errorf("read conflict: %w", err)
	}
	return &c, nil
}

package light

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/cert"
)

// ErrConflict is wrapped by everything that a client refuses because two valid certificates conflict.
var ErrConflict = errors.New("two valid certificates conflict")

// Conflict is two chains of certificates from one trusted checkpoint that cannot both be honest, and what they prove. It is
// kept as JSON and can be submitted to the chain: see docs/light-client.md.
type Conflict struct {
	ChainID string       `json:"chain_id"`
	Mode    string       `json:"mode"`
	Trust   cert.Trust   `json:"trust"`
	Dispute cert.Dispute `json:"dispute"`
	First   Testimony    `json:"first"`
	Second  Testimony    `json:"second"`
}

// Testimony is one of the two chains, and the node that showed it.
type Testimony struct {
	Node      string          `json:"node"`
	HandOvers []cert.HandOver `json:"hand_overs"`
}

func (r rules) newConflict(trust cert.Trust, dispute cert.Dispute, first, second claim) *Conflict {
	return &Conflict{
		ChainID: r.chainID, Mode: r.options.Mode.String(), Trust: trust, Dispute: dispute,
		First:  Testimony{Node: first.from.Name(), HandOvers: first.handOvers},
		Second: Testimony{Node: second.from.Name(), HandOvers: second.handOvers},
	}
}

// Error says what conflicts, and no more about guilt than the certificates prove.
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
		c.First.Node, c.Dispute.First, c.Second.Node, c.Dispute.Second, proven)
}

// Unwrap returns ErrConflict.
func (c *Conflict) Unwrap() error { return ErrConflict }

// ReadConflict reads a conflict file. It verifies nothing: see Verify.
func ReadConflict(content []byte) (*Conflict, error) {
	var c Conflict
	if err := json.Unmarshal(content, &c); err != nil {
		return nil, fmt.Errorf("read conflict: %w", err)
	}
	return &c, nil
}

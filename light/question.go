package light

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// ErrOtherAnswer is wrapped for a proof of something else than what was asked for.
var ErrOtherAnswer = errors.New("the proof is about something else")

// Question names what is to be proven.
type Question struct {
	path    string            // below a node's proofs
	query   map[string]string // that the path doesn't have
	answers func(cert.Outcome) bool
	latest  bool // ask for the latest state
}

// AboutTx asks what became of a transaction, by the SHA-256 of its bytes.
func AboutTx(hash ffg.Root) Question {
	return Question{path: "tx/" + hash.String(), answers: func(o cert.Outcome) bool { return o.Tx != nil && o.Tx.Hash == hash }}
}

// AboutBlock asks for the block of a height.
func AboutBlock(height uint64) Question {
	return Question{path: "block/" + number(height), answers: func(o cert.Outcome) bool { return o.Kind == cert.KindBlock && o.Height == height }}
}

// AboutState asks what a store has under a key after the block of a height, or after the latest that can be proven if it
// is 0: at least the one before the trusted checkpoint's.
func AboutState(store string, key []byte, height uint64) Question {
	q := Question{
		path:   "state/" + url.PathEscape(store) + "/" + hex.EncodeToString(key),
		latest: height == 0,
		answers: func(o cert.Outcome) bool {
			return o.State != nil && o.State.Store == store && bytes.Equal(o.State.Key, key) && (height == 0 || o.Height == height)
		},
	}
	if height > 0 {
		q.query = map[string]string{"height": number(height)}
	}
	return q
}

// Answers checks that a verified proof is about the question, which was asked with trust in a checkpoint. It wraps ErrOtherAnswer.
func (q Question) Answers(o cert.Outcome, trusted ffg.Checkpoint) error {
	if !q.answers(o) {
		return fmt.Errorf("%w: expected %s, found a proof of a %s at height %d", ErrOtherAnswer, q.path, o.Kind, o.Height)
	}
	// A node that has the trusted checkpoint can prove the state that its block's header commits to, which is that of the block before.
	if q.latest && o.Height+1 < trusted.Height {
		return fmt.Errorf("%w: expected the state after block %d or a later one, found that after block %d", ErrOtherAnswer, trusted.Height-1, o.Height)
	}
	return nil
}

// Ask returns what is proven about a question, with the proof, which brings the trusted checkpoint that it starts from: so
// EPOCH:ROOT is all that a verifier needs. One node is asked after the other, without waiting long for a silent one, until one
// proves it. Errors: the conflict that stopped the client, or what each node said.
func (c *Client) Ask(ctx context.Context, about Question) (cert.Outcome, cert.Proof, error) {
	trust, err := c.Trust()
	if err != nil {
		return cert.Outcome{}, cert.Proof{}, err
	}
	type proven struct {
		outcome cert.Outcome
		proof   cert.Proof
	}
	found, err := firstOf(ctx, c.nodes, func(ctx context.Context, node Provider) (p proven, err error) {
		p.proof, p.outcome, err = c.askOne(ctx, node, trust, about)
		return p, err
	})
	return found.outcome, found.proof, err
}

// askOne doesn't ask for the members: the client has them.
func (c *Client) askOne(ctx context.Context, node Provider, trust cert.Trust, about Question) (cert.Proof, cert.Outcome, error) {
	proof, err := node.Prove(ctx, about, trust.Checkpoint.Epoch, false)
	if err != nil {
		return proof, cert.Outcome{}, err
	}
	outcome, err := cert.VerifyProof(proof, c.Settings().ChainID, trust, c.Options())
	if err != nil {
		return proof, outcome, err
	}
	proof.Trust = &trust
	return proof, outcome, about.Answers(outcome, trust.Checkpoint)
}

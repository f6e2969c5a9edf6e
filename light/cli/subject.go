package cli

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/light"
)

// errSubject: a valid proof of something else is not what was asked for.
var errSubject = errors.New("the proof is about something else")

// subject is what a proof must be about: one of tx, block and state, or anything if all are nil.
type subject struct {
	tx     *string // hash
	block  *uint64 // height
	state  *string // STORE/KEY
	height *uint64 // of the block after which the state was that; any if it is nil
}

// subjectFlags adds the flags that say what a proof must be about, and returns a function that reads them. A flag counts if it is
// given, even if its value is empty: --tx "$HASH" without a HASH is an error.
func subjectFlags(cmd *cobra.Command) func() (subject, error) {
	const tx, block, state = "tx", "block", "state"
	set := cmd.Flags()
	hash := set.String(tx, "", "refuse a proof that is not about the transaction with this hash")
	number := set.Uint64(block, 0, "refuse a proof that is not about the block of this height")
	key := set.String(state, "", "refuse a proof that is not about this STORE/KEY, the key in hexadecimal")
	height := set.Uint64(flags.FlagHeight, 0, "with --state: refuse the state after another block than that of this height")
	cmd.MarkFlagsMutuallyExclusive(tx, block, state)
	return func() (s subject, err error) {
		if set.Changed(tx) {
			s.tx = hash
		}
		if set.Changed(block) {
			s.block = number
		}
		if set.Changed(state) {
			s.state = key
		}
		if set.Changed(flags.FlagHeight) {
			s.height = height
		}
		if s.height != nil && s.state == nil {
			return s, fmt.Errorf("expected --%s with --%s, found it without", flags.FlagHeight, state)
		}
		return s, nil
	}
}

// check returns an error that wraps errSubject if a proof is about something else. It verifies nothing.
func (s subject) check(p cert.Proof) error {
	switch {
	case s.tx != nil:
		return s.checkTx(p)
	case s.block != nil:
		if p.Block == nil || p.Block.Height != *s.block {
			return differs(fmt.Sprintf("block %d", *s.block), p)
		}
	case s.state != nil:
		return s.checkState(p)
	}
	return nil
}

func (s subject) checkTx(p cert.Proof) error {
	hash, err := light.ParseTxHash(*s.tx)
	if err != nil {
		return err
	}
	if p.Tx == nil || p.Tx.Hash != hash {
		return differs("transaction "+hash.String(), p)
	}
	return nil
}

func (s subject) checkState(p cert.Proof) error {
	store, digits, found := strings.Cut(*s.state, "/")
	key, err := hex.DecodeString(digits)
	if !found || err != nil || len(key) == 0 {
		return fmt.Errorf("read the state's key: expected STORE/KEY, the key in hexadecimal, found %q", *s.state)
	}
	if p.State == nil || p.State.Store != store || !bytes.Equal(p.State.Key, key) || s.height != nil && p.State.Height() != *s.height {
		what := fmt.Sprintf("store %s, key %x", store, key)
		if s.height != nil {
			what += fmt.Sprintf(", after block %d", *s.height)
		}
		return differs(what, p)
	}
	return nil
}

func differs(expected string, p cert.Proof) error {
	found := "nothing"
	switch {
	case p.Tx != nil:
		found = "transaction " + p.Tx.Hash.String()
	case p.Block != nil:
		found = fmt.Sprintf("block %d", p.Block.Height)
	case p.State != nil:
		found = fmt.Sprintf("store %s, key %x, after block %d", p.State.Store, []byte(p.State.Key), p.State.Height())
	}
	return fmt.Errorf("%w: expected %s, found %s", errSubject, expected, found)
}

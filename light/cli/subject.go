package cli

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/light"
)

// subjectFlags adds the flags that say what a proof must be about, and returns a function that reads them: anything if none is given.
// A flag counts if it is given, even if its value is empty: --tx "$HASH" without a HASH is an error.
func subjectFlags(cmd *cobra.Command) func() (cert.Subject, error) {
	const tx, block, state = "tx", "block", "state"
	set := cmd.Flags()
	hash := set.String(tx, "", "refuse a proof that is not about the transaction with this hash")
	number := set.Uint64(block, 0, "refuse a proof that is not about the block of this height")
	key := set.String(state, "", "refuse a proof that is not about this STORE/KEY, the key in hexadecimal")
	height := set.Uint64(flags.FlagHeight, 0, "with --state: refuse the state after another block than that of this height")
	cmd.MarkFlagsMutuallyExclusive(tx, block, state)
	return func() (cert.Subject, error) {
		switch {
		case set.Changed(flags.FlagHeight) && !set.Changed(state):
			return cert.Subject{}, fmt.Errorf("expected --%s with --%s, found it without", flags.FlagHeight, state)
		case set.Changed(flags.FlagHeight) && *height == 0:
			return cert.Subject{}, fmt.Errorf("expected --%s of at least 1, found 0", flags.FlagHeight)
		case set.Changed(tx):
			return txSubject(*hash)
		case set.Changed(block):
			return cert.BlockSubject(*number), nil
		case set.Changed(state):
			store, digits, _ := strings.Cut(*key, "/")
			return stateSubject(store, digits, *height)
		}
		return cert.Subject{}, nil
	}
}

func txSubject(text string) (cert.Subject, error) {
	hash, err := light.ParseTxHash(text)
	return cert.TxSubject(hash), err
}

func stateSubject(store, digits string, height uint64) (cert.Subject, error) {
	key, err := hex.DecodeString(digits)
	if err != nil || len(key) == 0 || store == "" {
		return cert.Subject{}, fmt.Errorf("read the state's key: expected STORE/KEY, the key in hexadecimal, found %q", store+"/"+digits)
	}
	return cert.StateSubject(store, key, height), nil
}

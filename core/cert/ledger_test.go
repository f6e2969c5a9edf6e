package cert_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// ledger is a chain of checkpoints over CometBFT's own blocks and a store of the SDK's own. The root module makes its proofs, and the
// vectors keep them. All lead from epoch 1 to epoch 2, at height 9.
type ledger struct {
	trust  cert.Trust     // in epoch 1
	head   ffg.Checkpoint // of epoch 2
	proofs map[string]cert.Proof
}

// Names of vectors.
const (
	succeeded  = "a transaction that succeeded"
	failed     = "a transaction that failed: final, and failed"
	firstBlock = "the first block"
	bobsValue  = "a key's value"
)

const ledgerHeight = 9

func newLedger(t testing.TB) ledger {
	t.Helper()
	l := ledger{proofs: map[string]cert.Proof{}}
	for _, v := range vectorsOf(t, "proofs") {
		if v.Op != "verify_proof" || !v.Expect.OK || v.Input.Trust == nil {
			continue
		}
		raw, err := hex.DecodeString(v.Input.Proof.Binary)
		require.NoError(t, err)
		l.proofs[v.Name], err = cert.DecodeProof(raw)
		require.NoError(t, err)
		if v.Name == failed {
			raw, err = hex.DecodeString(v.Input.Trust.Binary)
			require.NoError(t, err)
			l.trust, err = cert.DecodeTrust(raw)
			require.NoError(t, err)
		}
	}
	for _, name := range []string{succeeded, failed, firstBlock, bobsValue} {
		require.Contains(t, l.proofs, name)
	}
	final, ok := l.proofs[failed].HandOvers[0].Certificate.Finalized()
	require.True(t, ok)
	l.head = final
	return l
}

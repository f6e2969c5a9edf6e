// Package cert_test makes the vectors that take CometBFT's own blocks and a store of the SDK's own. Module core, which needs neither,
// runs them, and has all other tests of certificates.
package cert_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
)

var update = flag.Bool("update", false, "write the golden vectors")

var proofsFile = filepath.Join("..", "core", "cert", "testdata", "v1", "proofs.json")

// vectorsIn reads the vectors of proofs.
func vectorsIn(t testing.TB) (vectors []certtest.Vector) {
	t.Helper()
	raw, err := os.ReadFile(proofsFile)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &vectors))
	return vectors
}

func TestTheVectorsOfProofsAreWhatThisCodeMakes(t *testing.T) {
	made := certtest.Format(proofVectors(t))
	if *update {
		require.NoError(t, os.WriteFile(proofsFile, made, 0o644))
	}
	raw, err := os.ReadFile(proofsFile)
	require.NoError(t, err)
	require.True(t, bytes.Equal(made, raw), "%s is not what the code makes: other implementations depend on it", proofsFile)
}

// Proofs show what is so, or nothing.
func FuzzVerifyProof(f *testing.F) {
	for _, raw := range certtest.Seeds(vectorsIn(f), "proof", false) {
		f.Add(raw)
	}
	l := newLedger(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := cert.DecodeProof(raw)
		if err != nil {
			return
		}
		p.HandOvers = l.proof(nil).HandOvers // signatures stop everything else
		p.ChainID = vectorChain
		trust := l.Trust(firstEpoch)
		out, err := cert.VerifyProof(p, p.ChainID, trust, cert.Subject{}, cert.Options{Now: time.UnixMilli(int64(trust.Checkpoint.Time))})
		if err != nil {
			_, typed := cert.FailedStep(err)
			require.True(t, typed, "expected a step, found %v", err)
			return
		}
		switch out.Kind {
		case cert.KindBlock:
			require.Equal(t, l.headers[out.Height].Hash().Bytes(), p.Block.Hash[:])
		case cert.KindTx:
			index := l.txs.IndexByHash(out.Tx.Hash[:])
			require.GreaterOrEqual(t, index, 0)
			require.Equal(t, l.results[index].Code, out.Tx.Result.Code)
			require.EqualValues(t, txHeight, out.Height)
		case cert.KindState:
			value, present := map[string][]byte{
				"alice": {txHeight, 100}, "bob": {txHeight, 100}, "carol": {txHeight, 100}, "dave": {txHeight, 100},
				string(balanceKey(t)): []byte("1234567890123456789"),
				"proposal":            {txHeight}, // of gov
			}[string(out.State.Key)]
			require.Equal(t, present, out.State.Exists())
			require.Equal(t, value, []byte(out.State.Value))
		}
	})
}

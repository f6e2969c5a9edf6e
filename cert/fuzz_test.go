package cert_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
)

// seed adds every document of a kind that vectors hold, in both forms: of all vectors or of those that verify. Some forged
// ones are signed by everybody, so that no oracle could tell.
func seed(f *testing.F, kind string, all bool) {
	f.Helper()
	for _, file := range []string{"certificates", "chains", "proofs", "encodings"} {
		raw, err := os.ReadFile(filepath.Join("..", "core", "cert", "testdata", "v1", file+".json"))
		require.NoError(f, err)
		var vectors []vector
		require.NoError(f, json.Unmarshal(raw, &vectors))
		for _, v := range vectors {
			if !all && !v.Expect.OK {
				continue
			}
			docs := append([]document{}, v.Input.HandOvers...)
			for _, d := range []*document{v.Input.Certificate, v.Input.Trust, v.Input.Proof, v.Input.Decode} {
				if d != nil {
					docs = append(docs, *d)
				}
			}
			for _, d := range docs {
				if d.Type != kind {
					continue
				}
				if binary, err := hex.DecodeString(d.Binary); err == nil && len(binary) > 0 {
					f.Add(binary)
				}
				if len(d.JSON) > 0 {
					f.Add([]byte(d.JSON))
				}
				f.Add([]byte(d.Text))
			}
		}
	}
}

// fuzzDocument checks that binary that is accepted is its own re-encoding, that JSON that is accepted has the same value when
// it is written again, and that errors have the right step.
func fuzzDocument[T cert.Document](f *testing.F, kind string) {
	seed(f, kind, true)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if v, err := decodeBinary[T](raw); err == nil {
			again, err := encodeBinary(v)
			require.NoError(t, err)
			require.Equal(t, raw, again)
			text, err := cert.EncodeJSON(v)
			require.NoError(t, err)
			same, err := cert.DecodeJSON[T](text)
			require.NoError(t, err)
			require.Equal(t, v, same, "one value in both forms")
		} else {
			requireStep(t, cert.StepDecode, err)
		}
		v, err := cert.DecodeJSON[T](raw)
		if err != nil {
			requireStep(t, cert.StepDecode, err)
			return
		}
		again, err := cert.EncodeJSON(v)
		require.NoError(t, err)
		same, err := cert.DecodeJSON[T](again)
		require.NoError(t, err)
		require.Equal(t, v, same, "a rendering and the canonical one say the same")
		if binary, err := encodeBinary(v); err == nil {
			same, err := decodeBinary[T](binary)
			require.NoError(t, err)
			require.Equal(t, v, same, "one value in both forms")
		}
	})
}

func requireStep(t *testing.T, expected cert.Step, err error) {
	t.Helper()
	step, ok := cert.FailedStep(err)
	require.True(t, ok, "expected a step, found %v", err)
	require.Equal(t, expected, step)
}

func FuzzCertificateCodec(f *testing.F) { fuzzDocument[cert.Certificate](f, "certificate") }
func FuzzHandOverCodec(f *testing.F)    { fuzzDocument[cert.HandOver](f, "hand_over") }
func FuzzTrustCodec(f *testing.F)       { fuzzDocument[cert.Trust](f, "trust") }
func FuzzProofCodec(f *testing.F)       { fuzzDocument[cert.Proof](f, "proof") }

// Only what is final on the chain verifies, whatever bytes a certificate is made of.
func FuzzVerify(f *testing.F) {
	seed(f, "certificate", false)
	s := newStory()
	pairs := []*cert.Pair{s.Pair(0), s.Pair(s.lastEpoch)}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := decodeBinary[cert.Certificate](raw)
		if err != nil {
			if c, err = cert.DecodeJSON[cert.Certificate](raw); err != nil {
				return
			}
		}
		for _, pair := range pairs {
			err := cert.Verify(c, s.Domain(), pair, false)
			if err != nil {
				_, typed := cert.FailedStep(err)
				require.True(t, typed, "expected a step, found %v", err)
				continue
			}
			final, ok := c.Finalized()
			require.True(t, ok)
			require.Equal(t, s.Checkpoints[final.Epoch], final)
		}
	})
}

// Hand-overs lead to the chain's own checkpoints and sets, or nowhere.
func FuzzVerifyChain(f *testing.F) {
	seed(f, "hand_over", false)
	r := newRotation()
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := decodeBinary[cert.HandOver](raw)
		if err != nil {
			return
		}
		trust := r.Trust(0)
		for _, mode := range []cert.Mode{cert.Skipping, cert.Following} {
			o := cert.Options{Mode: mode, Now: time.UnixMilli(int64(trust.Checkpoint.Time))}
			reached, verified, err := cert.VerifyChain(r.Domain(), trust, []cert.HandOver{h}, o)
			if err != nil {
				_, typed := cert.FailedStep(err)
				require.True(t, typed, "expected a step, found %v", err)
				require.Zero(t, verified)
				require.Equal(t, trust, reached)
				continue
			}
			require.Equal(t, r.Trust(reached.Checkpoint.Epoch), reached)
		}
	})
}

// Proofs show what is so, or nothing.
func FuzzVerifyProof(f *testing.F) {
	seed(f, "proof", false)
	l := newLedger(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decodeBinary[cert.Proof](raw)
		if err != nil {
			return
		}
		p.HandOvers = l.proof(nil).HandOvers // signatures stop everything else
		p.ChainID = vectorChain
		trust := l.Trust(firstEpoch)
		out, err := cert.VerifyProof(p, p.ChainID, trust, cert.Options{Now: time.UnixMilli(int64(trust.Checkpoint.Time))})
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
			value, present := map[string][]byte{"alice": {txHeight, 100}, "bob": {txHeight, 100}, "carol": {txHeight, 100}, "dave": {txHeight, 100}}[string(out.State.Key)]
			require.Equal(t, present, out.State.Exists())
			require.Equal(t, value, []byte(out.State.Value))
		}
	})
}

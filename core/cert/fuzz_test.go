package cert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
)

// seed adds every document of a type that the vectors hold: of all of them, or of those that verify.
func seed(f *testing.F, kind string, all bool) {
	f.Helper()
	for _, file := range []string{"certificates", "chains", "proofs", "encodings"} {
		for _, raw := range certtest.Seeds(vectorsOf(f, file), kind, all) {
			f.Add(raw)
		}
	}
}

// decodeBinary refuses JSON.
func decodeBinary[T cert.Document](raw []byte) (out T, err error) {
	if len(raw) > 0 && raw[0] != 1 {
		return out, &cert.StepError{Step: cert.StepDecode}
	}
	return cert.Decode[T](raw)
}

// fuzzDocument checks that binary that is accepted is its own re-encoding, that JSON that is accepted has the same value when
// it is written again, and that errors have the right step.
func fuzzDocument[T cert.Document](f *testing.F, kind string) {
	seed(f, kind, true)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if v, err := decodeBinary[T](raw); err == nil {
			again, err := certtest.EncodeBinary(v)
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
		if binary, err := certtest.EncodeBinary(v); err == nil {
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

// No bytes verify as a certificate of a checkpoint that isn't final on the chain.
func FuzzVerify(f *testing.F) {
	seed(f, "certificate", false)
	s := newStory()
	pairs := []*cert.Pair{s.Pair(0), s.Pair(s.lastEpoch)}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := cert.Decode[cert.Certificate](raw)
		if err != nil {
			return
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
		h, err := cert.Decode[cert.HandOver](raw)
		if err != nil {
			return
		}
		trust := r.Trust(0)
		for _, mode := range []cert.Mode{cert.Skipping, cert.Following} {
			o := r.fresh(0)
			o.Mode = mode
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

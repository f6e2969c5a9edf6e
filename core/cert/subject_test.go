package cert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

func TestSubjectsSayWhatTheyAre(t *testing.T) {
	for expected, subject := range map[string]cert.Subject{
		"transaction " + ffg.Root{1}.String(): cert.TxSubject(ffg.Root{1}),
		"block 7":                             cert.BlockSubject(7),
		"store bank, key 0a, after block 7":   cert.StateSubject("bank", []byte{10}, 7),
		"store bank, key 0a, after block 1":   cert.StateSubject("bank", []byte{10}, 1),
		"store bank, key 0a":                  cert.StateSubject("bank", []byte{10}, 0),
		"anything":                            {},
	} {
		require.Equal(t, expected, subject.String())
	}
}

// A proof is accepted by its own subject and by the empty subject, and by no other.
func TestASubjectIsThatOfNoOtherProof(t *testing.T) {
	proofs := map[string]cert.Proof{
		"tx":    {Tx: &cert.TxProof{Hash: ffg.Root{1}, Block: cert.BlockProof{Height: 7}}},
		"block": {Block: &cert.BlockProof{Height: 7}},
		"state": {State: &cert.StateProof{Store: "bank", Key: []byte{10}, Block: cert.BlockProof{Height: 8}}},
	}
	for name, p := range proofs {
		require.NoError(t, cert.Subject{}.Check(p), name)
		for other, q := range proofs {
			if err := p.Subject().Check(q); name == other {
				require.NoError(t, err)
			} else {
				requireStep(t, cert.StepSubject, err)
				require.ErrorContains(t, err, "expected a proof of "+p.Subject().String()+", found one of "+q.Subject().String())
			}
		}
	}
	requireStep(t, cert.StepSubject, cert.TxSubject(ffg.Root{}).Check(cert.Proof{Block: &cert.BlockProof{}}))
	requireStep(t, cert.StepSubject, cert.BlockSubject(0).Check(proofs["block"]))
	both := cert.Proof{Tx: proofs["tx"].Tx, Block: proofs["block"].Block}
	require.Equal(t, cert.Subject{}, both.Subject())
	requireStep(t, cert.StepSubject, cert.BlockSubject(7).Check(both))
}

// Decode takes every document in each of its forms.
func TestOneDecoderForBothForms(t *testing.T) {
	l := newLedger(t)
	proof := l.proofs[failed]
	requireBothForms(t, proof.HandOvers[0].Certificate)
	requireBothForms(t, proof.HandOvers[0])
	requireBothForms(t, l.trust)
	requireBothForms(t, proof)

	dispute := cert.Dispute{Epoch: 7}
	text, err := cert.EncodeJSON(dispute)
	require.NoError(t, err)
	found, err := cert.Decode[cert.Dispute](text)
	require.NoError(t, err)
	require.Equal(t, dispute, found)
	_, err = cert.Decode[cert.Dispute]([]byte{1})
	requireStep(t, cert.StepDecode, err)
	require.ErrorContains(t, err, "expected JSON, found binary")
	for _, nothing := range [][]byte{nil, {}, {0}, {8}, {9}, []byte(" "), []byte("\n{")} {
		_, err := cert.Decode[cert.Trust](nothing)
		requireStep(t, cert.StepDecode, err)
	}
}

func requireBothForms[T cert.Document](t *testing.T, v T) {
	t.Helper()
	text, err := cert.EncodeJSON(v)
	require.NoError(t, err)
	binary, err := certtest.EncodeBinary(v)
	require.NoError(t, err)
	for _, raw := range [][]byte{text, append([]byte("\t\r\n "), text...), binary} {
		found, err := cert.Decode[T](raw)
		require.NoError(t, err)
		require.Equal(t, v, found)
	}
}

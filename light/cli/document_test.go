package cli

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
)

func TestACertificateIsImportedInWhateverFormItComes(t *testing.T) {
	binary, _, _, _ := goldenProof(t, "a block")
	proof, err := cert.DecodeProof(binary)
	require.NoError(t, err)
	certificate := proof.HandOvers[0].Certificate
	text, err := cert.EncodeJSON(certificate)
	require.NoError(t, err)
	short, err := certificate.Encode()
	require.NoError(t, err)
	node, err := json.Marshal(map[string]any{"certificate": map[string]any{"links": []any{}}, "canonical": short})
	require.NoError(t, err)
	for name, content := range map[string][]byte{"JSON": text, "binary": short, "a node's answer": node} {
		found, err := importable(content)
		require.NoError(t, err, name)
		require.Equal(t, short, found, name)
	}
	found, err := importable(binary)
	require.NoError(t, err)
	require.Equal(t, binary, found)
	for _, content := range []string{"", "{}", "[]", "null", `{"canonical":"AQ=="}`, `{"certificate":{"canonical":"AQ=="}}`} {
		_, err := importable([]byte(content))
		require.ErrorContains(t, err, "expected a proof or a certificate", content)
	}
}
